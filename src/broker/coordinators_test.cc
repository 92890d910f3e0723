#include "broker/coordinators.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/coordinator_host.h"
#include "broker/groups.h"
#include "broker/log_host.h"
#include "broker/sim_broker_test.h"
#include "model/batch_builder.h"

namespace millrace::broker {
namespace {

const std::string kName = "worker";
constexpr std::int32_t kPartitions = 4;

/// A broker with a topic, and one named producer at a time.
class Transacting {
 public:
  explicit Transacting(std::uint64_t seed) : broker(seed) {
    broker.start();
    catalog::Topic made;
    made.vhost = broker.vhost();
    made.name = "t";
    topic = *wait<ObjectId>([&](auto done) { shard().topology().create_topic(made, kPartitions, std::move(done)); });
  }

  Shard& shard() { return broker.shard(0); }
  template <class T, class Call>
  Result<T> wait(Call call) {
    auto got = std::make_shared<std::optional<Result<T>>>();
    shard().loop().post([got, call = std::move(call)]() mutable {
      call(Callback<T>([got](Result<T> result) { *got = std::move(result); }));
    });
    if (!broker.world.run_until([&] { return got->has_value(); })) {
      return base::fail(BrokerErrc::stopping, "no answer");
    }
    return std::move(**got);
  }

  ProducerName name(const std::string& text = kName) { return {broker.vhost(), text}; }
  LogRef log(std::int32_t partition) {
    const auto& found = shard().catalog().find_topic(topic)->partitions[static_cast<std::size_t>(partition)];
    return {found.log, found.shard};
  }
  Result<ProducerIdentity> begin(ProducerIdentity known = {}, Millis timeout = Millis(60'000)) {
    return wait<ProducerIdentity>(
        [=, this](auto done) { shard().coordinators().begin({name(), timeout, known}, std::move(done)); });
  }
  Result<void> join(ProducerIdentity as, std::int32_t partition, bool verify = false) {
    return wait<void>([=, this](auto done) {
      shard().coordinators().join({name(), as, {{topic, partition}}, {}, verify}, std::move(done));
    });
  }
  Result<ProducerIdentity> end(ProducerIdentity as, bool commit, bool grows = true) {
    return wait<ProducerIdentity>(
        [=, this](auto done) { shard().coordinators().end({name(), as, commit, grows}, std::move(done)); });
  }
  Result<CommitReply> commit_offset(ProducerIdentity as, std::int64_t offset, bool joins = true) {
    return wait<CommitReply>([=, this](auto done) {
      CommitRequest request{{broker.vhost(), "readers"}, {}, {}};
      request.entries.push_back({{topic, 0}, {Offset(offset), -1, "", Timestamp(0)}});
      shard().coordinators().commit_offsets(std::move(request), {name(), as, {}, joins}, std::move(done));
    });
  }
  OffsetsReply::Entry offset() {
    const auto got = wait<OffsetsReply>([this](auto done) {
      shard().groups().offsets({{broker.vhost(), "readers"}, std::vector{TopicPartition{topic, 0}}},
                               [done = std::move(done)](OffsetsReply reply) mutable { done(std::move(reply)); });
    });
    return got->entries.at(0);
  }
  std::int64_t offset_value() {
    const auto entry = offset();
    return entry.offset.has_value() ? entry.offset->offset.value : -1;
  }
  static bytes::Slab batch(ProducerIdentity as, std::int32_t sequence, const std::string& body,
                           bool transactional = true) {
    model::BatchBuilder builder;
    model::BatchBuilder::Options options;
    options.producer_id = as.id;
    options.producer_epoch = as.epoch;
    options.base_sequence = sequence;
    options.transactional = transactional;
    builder.start(options);
    const bytes::ByteView value = bytes::as_bytes(body);
    model::BatchBuilder::Record record;
    record.value_parts = {&value, 1};
    builder.add(record);
    return builder.finish();
  }
  Result<AppendReply> write(ProducerIdentity as, std::int32_t partition, std::int32_t sequence, const std::string& body,
                            bool joins = true) {
    return wait<AppendReply>([=, this](auto done) {
      shard().logs().append_in_transaction(log(partition), {batch(as, sequence, body)},
                                           {name(), as, {topic, partition}, joins}, std::move(done));
    });
  }
  ReadReply read_all(std::int32_t partition, Isolation isolation) {
    auto got = wait<ReadReply>([=, this](auto done) {
      shard().logs().read(log(partition), Offset(0), base::mib(1), isolation, std::move(done));
    });
    EXPECT_TRUE(got.has_value());
    return got.has_value() ? std::move(*got) : ReadReply{};
  }
  /// What who reads decided records sees.
  std::vector<std::string> decided(std::int32_t partition) {
    std::vector<std::string> bodies;
    const ReadReply reply = read_all(partition, Isolation::decided);
    for (const BatchRef& each : reply.batches) {
      const auto header = model::parse_batch_header(each.bytes.view);
      if (!has_messages(*header, each.base_offset, reply.aborted)) continue;
      bytes::ByteVector scratch;
      const auto records = model::records_of(*header, each.bytes.view, scratch, base::mib(1));
      model::RecordCursor cursor(*records, header->record_count);
      model::RecordView record;
      while (cursor.next(record)) bodies.push_back(bytes::to_string(record.value));
    }
    return bodies;
  }
  LogEnds ends(std::int32_t partition) {
    return *wait<LogEnds>([=, this](auto done) { shard().logs().ends(log(partition), std::move(done)); });
  }
  TransactionPhase phase() {
    const auto found =
        wait<TransactionDescription>([this](auto done) { shard().coordinators().describe(name(), std::move(done)); });
    return found.has_value() ? found->phase : TransactionPhase::empty;
  }
  void restart() {
    broker.kill();
    broker.start();
  }

  SimBroker broker;
  ObjectId topic;
};

using Bodies = std::vector<std::string>;

TEST(Coordinators, WhatIsOpenIsNotReadAndWhatIsAbortedNeverIs) {
  Transacting at(1);
  ProducerIdentity me = *at.begin();
  EXPECT_EQ(me.epoch, 0);
  ASSERT_TRUE(at.write(me, 0, 0, "a").has_value());
  ASSERT_TRUE(at.write(me, 1, 0, "b").has_value());
  EXPECT_EQ(at.decided(0), Bodies{});
  EXPECT_EQ(at.read_all(0, Isolation::everything).batches.size(), 1U);
  EXPECT_EQ(at.ends(0).last_stable, Offset(0));
  EXPECT_EQ(at.ends(0).committed, Offset(1));
  me = *at.end(me, true);
  EXPECT_EQ(me.epoch, 1);
  EXPECT_EQ(at.decided(0), Bodies{"a"});
  EXPECT_EQ(at.decided(1), Bodies{"b"});
  EXPECT_EQ(at.ends(0).last_stable, Offset(2)) << "the marker has an offset";

  ASSERT_TRUE(at.write(me, 0, 0, "c").has_value());
  me = *at.end(me, false);
  EXPECT_EQ(at.decided(0), Bodies{"a"});
  const ReadReply reply = at.read_all(0, Isolation::decided);
  ASSERT_EQ(reply.aborted.size(), 1U);
  EXPECT_EQ(reply.aborted[0].first, Offset(2));
  at.restart();
  EXPECT_EQ(at.decided(0), Bodies{"a"});
  EXPECT_EQ(at.read_all(0, Isolation::decided).aborted.size(), 1U);
}

TEST(Coordinators, ALateRequestCannotTouchALaterTransaction) {
  Transacting at(2);
  const ProducerIdentity first = *at.begin();
  ASSERT_TRUE(at.write(first, 0, 0, "a").has_value());
  const ProducerIdentity second = *at.end(first, true);
  EXPECT_EQ(*at.end(first, true), second) << "the same request again";
  EXPECT_EQ(at.end(first, false).error().code, BrokerErrc::no_transaction);
  ASSERT_TRUE(at.write(second, 0, 0, "b").has_value());
  EXPECT_EQ(at.end(first, false).error().code, BrokerErrc::fenced);
  EXPECT_EQ(at.end(first, true).error().code, BrokerErrc::fenced);
  EXPECT_EQ(at.write(first, 0, 1, "late").error().code, BrokerErrc::refused);
  EXPECT_EQ(at.write(first, 1, 0, "late").error().code, BrokerErrc::fenced);
  ASSERT_TRUE(at.end(second, true).has_value());
  EXPECT_EQ(at.decided(0), (Bodies{"a", "b"}));
}

TEST(Coordinators, ProducersOfTheOldKindSayFirstWhereTheyWrite) {
  Transacting at(3);
  const ProducerIdentity me = *at.begin();
  EXPECT_EQ(at.write(me, 0, 0, "a", false).error().code, BrokerErrc::no_transaction);
  EXPECT_EQ(at.commit_offset(me, 5, false).error().code, BrokerErrc::no_transaction);
  ASSERT_TRUE(at.join(me, 0).has_value());
  EXPECT_TRUE(at.join(me, 0, true).has_value());
  EXPECT_EQ(at.join(me, 1, true).error().code, BrokerErrc::no_transaction);
  ASSERT_TRUE(at.write(me, 0, 0, "a", false).has_value());
  EXPECT_EQ(*at.end(me, true, false), me) << "their epoch stays";
  EXPECT_EQ(*at.end(me, true, false), me) << "and a repeated commit is fine";
  EXPECT_EQ(at.end(me, false, false).error().code, BrokerErrc::no_transaction);
  EXPECT_EQ(at.write(me, 0, 1, "late", false).error().code, BrokerErrc::no_transaction);
  EXPECT_EQ(at.decided(0), Bodies{"a"});
}

TEST(Coordinators, WhoeverBeginsAnewEndsWhatWasOpen) {
  Transacting at(4);
  const ProducerIdentity old = *at.begin();
  ASSERT_TRUE(at.write(old, 0, 0, "a").has_value());
  ASSERT_TRUE(at.commit_offset(old, 7).has_value());
  const ProducerIdentity me = *at.begin();
  EXPECT_EQ(me.id, old.id);
  EXPECT_GT(me.epoch, old.epoch);
  EXPECT_EQ(at.decided(0), Bodies{});
  EXPECT_EQ(at.ends(0).last_stable, at.ends(0).committed);
  EXPECT_EQ(at.offset_value(), -1);
  EXPECT_EQ(at.write(old, 0, 1, "b").error().code, BrokerErrc::refused);
  EXPECT_EQ(at.end(old, true).error().code, BrokerErrc::fenced);
  EXPECT_EQ(at.begin(old).error().code, BrokerErrc::fenced);
  const auto bumped = at.begin(me);
  ASSERT_TRUE(bumped.has_value());
  EXPECT_EQ(bumped->epoch, me.epoch + 1);
  EXPECT_EQ(*at.begin(me), *bumped) << "its first answer was lost";
}

TEST(Coordinators, OffsetsOfAGroupComeWithTheRecords) {
  Transacting at(5);
  ProducerIdentity me = *at.begin();
  ASSERT_TRUE(at.write(me, 0, 0, "a").has_value());
  ASSERT_TRUE(at.commit_offset(me, 10).has_value());
  EXPECT_TRUE(at.offset().pending);
  EXPECT_EQ(at.offset_value(), -1);
  at.restart();
  EXPECT_TRUE(at.offset().pending);
  me = *at.end(me, true);
  EXPECT_FALSE(at.offset().pending);
  EXPECT_EQ(at.offset_value(), 10);
  ASSERT_TRUE(at.commit_offset(me, 20).has_value());
  ASSERT_TRUE(at.end(me, false).has_value());
  EXPECT_EQ(at.offset_value(), 10);
}

TEST(Coordinators, AnOffsetCommittedLaterOutlastsTheTransaction) {
  Transacting at(21);
  const ProducerIdentity me = *at.begin();
  ASSERT_TRUE(at.commit_offset(me, 10).has_value());
  const auto plain = at.wait<CommitReply>([&](auto done) {
    CommitRequest request{{at.broker.vhost(), "readers"}, {}, {}};
    request.entries.push_back({{at.topic, 0}, {Offset(30), -1, "", Timestamp(0)}});
    at.shard().groups().commit(std::move(request),
                               [done = std::move(done)](CommitReply reply) mutable { done(std::move(reply)); });
  });
  ASSERT_TRUE(plain.has_value());
  at.restart();
  EXPECT_TRUE(at.offset().pending);
  ASSERT_TRUE(at.end(me, true).has_value());
  EXPECT_FALSE(at.offset().pending);
  EXPECT_EQ(at.offset_value(), 30);
}

TEST(Coordinators, AVerdictIsOfTheEpochThatAsked) {
  for (const bool old_first : {true, false}) {
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
      Transacting at(22);
      const ProducerIdentity old = *at.begin();
      const ProducerIdentity me = *at.begin();
      ASSERT_EQ(me.id, old.id);
      std::vector<Result<AppendReply>> got;
      const auto write = [&](ProducerIdentity as, std::int32_t sequence) {
        at.shard().logs().append_in_transaction(at.log(partition), {Transacting::batch(as, sequence, "x")},
                                                {at.name(), as, {at.topic, partition}, true},
                                                [&](Result<AppendReply> result) { got.push_back(std::move(result)); });
      };
      at.shard().loop().post([&] {
        if (old_first) write(old, 0);
        write(me, 0);
        write(me, 1);
        if (!old_first) write(old, 0);
      });
      ASSERT_TRUE(at.broker.world.run_until([&] { return got.size() == 3; }));
      EXPECT_EQ(std::count_if(got.begin(), got.end(), [](const auto& each) { return each.has_value(); }), 2);
      ASSERT_TRUE(at.end(me, true).has_value());
      EXPECT_EQ(at.decided(partition).size(), 2U);
    }
  }
}

TEST(Coordinators, WhoeverWasForgottenBeginsAnew) {
  Transacting at(23);
  const ProducerIdentity me = *at.begin();
  for (std::size_t i = 0; i < 2; ++i) {
    (void)at.broker.shard(i).coordinator_host().state().remove(at.name());  // as after a week
  }
  const auto again = at.begin(me);
  ASSERT_TRUE(again.has_value());
  EXPECT_NE(again->id, me.id);
  EXPECT_EQ(again->epoch, 0);
  EXPECT_EQ(at.begin(me).error().code, BrokerErrc::fenced) << "now the name has another producer";
}

TEST(Coordinators, WhatTakesTooLongIsAborted) {
  Transacting at(6);
  const ProducerIdentity me = *at.begin({}, Millis(5'000));
  ASSERT_TRUE(at.write(me, 0, 0, "a").has_value());
  EXPECT_EQ(at.begin({}, Millis(900'001)).error().code, BrokerErrc::out_of_range);
  ASSERT_TRUE(at.broker.world.run_until([&] {
    const auto* record = at.broker.shard(0).coordinator_host().state().find(at.name());
    if (record == nullptr) record = at.broker.shard(1).coordinator_host().state().find(at.name());
    return record->phase == TransactionPhase::aborted;
  }));
  EXPECT_EQ(at.decided(0), Bodies{});
  EXPECT_EQ(at.write(me, 0, 1, "b").error().code, BrokerErrc::refused);
  EXPECT_EQ(at.end(me, true).error().code, BrokerErrc::no_transaction);
  const auto now = at.end(me, false);
  ASSERT_TRUE(now.has_value()) << "who aborts hears who it is now";
  ASSERT_TRUE(at.write(*now, 0, 0, "c").has_value());
  ASSERT_TRUE(at.end(*now, true).has_value());
  EXPECT_EQ(at.decided(0), Bodies{"c"});
}

TEST(Coordinators, AnExhaustedEpochGivesANewNumber) {
  Transacting at(7);
  ProducerIdentity me = *at.begin();
  const std::int64_t first = me.id;
  // As after many transactions.
  for (std::size_t i = 0; i < 2; ++i) {
    CoordinatorState& state = at.broker.shard(i).coordinator_host().state();
    if (const auto* found = state.find(at.name())) {
      auto record = *found;
      record.identity.epoch = me.epoch = INT16_MAX - 1;
      (void)state.put(at.name(), record, true);
    }
  }
  ASSERT_TRUE(at.write(me, 0, 0, "a").has_value());
  const ProducerIdentity old = me;
  me = *at.end(me, true);
  EXPECT_NE(me.id, first);
  EXPECT_EQ(me.epoch, 0);
  EXPECT_EQ(*at.end(old, true), me) << "the same request again";
  ASSERT_TRUE(at.write(me, 0, 0, "b").has_value());
  ASSERT_TRUE(at.end(me, true).has_value());
  EXPECT_EQ(at.decided(0), (Bodies{"a", "b"}));
}

TEST(Coordinators, ADeletedTopicDoesNotHoldATransactionUp) {
  Transacting at(8);
  const ProducerIdentity me = *at.begin();
  ASSERT_TRUE(at.write(me, 0, 0, "a").has_value());
  ASSERT_TRUE(
      at.wait<void>([&](auto done) { at.shard().topology().delete_topic(at.topic, std::move(done)); }).has_value());
  EXPECT_TRUE(at.end(me, true).has_value());
}

/// Writes to all partitions and commits an offset, as one; the world stops after `steps` steps.
void transact_until(Transacting& at, ProducerIdentity me, bool commit, int steps) {
  auto step = std::make_shared<std::function<void(int)>>();
  *step = [&at, me, commit, weak = std::weak_ptr(step)](int number) {
    const auto next = weak.lock();
    if (next == nullptr) return;
    Shard& shard = at.shard();
    if (number < kPartitions) {
      shard.logs().append_in_transaction(at.log(number), {Transacting::batch(me, 0, "x")},
                                         {at.name(), me, {at.topic, number}, true},
                                         [next, number](Result<AppendReply>) { (*next)(number + 1); });
    } else if (number == kPartitions) {
      CommitRequest request{{at.broker.vhost(), "readers"}, {}, {}};
      request.entries.push_back({{at.topic, 0}, {Offset(3), -1, "", Timestamp(0)}});
      shard.coordinators().commit_offsets(std::move(request), {at.name(), me, {}, true},
                                          [next, number](Result<CommitReply>) { (*next)(number + 1); });
    } else if (number == kPartitions + 1) {
      shard.coordinators().end({at.name(), me, commit, true}, [](Result<ProducerIdentity>) {});
    }
  };
  at.shard().loop().post([step] { (*step)(0); });
  for (int i = 0; i < steps; ++i) at.broker.world.step();
}

// A crash at any moment leaves all of a transaction or nothing of it.
TEST(Coordinators, ACrashAtAnyStepLeavesAllOrNothing) {
  int committed = 0;
  int aborted = 0;
  for (int steps = 0; steps < 240; steps += 4) {
    const bool commit = steps % 8 < 4 || steps > 120;
    Transacting at(100 + static_cast<std::uint64_t>(steps));
    const ProducerIdentity me = *at.begin();
    transact_until(at, me, commit, steps);
    at.restart();
    // Whoever comes next waits until everything is over.
    Result<ProducerIdentity> next = at.begin();
    for (int i = 0; i < 50 && !next.has_value() && next.error().code == BrokerErrc::concurrent; ++i) {
      at.broker.world.run_for(base::to_nanos(Millis(100)));
      next = at.begin();
    }
    ASSERT_TRUE(next.has_value()) << steps << ": " << next.error().detail;
    int visible = 0;
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      visible += static_cast<int>(at.decided(p).size());
      EXPECT_EQ(at.ends(p).last_stable, at.ends(p).committed) << steps;
    }
    EXPECT_FALSE(at.offset().pending) << steps;
    const bool all = visible == kPartitions && at.offset_value() == 3;
    const bool nothing = visible == 0 && at.offset_value() == -1;
    EXPECT_TRUE(all || nothing) << steps << ": " << visible << " records, offset " << at.offset_value();
    EXPECT_TRUE(commit || nothing) << steps;
    (all ? committed : aborted)++;
  }
  EXPECT_GT(committed, 0);
  EXPECT_GT(aborted, 0);
}

TEST(Coordinators, AQueueGivesOutWhatIsCommittedOnly) {
  Transacting at(9);
  const QueueRef queue = at.broker.declare("q");
  const LogRef log{LogId(queue.queue.value), queue.shard};
  const auto write = [&](ProducerIdentity as, std::int32_t sequence, const std::string& body) {
    return at.wait<AppendReply>([&](auto done) {
      at.shard().logs().append_in_transaction(log, {Transacting::batch(as, sequence, body)},
                                              {at.name(), as, {queue.queue, 0}, true}, std::move(done));
    });
  };
  NotingSink sink;
  ASSERT_TRUE(at.wait<ConsumerId>([&](auto done) {
                  ConsumeOptions options;
                  options.queue = queue;
                  options.connection = at.shard().next_connection_id();
                  options.auto_ack = true;
                  at.shard().consumers().consume(options, &sink, std::move(done));
                }).has_value());
  ProducerIdentity me = *at.begin();
  ASSERT_TRUE(write(me, 0, "a").has_value());
  at.broker.publish_stored("q", 1, "behind");
  ASSERT_TRUE(at.broker.world.settle());
  EXPECT_EQ(sink.bodies(), Bodies{});
  me = *at.end(me, true);
  ASSERT_TRUE(at.broker.world.settle());
  EXPECT_EQ(sink.bodies(), (Bodies{"a", "behind0"}));
  ASSERT_TRUE(write(me, 0, "b").has_value());
  me = *at.end(me, false);
  ASSERT_TRUE(write(me, 0, "c").has_value());
  ASSERT_TRUE(at.end(me, true).has_value());
  ASSERT_TRUE(at.broker.world.settle());
  EXPECT_EQ(sink.bodies(), (Bodies{"a", "behind0", "c"}));
  EXPECT_EQ(at.broker.stats(queue).ready, 0U);
}

TEST(Coordinators, AQueueOverATopicGivesOutWhatIsCommittedOnly) {
  Transacting at(10);
  catalog::Queue over;
  over.name = "q";
  over.vhost = at.broker.vhost();
  over.source = catalog::QueueSource{at.topic, {}};
  const auto queue = at.wait<QueueRef>([&](auto done) {
    at.shard().topology().create_topic_queue(over, {StreamStart::At::first, Offset(0), Timestamp(0)}, std::move(done));
  });
  ASSERT_TRUE(queue.has_value());
  NotingSink sink;
  ASSERT_TRUE(at.wait<ConsumerId>([&](auto done) {
                  ConsumeOptions options;
                  options.queue = *queue;
                  options.connection = at.shard().next_connection_id();
                  options.auto_ack = true;
                  at.shard().consumers().consume(options, &sink, std::move(done));
                }).has_value());
  ProducerIdentity me = *at.begin();
  ASSERT_TRUE(at.write(me, 0, 0, "a").has_value());
  ASSERT_TRUE(at.broker.world.settle());
  EXPECT_EQ(sink.bodies(), Bodies{});
  me = *at.end(me, true);
  ASSERT_TRUE(at.broker.world.settle());
  EXPECT_EQ(sink.bodies(), Bodies{"a"});
  ASSERT_TRUE(at.write(me, 0, 0, "b").has_value());
  me = *at.end(me, false);
  ASSERT_TRUE(at.write(me, 0, 0, "c").has_value());
  ASSERT_TRUE(at.end(me, true).has_value());
  ASSERT_TRUE(at.broker.world.settle());
  EXPECT_EQ(sink.bodies(), (Bodies{"a", "c"}));
  EXPECT_EQ(at.broker.stats(*queue).ready, 0U);
  EXPECT_EQ(at.broker.stats(*queue).lost, 0U);
}

}  // namespace
}  // namespace millrace::broker

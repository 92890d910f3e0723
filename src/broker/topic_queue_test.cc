#include "broker/topic_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "broker/sim_broker_test.h"
#include "model/batch_builder.h"

namespace millrace::broker {
namespace {

using Bodies = std::vector<std::string>;

/// Notes what it gets, and of which part.
class PartSink final : public ConsumerSink {
 public:
  struct Message {
    QueueRef part;
    Offset offset;
    std::string body;
    bool redelivered = false;
    std::uint32_t failures = 0;
  };
  void on_deliveries(const DeliveryBundle& bundle) override {
    for (const Delivery& each : bundle.deliveries) {
      messages.push_back(
          {bundle.queue, each.offset, bytes::to_string(each.record.value), each.redelivered, each.failures});
    }
  }
  void on_cancelled(ConsumerId, const std::string&) override { cancelled = true; }

  /// Sorted: across partitions there is no order.
  Bodies sorted() const {
    Bodies bodies;
    for (const Message& each : messages) bodies.push_back(each.body);
    std::ranges::sort(bodies);
    return bodies;
  }

  std::vector<Message> messages;
  bool cancelled = false;
};

StreamStart starting(StreamStart::At at, Offset offset = Offset(0), Timestamp time = Timestamp(0)) {
  return {at, offset, time};
}

class TopicQueueTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr std::uint32_t kPartitions = 3;

  TopicQueueTest() : broker(GetParam()) {
    broker.options.segment_bytes = base::mib(1);
    broker.start();
    catalog::Topic made;
    made.vhost = broker.vhost();
    made.name = "t";
    topic = *broker.wait<ObjectId>(
        [&](auto done) { broker.shard(1).topology().create_topic(made, kPartitions, std::move(done)); });
  }
  LogRef log(std::size_t partition) {
    const catalog::Partition& found = broker.shard(0).catalog().find_topic(topic)->partitions.at(partition);
    return {found.log, found.shard};
  }
  /// `count` records "<prefix><number>" in one batch each.
  void append(std::size_t partition, int count, const std::string& prefix, int from = 0) {
    for (int i = from; i < from + count; ++i) {
      model::BatchBuilder builder;
      builder.start({});
      const std::string value = prefix + std::to_string(i);
      const bytes::ByteView part = bytes::as_bytes(value);
      model::BatchBuilder::Record record;
      record.timestamp = broker.shard(0).loop().clock().wall();
      record.value_parts = {&part, 1};
      builder.add(record);
      std::vector<bytes::Slab> batches;
      batches.push_back(builder.finish());
      const auto reply = broker.wait<AppendReply>([&](auto done) {
        broker.shard(0).logs().append(log(partition), std::move(batches), std::move(done));
        broker.shard(0).loop().post([] {});
      });
      ASSERT_TRUE(reply.has_value());
    }
  }
  QueueRef declare(const std::string& name, const StreamStart& start, catalog::Queue queue = {}) {
    queue.name = name;
    queue.vhost = broker.vhost();
    queue.source = catalog::QueueSource{topic, {}};
    const auto made = broker.wait<QueueRef>(
        [&](auto done) { broker.shard(0).topology().create_topic_queue(queue, start, std::move(done)); });
    EXPECT_TRUE(made.has_value()) << made.error().detail;
    return made.value_or(QueueRef{});
  }
  QueueRef declare_first(const std::string& name, catalog::Queue queue = {}) {
    return declare(name, starting(StreamStart::At::first), std::move(queue));
  }
  Result<ConsumerId> try_consume(std::size_t from, QueueRef queue, PartSink& sink, ConsumeOptions options) {
    options.queue = queue;
    options.connection = broker.shard(from).next_connection_id();
    return broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(from).consumers().consume(options, &sink, std::move(done)); });
  }
  ConsumerId consume(std::size_t from, QueueRef queue, PartSink& sink, std::uint32_t prefetch = 0) {
    ConsumeOptions options;
    options.prefetch = prefetch;
    const auto id = try_consume(from, queue, sink, options);
    EXPECT_TRUE(id.has_value());
    return id.value_or(ConsumerId(0));
  }
  void settle(std::size_t from, ConsumerId consumer, const PartSink::Message& message, Settle how = Settle::accept) {
    broker.shard(from).consumers().settle(message.part, consumer, message.offset, message.offset, how);
    broker.shard(from).loop().post([] {});
  }
  void settle_all(std::size_t from, ConsumerId consumer, const PartSink& sink, Settle how = Settle::accept) {
    for (const PartSink::Message& each : sink.messages) settle(from, consumer, each, how);
  }
  bool got(const PartSink& sink, std::size_t count) {
    return broker.world.run_until([&] { return sink.messages.size() >= count; });
  }
  QueueStats look(QueueRef queue) {
    const auto stats =
        broker.wait<QueueStats>([&](auto done) { broker.shard(1).consumers().stats(queue, std::move(done)); });
    EXPECT_TRUE(stats.has_value());
    return stats.value_or(QueueStats{});
  }
  std::int64_t log_end(std::size_t partition) {
    return broker.wait<LogEnds>([&](auto done) { broker.shard(0).logs().ends(log(partition), std::move(done)); })
        ->committed.value;
  }

  SimBroker broker;
  ObjectId topic;
};

TEST_P(TopicQueueTest, RecordsAreSettledOneByOneAndStayWhereTheyAre) {
  for (std::size_t p = 0; p < kPartitions; ++p) append(p, 10, "p" + std::to_string(p) + "-");
  const QueueRef queue = declare_first("q");
  const QueueRef other = declare_first("other");
  EXPECT_EQ(look(queue).ready, 30U);
  PartSink sink;
  const ConsumerId consumer = consume(1, queue, sink);
  ASSERT_TRUE(got(sink, 30));
  std::map<std::uint64_t, Bodies> by_part;
  for (const auto& each : sink.messages) by_part[each.part.queue.value].push_back(each.body);
  ASSERT_EQ(by_part.size(), kPartitions);
  for (const auto& [part, bodies] : by_part) {
    EXPECT_TRUE(std::ranges::is_sorted(bodies)) << "the order of a partition is kept";
  }
  settle_all(1, consumer, sink);
  ASSERT_TRUE(broker.world.run_until([&] { return broker.stats(queue).unacknowledged == 0; }));
  EXPECT_EQ(look(queue).ready, 0U);
  EXPECT_EQ(look(other).ready, 30U) << "each queue has its own view";
  for (std::size_t p = 0; p < kPartitions; ++p) EXPECT_EQ(log_end(p), 10);
  append(1, 1, "new");
  ASSERT_TRUE(got(sink, 31));
  EXPECT_EQ(sink.messages.back().body, "new0");
}

TEST_P(TopicQueueTest, APrefetchIsForAllPartitionsTogetherAndTheyTakeTurns) {
  for (std::size_t p = 0; p < kPartitions; ++p) append(p, 4, "p" + std::to_string(p) + "-");
  const QueueRef queue = declare_first("q");
  PartSink sink;
  const ConsumerId consumer = consume(0, queue, sink, 1);
  std::set<std::uint64_t> first_parts;
  for (std::size_t i = 0; i < 12; ++i) {
    ASSERT_TRUE(got(sink, i + 1));
    broker.world.settle();
    ASSERT_EQ(sink.messages.size(), i + 1) << "never more than one at a time";
    if (i < kPartitions) first_parts.insert(sink.messages[i].part.queue.value);
    settle(0, consumer, sink.messages[i]);
  }
  EXPECT_EQ(first_parts.size(), kPartitions);
}

TEST_P(TopicQueueTest, ConsumersCompete) {
  for (std::size_t p = 0; p < kPartitions; ++p) append(p, 5, "p" + std::to_string(p) + "-");
  const QueueRef queue = declare_first("q");
  PartSink sinks[2];
  const ConsumerId consumers[] = {consume(0, queue, sinks[0], 2), consume(1, queue, sinks[1], 2)};
  ASSERT_TRUE(got(sinks[0], 2) && got(sinks[1], 2));
  std::size_t settled[2] = {};
  while (sinks[0].messages.size() + sinks[1].messages.size() < 15) {
    for (std::size_t i = 0; i < 2; ++i) {
      for (; settled[i] < sinks[i].messages.size(); ++settled[i]) {
        settle(i, consumers[i], sinks[i].messages[settled[i]]);
      }
    }
    ASSERT_TRUE(broker.world.step());
  }
  Bodies all = sinks[0].sorted();
  const Bodies more = sinks[1].sorted();
  all.insert(all.end(), more.begin(), more.end());
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 15U) << "each record went to one of them";
  for (std::size_t i = 0; i < 2; ++i) {
    for (; settled[i] < sinks[i].messages.size(); ++settled[i]) settle(i, consumers[i], sinks[i].messages[settled[i]]);
  }
  append(0, 2, "left");
  broker.world.settle();
  EXPECT_GT(sinks[0].messages.size() + sinks[1].messages.size(), 15U);
}

TEST_P(TopicQueueTest, OneConsumerAtATimeWhereTheQueueWantsIt) {
  catalog::Queue single;
  single.settings.single_active_consumer = true;
  for (std::size_t p = 0; p < kPartitions; ++p) append(p, 2, "p" + std::to_string(p) + "-");
  const QueueRef queue = declare_first("q", single);
  PartSink first;
  PartSink second;
  const ConsumerId consumer = consume(0, queue, first);
  consume(1, queue, second);
  ASSERT_TRUE(got(first, 6));
  broker.world.settle();
  EXPECT_TRUE(second.messages.empty());
  broker.shard(0).consumers().drop(consumer);
  settle_all(0, consumer, first, Settle::requeue);
  ASSERT_TRUE(got(second, 6));
  EXPECT_TRUE(second.messages.front().redelivered);
  PartSink third;
  ConsumeOptions exclusive;
  exclusive.exclusive = true;
  EXPECT_FALSE(try_consume(0, queue, third, exclusive).has_value());
}

TEST_P(TopicQueueTest, WhatFailsTooOftenGoesToTheDeadLetters) {
  append(2, 3, "m");
  const QueueRef dead = broker.declare("dead");
  catalog::Queue limited;
  limited.settings.dead_letter_exchange = "";
  limited.settings.dead_letter_routing_key = "dead";
  limited.settings.delivery_limit = 2;
  const QueueRef queue = declare_first("q", limited);
  PartSink sink;
  const ConsumerId consumer = consume(1, queue, sink, 1);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(got(sink, i + 1));
    EXPECT_EQ(sink.messages[i].body, "m0");
    EXPECT_EQ(sink.messages[i].failures, i);
    settle(1, consumer, sink.messages[i], Settle::fail);
  }
  ASSERT_TRUE(got(sink, 4));
  EXPECT_EQ(sink.messages[3].body, "m1");
  settle(1, consumer, sink.messages[3], Settle::reject);
  ASSERT_TRUE(got(sink, 5));
  settle(1, consumer, sink.messages[4]);
  ASSERT_TRUE(broker.world.run_until([&] { return broker.stats(dead).ready == 2; }));
  NotingSink letters;
  ConsumeOptions options;
  options.queue = dead;
  options.connection = broker.shard(0).next_connection_id();
  options.auto_ack = true;
  ASSERT_TRUE(
      broker
          .wait<ConsumerId>([&](auto done) { broker.shard(0).consumers().consume(options, &letters, std::move(done)); })
          .has_value());
  ASSERT_TRUE(broker.world.run_until([&] { return letters.messages.size() == 2; }));
  EXPECT_EQ(letters.bodies(), (Bodies{"m0", "m1"}));
  EXPECT_EQ(log_end(2), 3) << "the topic has them still";
  ASSERT_TRUE(broker.world.run_until(
      [&] { return broker.shard(0).queues().remembered_moves() + broker.shard(1).queues().remembered_moves() == 0; }));
  EXPECT_EQ(look(queue).ready, 0U);
}

TEST_P(TopicQueueTest, APowerCutBringsBackWhatWasNotSettledAndNothingElse) {
  for (std::size_t p = 0; p < kPartitions; ++p) append(p, 10, "p" + std::to_string(p) + "-");
  QueueRef queue = declare_first("q");
  PartSink sink;
  const ConsumerId consumer = consume(1, queue, sink);
  ASSERT_TRUE(got(sink, 30));
  std::set<std::string> kept;
  for (std::size_t i = 0; i < 30; ++i) {
    // Here and there, so that the state has gaps.
    if (i % 3 == 1) {
      kept.insert(sink.messages[i].body);
    } else {
      settle(1, consumer, sink.messages[i]);
    }
  }
  ASSERT_TRUE(broker.world.settle());
  for (int round = 0; round < 2; ++round) {
    broker.kill();
    broker.start();
    queue = broker.find("q");
    EXPECT_EQ(look(queue).ready, kept.size());
    PartSink again;
    consume(0, queue, again);
    ASSERT_TRUE(got(again, kept.size()));
    broker.world.settle();
    const Bodies bodies = again.sorted();
    EXPECT_EQ(bodies, Bodies(kept.begin(), kept.end()));
    EXPECT_TRUE(std::ranges::all_of(again.messages, [](const auto& each) { return each.redelivered; }));
  }
  broker.kill();
  broker.start();
  append(0, 1, "new");
  PartSink after;
  consume(0, broker.find("q"), after);
  ASSERT_TRUE(got(after, kept.size() + 1));
}

TEST_P(TopicQueueTest, WhereItBegins) {
  append(0, 5, "a");
  append(1, 3, "b");
  const auto begins = [&](const std::string& name, const StreamStart& start) {
    return look(declare(name, start)).ready;
  };
  EXPECT_EQ(begins("first", starting(StreamStart::At::first)), 8U);
  EXPECT_EQ(begins("next", starting(StreamStart::At::next)), 0U);
  EXPECT_EQ(begins("last", starting(StreamStart::At::last)), 2U);
  EXPECT_EQ(begins("offset", starting(StreamStart::At::offset, Offset(2))), 4U);
  EXPECT_EQ(begins("beyond", starting(StreamStart::At::offset, Offset(1000))), 0U);
  EXPECT_EQ(begins("time", starting(StreamStart::At::time)), 8U);
  append(0, 1, "a", 5);
  broker.kill();
  broker.start();
  EXPECT_EQ(look(broker.find("next")).ready, 1U) << "the place is kept over a restart";
  EXPECT_EQ(look(broker.find("beyond")).ready, 1U);
  append(0, 1, "a", 6);
  EXPECT_EQ(log_end(0), 7) << "no queue makes the log jump";
}

TEST_P(TopicQueueTest, LaterPartitionsBelongToItFromTheirFirstRecord) {
  const QueueRef queue = declare("q", starting(StreamStart::At::next));
  PartSink sink;
  const ConsumerId consumer = consume(1, queue, sink, 2);
  ASSERT_TRUE(broker
                  .wait<void>([&](auto done) {
                    broker.shard(1).topology().add_partitions(topic, kPartitions + 2, std::move(done));
                  })
                  .has_value());
  append(4, 3, "late");
  ASSERT_TRUE(got(sink, 2));
  broker.world.settle();
  EXPECT_EQ(sink.messages.size(), 2U);
  settle_all(1, consumer, sink);
  ASSERT_TRUE(got(sink, 3));
  ASSERT_TRUE(broker.world.settle());
  broker.kill();
  broker.start();
  EXPECT_EQ(look(broker.find("q")).ready, 1U);
}

TEST_P(TopicQueueTest, WhatRetentionTakesIsCountedAsLost) {
  append(0, 10, "m");
  const QueueRef queue = declare_first("q");
  PartSink sink;
  const ConsumerId consumer = consume(0, queue, sink, 3);
  ASSERT_TRUE(got(sink, 3));
  ASSERT_TRUE(broker.wait<LogEnds>([&](auto done) { broker.shard(0).logs().trim(log(0), Offset(6), std::move(done)); })
                  .has_value());
  EXPECT_EQ(look(queue).lost, 3U) << "three are held, three are gone";
  EXPECT_EQ(look(queue).ready, 4U);
  // What a consumer held can be acknowledged; what it gives back is gone as well.
  settle(0, consumer, sink.messages[0]);
  settle(0, consumer, sink.messages[1], Settle::requeue);
  settle(0, consumer, sink.messages[2], Settle::requeue);
  ASSERT_TRUE(got(sink, 6));
  for (std::size_t i = 3; i < 6; ++i) {
    EXPECT_EQ(sink.messages[i].body, "m" + std::to_string(i + 3));
    settle(0, consumer, sink.messages[i]);
  }
  ASSERT_TRUE(got(sink, 7));
  settle(0, consumer, sink.messages[6]);
  ASSERT_TRUE(broker.world.run_until([&] { return broker.stats(queue).unacknowledged == 0; }));
  EXPECT_EQ(look(queue).lost, 5U);
  EXPECT_EQ(look(queue).ready, 0U);
}

TEST_P(TopicQueueTest, SingleRecordsAreTakenFromAllPartitions) {
  append(0, 2, "a");
  append(2, 2, "c");
  const QueueRef queue = declare_first("q");
  std::set<std::string> bodies;
  const auto get = [&] {
    auto reply = broker.wait<GetReply>([&](auto done) {
      broker.shard(1).consumers().get(queue, broker.shard(1).next_connection_id(), true, std::move(done));
    });
    EXPECT_TRUE(reply.has_value());
    return std::move(*reply);
  };
  for (std::uint64_t left = 4; left > 0; --left) {
    const GetReply reply = get();
    ASSERT_EQ(reply.bundle.deliveries.size(), 1U);
    EXPECT_EQ(reply.remaining, left - 1);
    bodies.insert(bytes::to_string(reply.bundle.deliveries[0].record.value));
  }
  EXPECT_EQ(bodies, (std::set<std::string>{"a0", "a1", "c0", "c1"}));
  EXPECT_TRUE(get().bundle.deliveries.empty());
  append(1, 3, "b");
  look(queue);
  const auto purged =
      broker.wait<std::uint64_t>([&](auto done) { broker.shard(0).consumers().purge(queue, std::move(done)); });
  EXPECT_EQ(purged.value_or(0), 3U);
  broker.kill();
  broker.start();
  EXPECT_EQ(look(broker.find("q")).ready, 0U);
  EXPECT_EQ(log_end(1), 3);
}

TEST_P(TopicQueueTest, ItGoesWithItsTopic) {
  append(0, 1, "m");
  const QueueRef queue = declare_first("q");
  PartSink sink;
  consume(1, queue, sink);
  ASSERT_TRUE(got(sink, 1));
  ASSERT_TRUE(broker.wait<void>([&](auto done) { broker.shard(1).topology().delete_topic(topic, std::move(done)); })
                  .has_value());
  EXPECT_TRUE(broker.world.run_until([&] { return sink.cancelled; }));
  EXPECT_EQ(broker.find("q").queue, ObjectId(0));
  broker.kill();
  broker.start();
  EXPECT_EQ(broker.find("q").queue, ObjectId(0));
}

TEST_P(TopicQueueTest, ItIsDeletedWithoutItsTopicAndWhenUnused) {
  append(0, 4, "m");
  catalog::Queue expiring;
  expiring.settings.expires = base::Millis(1000);
  const QueueRef unused = declare_first("unused", expiring);
  catalog::Queue leaving;
  leaving.auto_delete = true;
  const QueueRef left = declare_first("left", leaving);
  PartSink sink;
  const ConsumerId consumer = consume(1, left, sink);
  ASSERT_TRUE(got(sink, 4));
  EXPECT_NE(unused.queue, ObjectId(0));
  const auto erase = [&](bool if_unused, bool if_empty) {
    return broker.wait<std::uint64_t>(
        [&](auto done) { broker.shard(0).topology().delete_queue(left.queue, if_unused, if_empty, std::move(done)); });
  };
  EXPECT_FALSE(erase(true, false).has_value());
  broker.shard(1).consumers().drop(consumer);
  broker.shard(1).loop().post([] {});
  EXPECT_TRUE(broker.world.run_until([&] { return broker.find("left").queue == ObjectId(0); }));
  EXPECT_TRUE(broker.world.run_until([&] { return broker.find("unused").queue == ObjectId(0); }));
  EXPECT_EQ(log_end(0), 4);
  const QueueRef plain = declare_first("plain");
  look(plain);
  const auto refused = broker.wait<std::uint64_t>(
      [&](auto done) { broker.shard(0).topology().delete_queue(plain.queue, false, true, std::move(done)); });
  EXPECT_FALSE(refused.has_value());
  const auto gone = broker.wait<std::uint64_t>(
      [&](auto done) { broker.shard(0).topology().delete_queue(plain.queue, false, false, std::move(done)); });
  EXPECT_EQ(gone.value_or(0), 4U);
  EXPECT_EQ(look(declare_first("plain")).ready, 4U) << "nothing of the old one is left";
}

INSTANTIATE_TEST_SUITE_P(Seeds, TopicQueueTest, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace millrace::broker

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "broker/batch_records.h"
#include "broker/sim_broker_test.h"
#include "broker/text_rewriter_test.h"
#include "model/batch_builder.h"

namespace millrace::broker {
namespace {

using catalog::Overflow;

/// Which publishes of a tracker were taken and which refused.
class Verdicts final : public PublishTracker::Listener {
 public:
  void on_confirmed(std::uint64_t sequence) override { confirmed_end = sequence; }
  void on_rejected(std::uint64_t sequence) override {
    EXPECT_TRUE(rejected.insert(sequence).second) << "told twice";
    EXPECT_GT(sequence, confirmed_end) << "told too late";
  }
  std::uint64_t confirmed_end = 0;
  std::set<std::uint64_t> rejected;
};

TEST(BatchRecords, SomeOfABatchMakeASmallerOne) {
  model::BatchBuilder builder;
  builder.start({.enveloped = true});
  for (std::uint8_t i = 0; i < 4; ++i) {
    bytes::ByteVector value;
    model::Envelope envelope;
    envelope.priority = i;
    if (i == 1) envelope.time_to_live = Millis(5);
    model::append_envelope_head(value, envelope);
    bytes::ByteVector header;
    model::append_header(header, bytes::as_bytes(model::kEnvelopeKey), true, value);
    const bytes::ByteView headers[] = {header};
    const bytes::ByteVector body(i, 'b');
    const bytes::ByteView parts[] = {body};
    model::BatchBuilder::Record record;
    record.timestamp = base::Timestamp(100 + i);
    record.value_parts = parts;
    record.header_count = 1;
    record.header_parts = headers;
    record.expires = envelope.time_to_live.has_value();
    builder.add(record);
  }
  const bytes::Slab batch = builder.finish();
  std::vector<RecordTraits> traits;
  const auto check = [&traits](const bytes::Slab& of, const std::vector<std::uint8_t>& numbers) {
    ASSERT_TRUE(model::batch_checksum_matches(of.view()));
    read_traits(of.view(), traits);
    ASSERT_EQ(traits.size(), numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      EXPECT_EQ(traits[i].offset_delta, static_cast<std::int32_t>(i));
      EXPECT_EQ(traits[i].body_bytes, numbers[i]);
      EXPECT_EQ(traits[i].priority, numbers[i]);
    }
  };
  check(batch, {0, 1, 2, 3});
  EXPECT_TRUE(model::is_expiring_batch(batch.view()));
  const bytes::Slab part = keep_records(batch.view(), {true, false, false, true});
  check(part, {0, 3});
  EXPECT_FALSE(model::is_expiring_batch(part.view()));
  EXPECT_TRUE(model::is_expiring_batch(keep_records(batch.view(), {false, true, false, false}).view()));
}

class LimitsTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  LimitsTest() : broker(GetParam()) {
    broker.rewriter = std::make_shared<TextRewriter>();
    broker.start();
  }
  QueueRef declare(const std::string& name, std::optional<std::uint64_t> length, std::optional<std::uint64_t> bytes,
                   Overflow overflow = Overflow::drop_head, const std::optional<std::string>& dead_letters_to = {}) {
    catalog::Queue definition;
    definition.settings.max_length = length;
    definition.settings.max_length_bytes = bytes;
    definition.settings.overflow = overflow;
    if (dead_letters_to.has_value()) {
      definition.settings.dead_letter_exchange = "";
      definition.settings.dead_letter_routing_key = dead_letters_to;
    }
    return broker.declare(name, definition);
  }
  /// Publishes all in one turn and waits for the answers.
  void publish(const std::string& queue, const std::vector<std::string>& bodies, Verdicts* verdicts = nullptr) {
    PublishTracker tracker(broker.shard(0), verdicts);
    broker.world.settle();
    for (const auto& body : bodies) broker.publish(0, tracker, queue, body, queue);
    EXPECT_TRUE(broker.world.run_until([&] { return tracker.unsettled() == 0; }));
    broker.world.settle();
  }
  ConsumerId consume(QueueRef queue, NotingSink& sink) {
    ConsumeOptions options;
    options.queue = queue;
    const auto id = broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(0).consumers().consume(options, &sink, std::move(done)); });
    broker.world.settle();
    return id.value_or(ConsumerId(0));
  }
  void settle(const NotingSink& sink, ConsumerId consumer, Offset offset, Settle how) {
    broker.shard(0).consumers().settle(sink.queue, consumer, offset, offset, how);
    broker.shard(0).loop().post([] {});
  }
  /// What is in the queue, put back afterwards.
  std::vector<NotingSink::Message> content(const std::string& name) {
    NotingSink sink;
    const ConsumerId consumer = consume(broker.find(name), sink);
    broker.shard(0).consumers().drop(consumer);
    for (const auto& message : sink.messages) {
      broker.shard(0).consumers().settle(sink.queue, consumer, message.offset, message.offset, Settle::requeue);
    }
    broker.shard(0).loop().post([] {});
    broker.world.settle();
    return sink.messages;
  }
  std::vector<std::string> bodies(const std::string& name) {
    std::vector<std::string> result;
    for (const auto& message : content(name)) result.push_back(message.body);
    return result;
  }
  void restart() {
    broker.world.settle();
    broker.kill();
    broker.start();
    broker.world.settle();
  }

  SimBroker broker;
};

using Texts = std::vector<std::string>;

TEST_P(LimitsTest, BytesAreThoseOfTheBodies) {
  const QueueRef queue = declare("q", {}, 10);
  publish("q", {"aaaa", "bbbb", "cc"});
  EXPECT_EQ(bodies("q"), (Texts{"aaaa", "bbbb", "cc"}));
  EXPECT_EQ(broker.stats(queue).bytes, 10U);
  publish("q", {"d"});
  EXPECT_EQ(bodies("q"), (Texts{"bbbb", "cc", "d"}));
  EXPECT_EQ(broker.stats(queue).bytes, 7U);
  publish("q", {"eleven bytes"});
  EXPECT_EQ(bodies("q"), Texts{});
  publish("q", {"ffff", "gggggg"});
  restart();
  EXPECT_EQ(broker.stats(broker.find("q")).bytes, 10U);
  publish("q", {""});
  EXPECT_EQ(bodies("q"), (Texts{"ffff", "gggggg", ""}));
  publish("q", {"h"});
  EXPECT_EQ(bodies("q"), (Texts{"gggggg", "", "h"}));
}

TEST_P(LimitsTest, WhatIsHeldDoesNotCount) {
  const QueueRef queue = declare("q", {}, 10);
  publish("q", {"aaaa", "bbbb"});
  NotingSink sink;
  const ConsumerId consumer = consume(queue, sink);
  ASSERT_EQ(sink.messages.size(), 2U);
  broker.shard(0).consumers().drop(consumer);
  broker.world.settle();
  publish("q", {"cccc", "dddd"});
  EXPECT_EQ(broker.stats(queue).ready, 2U);
  EXPECT_EQ(broker.stats(queue).bytes, 16U);
  // Given back, they are the first that go.
  for (const auto& message : sink.messages) settle(sink, consumer, message.offset, Settle::requeue);
  broker.world.settle();
  EXPECT_EQ(bodies("q"), (Texts{"cccc", "dddd"}));
}

TEST_P(LimitsTest, RefusesMessageByMessage) {
  const QueueRef queue = declare("q", 3, {}, Overflow::reject_publish);
  Verdicts verdicts;
  publish("q", {"0", "1", "2", "3", "4"}, &verdicts);
  EXPECT_EQ(verdicts.rejected, (std::set<std::uint64_t>{4, 5}));
  EXPECT_EQ(verdicts.confirmed_end, 5U);
  Verdicts later;
  publish("q", {"5"}, &later);
  EXPECT_EQ(later.rejected, (std::set<std::uint64_t>{1}));
  EXPECT_EQ(bodies("q"), (Texts{"0", "1", "2"}));
  EXPECT_EQ(broker.stats(queue).ready, 3U);
}

TEST_P(LimitsTest, RefusesByTheBytesOfEachMessage) {
  const QueueRef queue = declare("q", {}, 10, Overflow::reject_publish);
  Verdicts verdicts;
  publish("q", {"aaaaaa", "bbbbbb", "cccc", "d", ""}, &verdicts);
  EXPECT_EQ(verdicts.rejected, (std::set<std::uint64_t>{2, 4}));
  EXPECT_EQ(bodies("q"), (Texts{"aaaaaa", "cccc", ""}));
  restart();
  Verdicts later;
  publish("q", {"e", ""}, &later);
  EXPECT_EQ(later.rejected, (std::set<std::uint64_t>{1}));
  EXPECT_EQ(broker.stats(broker.find("q")).bytes, 10U);
  (void)queue;
}

TEST_P(LimitsTest, OneOfSeveralQueuesMayRefuse) {
  declare("full", 1, {}, Overflow::reject_publish);
  declare("free", {}, {});
  catalog::Exchange fanout;
  fanout.vhost = broker.vhost();
  fanout.name = "x";
  fanout.type = catalog::ExchangeType::fanout;
  const auto exchange =
      broker.wait<ObjectId>([&](auto done) { broker.shard(0).topology().create_exchange(fanout, std::move(done)); });
  ASSERT_TRUE(exchange.has_value());
  for (const char* name : {"full", "free"}) {
    catalog::Binding binding;
    binding.vhost = broker.vhost();
    binding.source = *exchange;
    binding.destination = {catalog::DestinationKind::queue, broker.find(name).queue};
    ASSERT_TRUE(
        broker.wait<void>([&](auto done) { broker.shard(0).topology().bind(binding, std::move(done)); }).has_value());
  }
  Verdicts verdicts;
  PublishTracker tracker(broker.shard(0), &verdicts);
  Shard& shard = broker.shard(0);
  for (const char* body : {"0", "1", "2"}) {
    const bytes::ByteView parts[] = {bytes::as_bytes(std::string_view(body))};
    Message message;
    message.body = parts;
    message.envelope.protocol = model::Protocol::amqp091;
    shard.publisher().publish(tracker, shard.router().route(*shard.catalog().find_exchange(*exchange), ""), message);
  }
  shard.loop().post([] {});
  EXPECT_TRUE(broker.world.run_until([&] { return tracker.unsettled() == 0; }));
  EXPECT_EQ(verdicts.rejected, (std::set<std::uint64_t>{2, 3}));
  EXPECT_EQ(bodies("full"), (Texts{"0"}));
  EXPECT_EQ(bodies("free"), (Texts{"0", "1", "2"}));
}

TEST_P(LimitsTest, WhatIsRefusedCanBeDeadLettered) {
  const QueueRef queue = declare("q", 2, 100, Overflow::reject_publish_dead_letter, "dead");
  declare("dead", {}, {});
  Verdicts verdicts;
  publish("q", {"0", "1", "2", "3"}, &verdicts);
  EXPECT_EQ(verdicts.rejected, (std::set<std::uint64_t>{3, 4}));
  EXPECT_EQ(bodies("q"), (Texts{"0", "1"}));
  const auto dead = content("dead");
  ASSERT_EQ(dead.size(), 2U);
  EXPECT_EQ(dead[0].body, "2");
  EXPECT_EQ(dead[1].body, "3");
  EXPECT_EQ(dead[0].native, "dead|q:3");
  EXPECT_EQ(broker.stats(queue).bytes, 2U);
  restart();
  EXPECT_EQ(bodies("q"), (Texts{"0", "1"}));
  EXPECT_EQ(bodies("dead"), (Texts{"2", "3"}));
}

TEST_P(LimitsTest, DroppedHeadsAreDeadLettered) {
  declare("q", 2, {}, Overflow::drop_head, "dead");
  declare("dead", {}, {});
  publish("q", {"0", "1", "2", "3", "4"});
  EXPECT_EQ(bodies("q"), (Texts{"3", "4"}));
  const auto dead = content("dead");
  ASSERT_EQ(dead.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(dead[i].body, std::to_string(i));
    EXPECT_EQ(dead[i].native, "dead|q:3");
  }
}

TEST_P(LimitsTest, AWaitingConsumerComesBeforeTheLimit) {
  const QueueRef queue = declare("q", 0, {});
  publish("q", {"gone"});
  EXPECT_EQ(broker.stats(queue).ready, 0U);
  NotingSink sink;
  consume(queue, sink);
  publish("q", {"0", "1", "2"});
  EXPECT_EQ(sink.bodies(), (Texts{"0", "1", "2"}));
}

INSTANTIATE_TEST_SUITE_P(Seeds, LimitsTest, ::testing::Range<std::uint64_t>(1, 6));

// Power goes at any moment; what is there afterwards is counted to the byte, and every message that was not dropped by
// the limit, refused or taken is there or among the dead letters once.
class LimitsCrashTest : public LimitsTest {
 protected:
  struct Confirms final : PublishTracker::Listener {
    Confirms(std::set<int>& into, int first_number) : confirmed(into), first(first_number) {}
    void on_confirmed(std::uint64_t sequence) override {
      for (; seen < sequence; ++seen) {
        if (!rejected.contains(seen + 1)) confirmed.insert(first + static_cast<int>(seen));
      }
    }
    void on_rejected(std::uint64_t sequence) override { rejected.insert(sequence); }
    std::set<int>& confirmed;
    int first;
    std::uint64_t seen = 0;
    std::set<std::uint64_t> rejected;
  };

  void client_life() {
    base::Prng& prng = broker.world.prng();
    Confirms noter(confirmed, published);
    PublishTracker tracker(broker.shard(0), &noter);
    NotingSink sink;
    ConsumeOptions options;
    options.queue = broker.find("q");
    options.prefetch = 3;
    const auto consumer = broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(0).consumers().consume(options, &sink, std::move(done)); });
    ASSERT_TRUE(consumer.has_value());
    if (prng.chance(2, 3)) {
      broker.disk.lose_power_after(prng.between(1, 200), [this] { broker.world.halt(); });
    }
    for (int step = 0; step < 30 && !broker.world.halted(); ++step) {
      for (auto n = prng.below(6); n > 0; --n) {
        std::string body = std::to_string(published++) + " ";
        body += std::string(prng.below(30), '.');
        broker.publish(0, tracker, "q", body, "q");
      }
      for (const auto& message : std::exchange(sink.messages, {})) {
        const auto draw = prng.below(10);
        const Settle how = draw < 3 ? Settle::accept : draw < 5 ? Settle::reject : Settle::requeue;
        if (how == Settle::accept) taken.insert(std::stoi(message.body));
        settle(sink, *consumer, message.offset, how);
      }
      broker.world.run_for(base::Nanos(static_cast<std::int64_t>(prng.below(8'000'000))));
    }
  }

  int published = 0;
  std::set<int> confirmed;
  std::set<int> taken;
};

TEST_P(LimitsCrashTest, TheCountIsExactAndNothingIsLost) {
  constexpr std::uint64_t kMostBytes = 200;
  const auto overflow = static_cast<Overflow>(GetParam() % 3);
  declare("q", GetParam() % 2 == 0 ? std::optional<std::uint64_t>(15) : std::nullopt, kMostBytes, overflow, "dead");
  declare("dead", {}, {});
  for (int life = 0; life < 5; ++life) {
    client_life();
    if (HasFatalFailure()) return;
    broker.world.resume();
    broker.kill();
    broker.start();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(broker.world.settle());
    const std::uint64_t told = broker.stats(broker.find("q")).bytes;
    std::uint64_t bytes = 0;
    for (const auto& body : bodies("q")) bytes += body.size();
    ASSERT_EQ(told, bytes) << "life " << life;
    EXPECT_EQ(broker.stats(broker.find("q")).bytes, bytes);
    // What the consumer held may come back to a queue that was filled meanwhile.
    if (overflow == Overflow::drop_head) {
      EXPECT_LE(bytes, kMostBytes);
    }
  }
  std::map<int, int> found;
  for (const char* name : {"q", "dead"}) {
    for (const auto& body : bodies(name)) ++found[std::stoi(body)];
  }
  for (const auto& [number, count] : found) EXPECT_EQ(count, 1) << "message " << number;
  for (const int number : confirmed) {
    EXPECT_TRUE(taken.contains(number) || found.contains(number)) << "message " << number << " is lost";
  }
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(broker.shard(i).queues().remembered_moves(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LimitsCrashTest, ::testing::Range<std::uint64_t>(1, 31));

}  // namespace
}  // namespace millrace::broker

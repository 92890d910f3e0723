#include "broker/dead_letter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "broker/move_state.h"
#include "broker/sim_broker_test.h"
#include "broker/text_rewriter_test.h"

namespace millrace::broker {
namespace {

TEST(DeadLetterCycle, IsBrokenByARejectionOnly) {
  using enum DeathReason;
  EXPECT_FALSE(is_dead_letter_cycle("a", {{"b", expired}}));
  EXPECT_TRUE(is_dead_letter_cycle("a", {{"a", expired}}));
  EXPECT_TRUE(is_dead_letter_cycle("a", {{"b", expired}, {"c", max_length}, {"a", expired}}));
  EXPECT_FALSE(is_dead_letter_cycle("a", {{"b", rejected}, {"a", expired}}));
  EXPECT_FALSE(is_dead_letter_cycle("a", {{"b", expired}, {"a", rejected}}));
  EXPECT_TRUE(is_dead_letter_cycle("a", {{"b", expired}, {"a", expired}, {"a", rejected}}));
}

TEST(MoveState, CommandsAndSnapshotsAgree) {
  MoveState state;
  MoveState replica;
  base::Prng prng(3);
  for (int i = 0; i < 2000; ++i) {
    const ObjectId source(prng.below(4));
    const Offset offset(static_cast<std::int64_t>(prng.below(50)));
    if (prng.chance(1, 2)) {
      state.add(source, offset);
    } else if (prng.chance(1, 20)) {
      state.remove_source(source);
    } else {
      state.remove(source, offset);
    }
    if (!prng.chance(1, 5)) continue;
    bytes::ByteVector command;
    if (state.take_command(command)) {
      ASSERT_TRUE(replica.apply(command));
    }
    ASSERT_EQ(state.entries(), replica.entries());
  }
  bytes::ByteVector snapshot;
  state.save_snapshot(snapshot);
  MoveState loaded;
  ASSERT_TRUE(loaded.load_snapshot(snapshot));
  EXPECT_EQ(loaded.entries(), state.entries());
  EXPECT_FALSE(loaded.apply(bytes::ByteVector{9}));
  EXPECT_FALSE(loaded.apply(bytes::ByteVector{1, 7, 1, 1}));
}

class DeadLetterTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  DeadLetterTest() : broker(GetParam()) {
    broker.rewriter = std::make_shared<TextRewriter>();
    broker.start();
  }

  /// A queue whose dead letters go to the queue `target` (by the default exchange), or by their own key without one.
  QueueRef declare(const std::string& name, const std::optional<std::string>& exchange,
                   const std::optional<std::string>& key = {}, std::optional<std::uint64_t> max_length = {},
                   std::optional<std::uint32_t> delivery_limit = {}) {
    catalog::Queue definition;
    definition.settings.dead_letter_exchange = exchange;
    definition.settings.dead_letter_routing_key = key;
    definition.settings.max_length = max_length;
    definition.settings.delivery_limit = delivery_limit;
    return broker.declare(name, definition);
  }
  void bind_fanout(const std::string& exchange, const std::vector<QueueRef>& queues) {
    catalog::Exchange definition;
    definition.vhost = broker.vhost();
    definition.name = exchange;
    definition.type = catalog::ExchangeType::fanout;
    const auto id = broker.wait<ObjectId>(
        [&](auto done) { broker.shard(0).topology().create_exchange(definition, std::move(done)); });
    ASSERT_TRUE(id.has_value());
    for (const QueueRef& queue : queues) {
      catalog::Binding binding;
      binding.vhost = broker.vhost();
      binding.source = *id;
      binding.destination = {catalog::DestinationKind::queue, queue.queue};
      ASSERT_TRUE(
          broker.wait<void>([&](auto done) { broker.shard(0).topology().bind(binding, std::move(done)); }).has_value());
    }
  }
  ConsumerId consume(QueueRef queue, NotingSink& sink) {
    ConsumeOptions options;
    options.queue = queue;
    const auto id = broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(0).consumers().consume(options, &sink, std::move(done)); });
    return id.value_or(ConsumerId(0));
  }
  void settle_all(NotingSink& sink, ConsumerId consumer, Settle how) {
    for (const auto& message : sink.messages) {
      broker.shard(0).consumers().settle(sink.queue, consumer, message.offset, message.offset, how);
    }
    sink.messages.clear();
    broker.shard(0).loop().post([] {});
  }
  /// What is in the queue now, taken without settling.
  std::vector<NotingSink::Message> content(const std::string& name) {
    NotingSink sink;
    const QueueRef queue = broker.find(name);
    const ConsumerId consumer = consume(queue, sink);
    const std::uint64_t expected = broker.stats(queue).ready + broker.stats(queue).unacknowledged;
    EXPECT_TRUE(broker.world.run_until([&] { return sink.messages.size() >= expected; }));
    broker.world.settle();
    auto messages = sink.messages;
    broker.shard(0).consumers().drop(consumer);
    settle_all(sink, consumer, Settle::requeue);
    broker.world.settle();
    return messages;
  }
  void expect_nothing_pending(const std::vector<std::string>& queues) {
    for (const auto& name : queues) {
      EXPECT_EQ(broker.stats(broker.find(name)).unacknowledged, 0U);
    }
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(broker.shard(i).queues().remembered_moves(), 0U);
  }

  SimBroker broker;
};

TEST_P(DeadLetterTest, RejectedMessagesMoveWithTheirHistory) {
  const QueueRef source = declare("source", "", "target");
  declare("target", {});
  broker.publish_stored("source", 10);
  NotingSink sink;
  const ConsumerId consumer = consume(source, sink);
  ASSERT_TRUE(broker.world.run_until([&] { return sink.messages.size() == 10; }));
  settle_all(sink, consumer, Settle::reject);
  broker.world.settle();
  const auto moved = content("target");
  ASSERT_EQ(moved.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(moved[i].body, "m" + std::to_string(i));
    EXPECT_EQ(moved[i].native, "target|source:1");
  }
  EXPECT_EQ(broker.stats(source).ready, 0U);
  EXPECT_EQ(broker.stats(source).bytes, 0U);
  expect_nothing_pending({"source", "target"});
}

// Each record has to be read from the disk before its way is decided, which takes longer than the round of the
// rejection.
TEST_P(DeadLetterTest, ARejectionThatIsStoredIsNotUndoneByACrash) {
  declare("source", "", "target");
  declare("target", {});
  constexpr std::size_t kMessages = 8;
  broker.publish_stored("source", kMessages, std::string(100'000, 'x'));
  broker.kill();
  broker.start();  // nothing of them is in memory now
  const QueueRef source = broker.find("source");
  Shard& home = broker.shard(source.shard.value);
  NotingSink sink;
  const ConsumerId consumer = consume(source, sink);
  ASSERT_TRUE(broker.world.run_until([&] { return sink.messages.size() == kMessages; }));
  settle_all(sink, consumer, Settle::reject);
  ASSERT_TRUE(broker.world.run_until([&] { return broker.stats(source).unacknowledged == 0; }));
  const storage::Round round = home.store().current_round();
  ASSERT_TRUE(broker.world.run_until([&] { return home.store().committed_round() >= round; }));
  for (int crashes = 0; crashes < 2; ++crashes) {
    broker.kill();
    broker.start();
    EXPECT_EQ(broker.stats(source).ready, 0U);
  }
  broker.world.settle();
  EXPECT_EQ(broker.stats(broker.find("target")).ready, kMessages);
  EXPECT_EQ(broker.stats(source).bytes, 0U);
  expect_nothing_pending({"source", "target"});
}

TEST_P(DeadLetterTest, WithoutATargetTheMessageEnds) {
  const QueueRef source = declare("source", "nowhere", "x");
  broker.publish_stored("source", 3);
  NotingSink sink;
  const ConsumerId consumer = consume(source, sink);
  ASSERT_TRUE(broker.world.run_until([&] { return sink.messages.size() == 3; }));
  settle_all(sink, consumer, Settle::reject);
  broker.world.settle();
  EXPECT_EQ(broker.stats(source).ready, 0U);
  expect_nothing_pending({"source"});
}

TEST_P(DeadLetterTest, RejectionsMayGoRoundButOverflowMayNot) {
  // Both queues send their dead letters to each other.
  declare("a", "", "b", 5);
  declare("b", "", "a", 5);
  broker.publish_stored("a", 12);
  broker.world.settle();
  // 7 overflowed to b, where 2 overflowed back to a: these had died in a without a rejection since, and end.
  EXPECT_EQ(broker.stats(broker.find("a")).ready, 5U);
  EXPECT_EQ(broker.stats(broker.find("b")).ready, 5U);
  expect_nothing_pending({"a", "b"});

  declare("c", "", "c");
  broker.publish_stored("c", 1);
  for (int i = 0; i < 3; ++i) {
    NotingSink sink;
    const ConsumerId consumer = consume(broker.find("c"), sink);
    ASSERT_TRUE(broker.world.run_until([&] { return sink.messages.size() == 1; }));
    broker.shard(0).consumers().drop(consumer);
    settle_all(sink, consumer, Settle::reject);
    broker.world.settle();
  }
  const auto left = content("c");
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].native, "c|c:1|c:1|c:1");
}

TEST_P(DeadLetterTest, TheDeliveryLimitEndsRetries) {
  const QueueRef source = declare("source", "", "target", {}, 2);
  declare("target", {});
  broker.publish_stored("source", 1);
  NotingSink sink;
  const ConsumerId consumer = consume(source, sink);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(broker.world.run_until([&] { return sink.messages.size() == 1; })) << i;
    settle_all(sink, consumer, Settle::fail);
  }
  broker.world.settle();
  const auto moved = content("target");
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].native, "target|source:4");
}

TEST_P(DeadLetterTest, ADeletedTargetDoesNotHoldUpTheSource) {
  const QueueRef source = declare("source", "dead");
  const QueueRef one = declare("one", {});
  const QueueRef two = declare("two", {});
  bind_fanout("dead", {one, two});
  broker.publish_stored("source", 20);
  NotingSink sink;
  const ConsumerId consumer = consume(source, sink);
  ASSERT_TRUE(broker.world.run_until([&] { return sink.messages.size() == 20; }));
  settle_all(sink, consumer, Settle::reject);
  bool deleted = false;
  broker.shard(1).topology().delete_queue(two.queue, false, false, [&](Result<std::uint64_t>) { deleted = true; });
  EXPECT_TRUE(broker.world.run_until([&] { return deleted; }));
  broker.world.settle();
  EXPECT_EQ(broker.stats(one).ready, 20U);
  expect_nothing_pending({"source", "one"});
}

TEST_P(DeadLetterTest, ADeletedSourceLeavesNoEntries) {
  const QueueRef source = declare("source", "", "target");
  declare("target", {});
  broker.publish_stored("source", 20);
  NotingSink sink;
  const ConsumerId consumer = consume(source, sink);
  ASSERT_TRUE(broker.world.run_until([&] { return sink.messages.size() == 20; }));
  settle_all(sink, consumer, Settle::reject);
  broker.world.run_for(base::Nanos(static_cast<std::int64_t>(broker.world.prng().below(8'000'000))));
  bool deleted = false;
  broker.shard(1).topology().delete_queue(source.queue, false, false, [&](Result<std::uint64_t>) { deleted = true; });
  EXPECT_TRUE(broker.world.run_until([&] { return deleted; }));
  broker.world.settle();
  expect_nothing_pending({"target"});
  EXPECT_LE(broker.stats(broker.find("target")).ready, 20U);
}

// The machine stops at any moment, again and again: in the end every message is in both targets once.
TEST_P(DeadLetterTest, MovesAreExactWhateverCrashes) {
  const QueueRef source = declare("source", "dead");
  bind_fanout("dead", {declare("one", {}), declare("two", {})});
  (void)source;
  constexpr std::size_t kMessages = 30;
  broker.publish_stored("source", kMessages);
  base::Prng& prng = broker.world.prng();
  for (int crash = 0; crash < 6; ++crash) {
    NotingSink sink;
    const ConsumerId consumer = consume(broker.find("source"), sink);
    broker.world.run_for(base::Nanos(static_cast<std::int64_t>(prng.below(3'000'000))));
    if (crash < 5) {
      // A part of them only, so that there is something left for the next time.
      if (sink.messages.size() > 4) sink.messages.resize(sink.messages.size() / 2);
    } else {
      broker.world.settle();
    }
    settle_all(sink, consumer, Settle::reject);
    if (prng.chance(1, 2)) {
      broker.disk.lose_power_after(prng.between(1, 40), [this] { broker.world.halt(); });
    }
    broker.world.run_for(base::Nanos(static_cast<std::int64_t>(prng.below(25'000'000))));
    broker.world.resume();
    broker.kill();
    broker.start();
    if (HasFatalFailure()) return;
  }
  NotingSink sink;
  const ConsumerId consumer = consume(broker.find("source"), sink);
  broker.world.settle();
  settle_all(sink, consumer, Settle::reject);
  ASSERT_TRUE(broker.world.settle());
  EXPECT_EQ(broker.stats(broker.find("source")).ready, 0U);
  for (const char* name : {"one", "two"}) {
    std::multiset<std::string> bodies;
    for (const auto& message : content(name)) bodies.insert(message.body);
    std::multiset<std::string> expected;
    for (std::size_t i = 0; i < kMessages; ++i) expected.insert("m" + std::to_string(i));
    EXPECT_EQ(bodies, expected) << name;
  }
  expect_nothing_pending({"source", "one", "two"});
  // Nor does one more restart bring anything back.
  broker.kill();
  broker.start();
  broker.world.settle();
  EXPECT_EQ(broker.stats(broker.find("source")).ready, 0U);
  EXPECT_EQ(broker.stats(broker.find("one")).ready, kMessages);
  expect_nothing_pending({"source", "one", "two"});
}

INSTANTIATE_TEST_SUITE_P(Seeds, DeadLetterTest, ::testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace millrace::broker

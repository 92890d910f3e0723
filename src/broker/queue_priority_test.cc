#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "broker/sim_broker_test.h"
#include "broker/text_rewriter_test.h"

namespace millrace::broker {
namespace {

using Bodies = std::vector<std::string>;

/// Bodies are "NUMBER/PRIORITY", so that what comes out tells where it belongs.
struct Label {
  int number = 0;
  int priority = 0;
  explicit Label(const std::string& body)
      : number(std::stoi(body)), priority(std::stoi(body.substr(body.find('/') + 1))) {}
  /// Whether it goes out before the other.
  bool before(const Label& other) const {
    return priority != other.priority ? priority > other.priority : number < other.number;
  }
};

class PriorityTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  PriorityTest() : broker(GetParam()) {
    broker.rewriter = std::make_shared<TextRewriter>();
    broker.start();
  }
  catalog::Queue with_priorities(std::uint8_t most) {
    catalog::Queue definition;
    definition.settings.max_priority = most;
    return definition;
  }
  static model::Envelope envelope(std::optional<std::uint8_t> priority, std::optional<std::int64_t> time_to_live = {}) {
    model::Envelope result;
    result.priority = priority;
    if (time_to_live.has_value()) result.time_to_live = Millis(*time_to_live);
    return result;
  }
  void publish(const std::string& body, std::optional<std::uint8_t> priority,
               std::optional<std::int64_t> time_to_live = {}) {
    PublishTracker tracker(broker.shard(0), nullptr);
    broker.publish(0, tracker, "q", body, "q", envelope(priority, time_to_live));
    EXPECT_TRUE(broker.world.run_until([&] { return tracker.unsettled() == 0; }));
  }
  ConsumerId consume(NotingSink& sink, std::uint32_t prefetch = 0, const std::string& from = "q") {
    ConsumeOptions options;
    options.queue = broker.find(from);
    options.prefetch = prefetch;
    broker.shard(0).loop().post([] {});
    const auto id = broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(0).consumers().consume(options, &sink, std::move(done)); });
    broker.world.settle();
    return id.value_or(ConsumerId(0));
  }
  void settle(const NotingSink& sink, ConsumerId consumer, Offset offset, Settle how) {
    broker.shard(0).consumers().settle(sink.queue, consumer, offset, offset, how);
    broker.shard(0).loop().post([] {});
  }
  void drop(ConsumerId consumer) {
    broker.shard(0).consumers().drop(consumer);
    broker.shard(0).loop().post([] {});
    broker.world.settle();
  }
  std::uint64_t ready() { return broker.stats(broker.find("q")).ready; }

  SimBroker broker;
};

TEST_P(PriorityTest, TheHighestGoesFirstAndAmongEqualsTheOldest) {
  broker.declare("q", with_priorities(5));
  publish("low-1", 1);
  publish("none", {});
  publish("high", 5);
  publish("over", 9);
  publish("low-2", 1);
  NotingSink sink;
  consume(sink);
  EXPECT_EQ(sink.bodies(), (Bodies{"high", "over", "low-1", "low-2", "none"}));
  publish("later", 0);
  broker.world.settle();
  EXPECT_EQ(sink.bodies().back(), "later");
}

TEST_P(PriorityTest, WhatComesBackTakesItsPlace) {
  broker.declare("q", with_priorities(10));
  for (int i = 0; i < 6; ++i) publish(std::to_string(i), static_cast<std::uint8_t>(i % 2));
  NotingSink first;
  const ConsumerId consumer = consume(first, 4);
  EXPECT_EQ(first.bodies(), (Bodies{"1", "3", "5", "0"}));
  drop(consumer);
  for (const std::size_t i : {3U, 1U}) settle(first, consumer, first.messages[i].offset, Settle::requeue);
  broker.world.settle();
  NotingSink second;
  consume(second);
  EXPECT_EQ(second.bodies(), (Bodies{"3", "0", "2", "4"}));
  EXPECT_TRUE(second.messages[0].redelivered);
  EXPECT_TRUE(second.messages[1].redelivered);
  EXPECT_FALSE(second.messages[2].redelivered);
}

TEST_P(PriorityTest, ARestartKeepsTheOrder) {
  broker.declare("q", with_priorities(3));
  for (int i = 0; i < 40; ++i)
    publish(std::to_string(i) + "/" + std::to_string(i % 4), static_cast<std::uint8_t>(i % 4));
  NotingSink before;
  const ConsumerId consumer = consume(before, 12);
  for (std::size_t i = 0; i < 6; ++i) settle(before, consumer, before.messages[i].offset, Settle::accept);
  broker.world.settle();
  broker.kill();
  broker.start();
  broker.world.settle();
  EXPECT_EQ(ready(), 34U);
  NotingSink after;
  consume(after);
  ASSERT_EQ(after.messages.size(), 34U);
  for (std::size_t i = 1; i < after.messages.size(); ++i) {
    EXPECT_TRUE(Label(after.messages[i - 1].body).before(Label(after.messages[i].body))) << after.messages[i].body;
  }
  // Only what was handed out is marked, although it lies between the others.
  std::size_t marked = 0;
  for (const auto& message : after.messages) marked += message.redelivered ? 1 : 0;
  EXPECT_EQ(marked, 12U);
  EXPECT_EQ(Label(after.messages[0].body).priority, 3);
}

// More than is read at once, and a consumer that does not wait until it was read.
TEST_P(PriorityTest, AConsumerThatIsThereAtTheStartGetsTheHighestFirst) {
  broker.options.segment_bytes = base::mib(1);
  broker.declare("q", with_priorities(3));
  const std::string filler(70'000, ' ');
  PublishTracker tracker(broker.shard(0), nullptr);
  for (int i = 0; i < 300; ++i) broker.publish(0, tracker, "q", std::to_string(i) + "/0" + filler, "q", envelope(0));
  broker.publish(0, tracker, "q", "300/3", "q", envelope(3));
  EXPECT_TRUE(broker.world.run_until([&] { return tracker.unsettled() == 0; }));
  broker.kill();
  broker.start();
  NotingSink sink;
  ConsumeOptions options;
  options.queue = broker.find("q");
  const auto id =
      broker.wait<ConsumerId>([&](auto done) { broker.shard(0).consumers().consume(options, &sink, std::move(done)); });
  ASSERT_TRUE(id.has_value());
  ASSERT_TRUE(broker.world.run_until([&] { return !sink.messages.empty(); }));
  EXPECT_EQ(sink.messages.front().body.substr(0, 5), "300/3");
}

TEST_P(PriorityTest, TheHeadIsThatOfTheHighestLevel) {
  catalog::Queue definition = with_priorities(2);
  definition.settings.max_length = 3;
  definition.settings.dead_letter_exchange = "";
  definition.settings.dead_letter_routing_key = "dead";
  broker.declare("q", definition);
  broker.declare("dead");
  for (int i = 0; i < 3; ++i) publish(std::to_string(i), 0);
  publish("top", 2);
  broker.world.settle();
  NotingSink dead;
  consume(dead, 0, "dead");
  EXPECT_EQ(dead.bodies(), Bodies{"top"});
  NotingSink left;
  consume(left);
  EXPECT_EQ(left.bodies(), (Bodies{"0", "1", "2"}));
}

TEST_P(PriorityTest, ExpiryLooksAtTheHighestLevelFirst) {
  broker.declare("q", with_priorities(2));
  publish("low", 0, 200);
  publish("high", 2, 5000);
  broker.world.run_for(base::to_nanos(Millis(1000)));
  EXPECT_EQ(ready(), 2U);  // held up
  broker.world.run_for(base::to_nanos(Millis(4500)));
  EXPECT_EQ(ready(), 0U);
}

TEST_P(PriorityTest, DeadLettersKeepTheirPriority) {
  catalog::Queue definition = with_priorities(9);
  definition.settings.dead_letter_exchange = "";
  definition.settings.dead_letter_routing_key = "dead";
  broker.declare("q", definition);
  broker.declare("dead", with_priorities(9));
  for (const std::uint8_t priority : std::initializer_list<std::uint8_t>{1, 7, 3})
    publish(std::to_string(priority), priority);
  NotingSink sink;
  const ConsumerId consumer = consume(sink);
  for (std::size_t i = sink.messages.size(); i > 0; --i) {
    settle(sink, consumer, sink.messages[i - 1].offset, Settle::reject);
    broker.world.settle();
  }
  NotingSink dead;
  consume(dead, 0, "dead");
  EXPECT_EQ(dead.bodies(), (Bodies{"7", "3", "1"}));
}

TEST_P(PriorityTest, PurgeAndTransientQueues) {
  catalog::Queue definition = with_priorities(255);
  definition.durable = false;
  broker.declare("q", definition);
  for (const std::uint8_t priority : std::initializer_list<std::uint8_t>{0, 255, 12})
    publish(std::to_string(priority), priority);
  NotingSink sink;
  const ConsumerId consumer = consume(sink, 1);
  EXPECT_EQ(sink.bodies(), Bodies{"255"});
  const auto purged = broker.wait<std::uint64_t>([&](auto done) {
    broker.shard(0).consumers().purge(broker.find("q"), std::move(done));
    broker.shard(0).loop().post([] {});
  });
  EXPECT_EQ(purged.value_or(0), 2U);
  drop(consumer);
  settle(sink, consumer, sink.messages[0].offset, Settle::requeue);
  publish("again", 1);
  NotingSink rest;
  consume(rest);
  EXPECT_EQ(rest.bodies(), (Bodies{"255", "again"}));
}

INSTANTIATE_TEST_SUITE_P(Seeds, PriorityTest, ::testing::Range<std::uint64_t>(1, 7));

// Power goes at any moment while messages of all priorities come and go. Afterwards the queue is in order, and has what
// was confirmed and not taken.
class PriorityCrashTest : public PriorityTest {
 protected:
  struct Confirms final : PublishTracker::Listener {
    Confirms(std::set<int>& into, int first_number) : confirmed(into), first(first_number) {}
    void on_confirmed(std::uint64_t sequence) override {
      for (; seen < sequence; ++seen) confirmed.insert(first + static_cast<int>(seen));
    }
    void on_rejected(std::uint64_t) override { ADD_FAILURE() << "nothing is to be rejected"; }
    std::set<int>& confirmed;
    int first;
    std::uint64_t seen = 0;
  };
  void client_life() {
    base::Prng& prng = broker.world.prng();
    Confirms noter(confirmed, published);
    PublishTracker tracker(broker.shard(0), &noter);
    NotingSink sink;
    const ConsumerId consumer = consume(sink, static_cast<std::uint32_t>(prng.between(1, 6)));
    if (prng.chance(2, 3)) {
      broker.disk.lose_power_after(prng.between(1, 200), [this] { broker.world.halt(); });
    }
    for (int step = 0; step < 30 && !broker.world.halted(); ++step) {
      for (auto n = prng.below(6); n > 0; --n) {
        const auto priority = static_cast<std::uint8_t>(prng.below(5));
        std::string body = std::to_string(published++) + "/" + std::to_string(priority);
        body += std::string(prng.chance(1, 20) ? 70'000 : prng.below(200), ' ');
        broker.publish(0, tracker, "q", body, "q", envelope(priority));
      }
      for (const auto& message : std::exchange(sink.messages, {})) {
        const bool accept = prng.chance(1, 2);
        if (accept) taken.insert(Label(message.body).number);
        settle(sink, consumer, message.offset, accept ? Settle::accept : Settle::requeue);
      }
      broker.shard(0).consumers().consumed(consumer, std::exchange(sink.window_bytes, 0));
      broker.world.run_for(base::Nanos(static_cast<std::int64_t>(prng.below(8'000'000))));
    }
  }
  void check() {
    const std::uint64_t expected = ready();
    NotingSink sink;
    const ConsumerId consumer = consume(sink);
    EXPECT_TRUE(broker.world.run_until(
        [&] {
          broker.shard(0).consumers().consumed(consumer, std::exchange(sink.window_bytes, 0));
          return sink.messages.size() >= expected;
        },
        base::Nanos(20'000'000'000)));
    std::set<int> found;
    for (std::size_t i = 0; i < sink.messages.size(); ++i) {
      const Label label(sink.messages[i].body);
      EXPECT_TRUE(found.insert(label.number).second) << "message " << label.number << " is there twice";
      const bool in_order = i == 0 || Label(sink.messages[i - 1].body).before(label);
      EXPECT_TRUE(in_order) << "message " << label.number;
    }
    EXPECT_EQ(found.size(), expected);
    for (const int number : confirmed) {
      EXPECT_TRUE(taken.contains(number) || found.contains(number)) << "message " << number << " is lost";
    }
    broker.shard(0).consumers().drop(consumer);
    for (const auto& message : sink.messages) settle(sink, consumer, message.offset, Settle::requeue);
    broker.world.settle();
  }

  int published = 0;
  std::set<int> confirmed;
  std::set<int> taken;
};

TEST_P(PriorityCrashTest, NothingIsLostAndTheOrderHolds) {
  broker.options.segment_bytes = base::mib(1);
  broker.declare("q", with_priorities(4));
  for (int life = 0; life < 5 && !HasFailure(); ++life) {
    client_life();
    broker.world.resume();
    broker.kill();
    broker.start();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(broker.world.settle());
    check();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PriorityCrashTest, ::testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace millrace::broker

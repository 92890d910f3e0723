#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "broker/sim_broker_test.h"
#include "broker/text_rewriter_test.h"

namespace millrace::broker {
namespace {

constexpr base::Nanos millis(std::int64_t n) {
  return base::to_nanos(Millis(n));
}

class ExpiryTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  ExpiryTest() : broker(GetParam()) {
    broker.rewriter = std::make_shared<TextRewriter>();
    broker.start();
  }
  QueueRef declare(const std::string& name, std::optional<std::int64_t> time_to_live,
                   const std::optional<std::string>& dead_letters_to = {}) {
    catalog::Queue definition;
    if (time_to_live.has_value()) definition.settings.message_time_to_live = Millis(*time_to_live);
    if (dead_letters_to.has_value()) {
      definition.settings.dead_letter_exchange = "";
      definition.settings.dead_letter_routing_key = dead_letters_to;
    }
    return broker.declare(name, definition);
  }
  void publish(const std::string& queue, const std::string& body, std::optional<std::int64_t> time_to_live = {}) {
    PublishTracker tracker(broker.shard(0), nullptr);
    model::Envelope envelope;
    if (time_to_live.has_value()) envelope.time_to_live = Millis(*time_to_live);
    broker.publish(0, tracker, queue, body, queue, envelope);
    EXPECT_TRUE(broker.world.run_until([&] { return tracker.unsettled() == 0; }));
  }
  ConsumerId consume(QueueRef queue, NotingSink& sink, std::uint32_t prefetch = 0, bool auto_ack = false) {
    ConsumeOptions options;
    options.queue = queue;
    options.prefetch = prefetch;
    options.auto_ack = auto_ack;
    broker.shard(0).loop().post([] {});
    const auto id = broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(0).consumers().consume(options, &sink, std::move(done)); });
    return id.value_or(ConsumerId(0));
  }
  void settle(const NotingSink& sink, ConsumerId consumer, Offset offset, Settle how) {
    broker.shard(0).consumers().settle(sink.queue, consumer, offset, offset, how);
    broker.shard(0).loop().post([] {});
  }
  std::uint64_t ready(const std::string& name) { return broker.stats(broker.find(name)).ready; }
  void pass(std::int64_t time) { broker.world.run_for(millis(time)); }

  SimBroker broker;
};

TEST_P(ExpiryTest, QueueTimeToLiveRemovesWhatWaitedTooLong) {
  declare("q", 1000);
  publish("q", "a");
  pass(600);
  publish("q", "b");
  EXPECT_EQ(ready("q"), 2U);
  pass(500);
  EXPECT_EQ(ready("q"), 1U);
  pass(600);
  EXPECT_EQ(ready("q"), 0U);
  EXPECT_EQ(broker.stats(broker.find("q")).bytes, 0U);
}

TEST_P(ExpiryTest, TheShorterTimeCountsAndOnlyTheHeadExpires) {
  declare("q", 5000);
  declare("own", {});
  publish("q", "short", 500);
  publish("q", "long", 60'000);
  pass(700);
  EXPECT_EQ(ready("q"), 1U);
  pass(5000);
  EXPECT_EQ(ready("q"), 0U);

  publish("own", "first", 2000);
  publish("own", "behind", 100);
  publish("own", "stays");
  publish("own", "held up", 100);
  pass(1000);
  EXPECT_EQ(ready("own"), 4U);
  pass(1200);
  EXPECT_EQ(ready("own"), 2U);
  NotingSink sink;
  consume(broker.find("own"), sink);
  broker.world.settle();
  EXPECT_EQ(sink.bodies(), std::vector<std::string>{"stays"});
  EXPECT_EQ(ready("own"), 0U);
}

TEST_P(ExpiryTest, ZeroIsForWhoeverWaits) {
  const QueueRef queue = declare("q", {});
  publish("q", "missed", 0);
  broker.world.settle();
  EXPECT_EQ(ready("q"), 0U);
  NotingSink sink;
  const ConsumerId consumer = consume(queue, sink, 1);
  publish("q", "caught", 0);
  publish("q", "late", 0);  // the consumer has its hands full
  broker.world.settle();
  EXPECT_EQ(sink.bodies(), std::vector<std::string>{"caught"});
  EXPECT_EQ(ready("q"), 0U);
  // What comes back has no second chance.
  settle(sink, consumer, sink.messages[0].offset, Settle::requeue);
  broker.world.settle();
  EXPECT_EQ(sink.messages.size(), 1U);
  EXPECT_EQ(ready("q"), 0U);
}

TEST_P(ExpiryTest, WhatIsHeldDoesNotExpire) {
  const QueueRef queue = declare("q", 100);
  NotingSink sink;
  const ConsumerId consumer = consume(queue, sink, 1);
  publish("q", "a");
  broker.world.settle();
  ASSERT_EQ(sink.messages.size(), 1U);
  pass(500);
  EXPECT_EQ(broker.stats(queue).unacknowledged, 1U);
  settle(sink, consumer, sink.messages[0].offset, Settle::accept);
  broker.world.settle();
  EXPECT_EQ(broker.stats(queue).unacknowledged, 0U);
  EXPECT_EQ(ready("q"), 0U);
}

TEST_P(ExpiryTest, ARequestFindsNothingExpired) {
  const QueueRef queue = declare("q", {});
  publish("q", "gone", 50);
  publish("q", "there");
  broker.world.clock().shift_wall(Millis(100));  // the timer does not know yet
  broker.shard(1).loop().post([] {});
  const auto got = broker.wait<GetReply>(
      [&](auto done) { broker.shard(1).consumers().get(queue, ConnectionId(1), true, std::move(done)); });
  ASSERT_TRUE(got.has_value());
  ASSERT_EQ(got->bundle.deliveries.size(), 1U);
  EXPECT_EQ(bytes::to_string(got->bundle.deliveries[0].record.value), "there");
  EXPECT_EQ(got->remaining, 0U);
}

/// A backlog of which most lies in segments.
class ExpiryOfBacklogTest : public ExpiryTest {
 protected:
  static constexpr int kMessages = 6000;
  void restart() {
    broker.stop();
    broker.options.segment_bytes = base::mib(1);
    broker.start();
  }
  void publish_many(const std::string& queue, int count, std::optional<std::int64_t> time_to_live) {
    PublishTracker tracker(broker.shard(0), nullptr);
    model::Envelope envelope;
    if (time_to_live.has_value()) envelope.time_to_live = Millis(*time_to_live);
    for (int i = 0; i < count; ++i) {
      broker.publish(0, tracker, queue, std::string(1500, 'b'), "n", envelope);
      if (i % 20 == 0) broker.world.run_for(millis(3));
    }
    EXPECT_TRUE(broker.world.run_until([&] { return tracker.unsettled() == 0; }));
  }
};

TEST_P(ExpiryOfBacklogTest, ItIsNotReadWhenAllIsOver) {
  restart();
  for (const bool own : {true, false}) {
    const std::string name = own ? "own" : "of the queue";
    const QueueRef queue = declare(name, own ? std::nullopt : std::optional<std::int64_t>(300'000));
    publish_many(name, kMessages, own ? std::optional<std::int64_t>(300'000) : std::nullopt);
    ASSERT_EQ(ready(name), static_cast<std::uint64_t>(kMessages));
    broker.kill();
    broker.world.clock().shift_wall(Millis(301'000));
    broker.start();
    const std::uint64_t expired = broker.shard(queue.shard.value).counters().expired.load();
    const std::uint64_t read = broker.disk.stats().bytes_read;
    broker.world.settle();
    EXPECT_EQ(ready(name), 0U);
    EXPECT_EQ(broker.shard(queue.shard.value).counters().expired.load() - expired,
              static_cast<std::uint64_t>(kMessages));
    EXPECT_LT(broker.disk.stats().bytes_read - read, std::uint64_t{kMessages} * 1500 / 4);
    // It stays gone.
    broker.kill();
    broker.start();
    EXPECT_EQ(ready(name), 0U);
  }
}

TEST_P(ExpiryOfBacklogTest, WhatIsHeldAndWhatHasTimeLeftStays) {
  restart();
  const QueueRef queue = declare("q", {});
  publish_many("q", kMessages / 2, 300'000);
  NotingSink sink;
  const ConsumerId consumer = consume(queue, sink, 5);
  broker.world.settle();
  ASSERT_EQ(sink.messages.size(), 5U);
  publish("q", "stays");
  publish_many("q", kMessages / 4, 200'000);
  pass(400'000);
  EXPECT_EQ(broker.stats(queue).unacknowledged, 5U);
  EXPECT_EQ(ready("q"), static_cast<std::uint64_t>(kMessages) / 4 + 1);
  // The head is not over its time, so that nothing behind it is.
  settle(sink, consumer, sink.messages[0].offset, Settle::requeue);
  settle(sink, consumer, sink.messages[1].offset, Settle::accept);
  broker.world.settle();
  EXPECT_EQ(broker.stats(queue).unacknowledged, 4U);
  EXPECT_EQ(sink.messages.back().body, "stays");
  EXPECT_EQ(ready("q"), 0U);
}

TEST_P(ExpiryOfBacklogTest, EachIsDeadLettered) {
  restart();
  declare("q", {}, "dead");
  declare("dead", {});
  publish_many("q", kMessages / 2, 100'000);
  pass(400'000);
  broker.world.settle();
  EXPECT_EQ(ready("q"), 0U);
  EXPECT_EQ(ready("dead"), static_cast<std::uint64_t>(kMessages) / 2);
}

TEST_P(ExpiryTest, ExpiredMessagesAreDeadLetteredOnce) {
  declare("q", 200, "dead");
  declare("dead", {});
  for (int i = 0; i < 50; ++i) publish("q", "m" + std::to_string(i));
  pass(1000);
  broker.world.settle();
  EXPECT_EQ(ready("q"), 0U);
  NotingSink sink;
  consume(broker.find("dead"), sink);
  broker.world.settle();
  ASSERT_EQ(sink.messages.size(), 50U);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(sink.messages[static_cast<std::size_t>(i)].body, "m" + std::to_string(i));
    EXPECT_EQ(sink.messages[static_cast<std::size_t>(i)].native, "dead|q:2");
  }
}

TEST_P(ExpiryTest, ARestartForgetsNoTime) {
  declare("q", {});
  publish("q", "a", 1000);
  publish("q", "b", 60'000);
  broker.world.settle();
  broker.kill();
  broker.world.clock().shift_wall(Millis(1500));
  broker.start();
  broker.world.settle();
  EXPECT_EQ(ready("q"), 1U);
  pass(61'000);
  EXPECT_EQ(ready("q"), 0U);
}

TEST_P(ExpiryTest, NewSettingsConcernWhatWaits) {
  const QueueRef queue = declare("q", 60'000);
  publish("q", "a");
  broker.world.settle();
  catalog::QueueSettings settings;
  settings.message_time_to_live = Millis(500);
  const auto change = [&] {
    Shard& shard = broker.shard(queue.shard.value);
    shard.loop().post([&shard, queue, settings] { shard.queues().set_settings(queue.queue, settings); });
  };
  change();
  pass(1000);
  EXPECT_EQ(ready("q"), 0U);
  publish("q", "b");
  settings.message_time_to_live = Millis(5000);
  change();
  pass(1000);
  EXPECT_EQ(ready("q"), 1U);
  pass(5000);
  EXPECT_EQ(ready("q"), 0U);
}

TEST_P(ExpiryTest, TransientQueuesExpireToo) {
  catalog::Queue definition;
  definition.durable = false;
  definition.settings.message_time_to_live = Millis(1000);
  broker.declare("t", definition);
  publish("t", "a");
  publish("t", "b", 0);
  broker.world.settle();
  EXPECT_EQ(ready("t"), 2U);
  pass(1200);
  EXPECT_EQ(ready("t"), 0U);
}

TEST_P(ExpiryTest, AnUnusedQueueGoes) {
  catalog::Queue definition;
  definition.settings.expires = Millis(1000);
  const QueueRef queue = broker.declare("q", definition);
  const auto exists = [this] { return broker.find("q").queue.value != 0; };
  const auto look = [&] {
    broker.shard(1).loop().post([] {});
    (void)broker.wait<QueueStats>([&](auto done) { broker.shard(1).consumers().stats(queue, std::move(done)); });
  };
  pass(700);
  look();
  pass(700);
  EXPECT_TRUE(exists());
  broker.shard(0).loop().post([] {});
  (void)broker.wait<GetReply>(
      [&](auto done) { broker.shard(0).consumers().get(queue, ConnectionId(1), true, std::move(done)); });
  pass(700);
  EXPECT_TRUE(exists());
  NotingSink sink;
  const ConsumerId consumer = consume(queue, sink);
  pass(5000);
  EXPECT_TRUE(exists());
  broker.shard(0).consumers().drop(consumer);
  broker.shard(0).loop().post([] {});
  pass(700);
  EXPECT_TRUE(exists());
  // A restart begins the time anew.
  broker.world.settle();
  broker.kill();
  broker.start();
  pass(800);
  EXPECT_TRUE(exists());
  publish("q", "nobody looks");
  pass(500);
  EXPECT_FALSE(exists());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExpiryTest, ::testing::Range<std::uint64_t>(1, 7));
INSTANTIATE_TEST_SUITE_P(Seeds, ExpiryOfBacklogTest, ::testing::Values(1, 2));

class Confirms final : public PublishTracker::Listener {
 public:
  Confirms(std::set<int>& confirmed, int first) : confirmed_(confirmed), first_(first) {}
  void on_confirmed(std::uint64_t sequence) override {
    for (; seen_ < sequence; ++seen_) confirmed_.insert(first_ + static_cast<int>(seen_));
  }
  void on_rejected(std::uint64_t) override { ADD_FAILURE() << "nothing is to be rejected"; }

 private:
  std::set<int>& confirmed_;
  int first_;
  std::uint64_t seen_ = 0;
};

// Power goes at any moment while messages are published, taken and expire, with a time of the queue's or their own. In
// the end every confirmed one was taken, or is in the dead-letter queue once.
class ExpiryCrashTest : public ExpiryTest {
 protected:
  void client_life(bool own_times) {
    base::Prng& prng = broker.world.prng();
    Confirms noter(confirmed, published);
    PublishTracker tracker(broker.shard(0), &noter);
    NotingSink sink;
    const ConsumerId consumer = consume(broker.find("q"), sink, 3);
    if (prng.chance(2, 3)) {
      broker.disk.lose_power_after(prng.between(1, 200), [this] { broker.world.halt(); });
    }
    for (int step = 0; step < 30 && !broker.world.halted(); ++step) {
      for (auto n = prng.below(5); n > 0; --n) {
        model::Envelope envelope;
        if (own_times) envelope.time_to_live = Millis(static_cast<std::int64_t>(prng.below(20)));
        broker.publish(0, tracker, "q", std::to_string(published++), "q", envelope);
      }
      for (const auto& message : std::exchange(sink.messages, {})) {
        const bool accept = prng.chance(1, 2);
        if (accept) taken.insert(std::stoi(message.body));
        settle(sink, consumer, message.offset, accept ? Settle::accept : Settle::requeue);
      }
      broker.world.run_for(base::Nanos(static_cast<std::int64_t>(prng.below(8'000'000))));
    }
  }

  int published = 0;
  std::set<int> confirmed;
  std::set<int> taken;
};

TEST_P(ExpiryCrashTest, NothingIsLostAndNothingComesTwice) {
  const bool own_times = GetParam() % 2 == 0;
  declare("q", own_times ? std::optional<std::int64_t>() : 15, "dead");
  declare("dead", {});
  for (int life = 0; life < 5; ++life) {
    client_life(own_times);
    broker.world.resume();
    broker.kill();
    broker.start();
    if (HasFatalFailure()) return;
  }
  pass(200);
  ASSERT_TRUE(broker.world.settle());
  EXPECT_EQ(ready("q"), 0U);
  EXPECT_EQ(broker.stats(broker.find("q")).unacknowledged, 0U);
  NotingSink sink;
  consume(broker.find("dead"), sink);
  broker.world.settle();
  std::map<int, int> dead;
  for (const auto& message : sink.messages) {
    EXPECT_EQ(message.native, "dead|q:2");
    ++dead[std::stoi(message.body)];
  }
  for (const auto& [number, count] : dead) EXPECT_EQ(count, 1) << "message " << number;
  for (const int number : confirmed) {
    EXPECT_TRUE(taken.contains(number) || dead.contains(number)) << "message " << number << " is lost";
  }
  EXPECT_GT(dead.size(), 10U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(broker.shard(i).queues().remembered_moves(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExpiryCrashTest, ::testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace millrace::broker

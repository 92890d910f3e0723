#include <gtest/gtest.h>

#include "broker/sim_broker_test.h"
#include "broker/text_rewriter_test.h"

// Exchanges whose messages wait before they are routed.
namespace millrace::broker {
namespace {

class Delaying : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  Delaying() : broker(GetParam()) {
    broker.rewriter = std::make_shared<TextRewriter>();
    broker.start();
    catalog::Exchange definition;
    definition.vhost = broker.vhost();
    definition.name = "later";
    definition.delays = true;
    const auto made = broker.wait<ObjectId>([&](auto done) {
      broker.shard(0).topology().create_exchange(definition, std::move(done));
      broker.shard(0).loop().post([] {});
    });
    EXPECT_TRUE(made.has_value());
  }
  void execute(catalog::Command command) {
    const auto done = broker.wait<void>([&](auto callback) {
      broker.shard(0).topology().execute({.commands = {std::move(command)}}, std::move(callback));
      broker.shard(0).loop().post([] {});
    });
    ASSERT_TRUE(done.has_value()) << done.error().detail;
  }
  const catalog::Exchange* exchange() { return broker.shard(0).catalog().find_exchange(broker.vhost(), "later"); }
  void bind(const std::string& queue) {
    catalog::Binding binding;
    binding.vhost = broker.vhost();
    binding.source = exchange()->id;
    binding.destination = {catalog::DestinationKind::queue, broker.declare(queue).queue};
    binding.routing_key = queue;
    execute(catalog::Bind{binding});
  }
  QueueRef waiting_room() {
    const catalog::Queue* queue = broker.shard(0).catalog().find_queue(exchange()->delay_queue);
    return {queue->id, queue->shard};
  }
  /// Of messages that are not due yet.
  std::uint64_t waiting() { return broker.stats(waiting_room()).unacknowledged; }
  void publish(const std::string& key, const std::string& body, std::int64_t delay, const std::string& more = {}) {
    PublishTracker tracker(broker.shard(1), nullptr);
    model::Envelope envelope;
    envelope.time_to_live = Millis(delay);
    const std::string room = broker.shard(0).catalog().find_queue(waiting_room().queue)->name;
    broker.publish(1, tracker, room, body, key + more, envelope);
    EXPECT_TRUE(broker.world.run_until([&] { return tracker.unsettled() == 0; }));
  }
  std::uint64_t ready(const std::string& name) { return broker.stats(broker.find(name)).ready; }
  void pass(std::int64_t time) { broker.world.run_for(base::to_nanos(Millis(time))); }
  /// Everything in the queue, in its order.
  std::vector<std::string> take(const std::string& name) {
    NotingSink sink;
    ConsumeOptions options;
    options.queue = broker.find(name);
    options.auto_ack = true;
    broker.shard(0).loop().post([] {});
    const auto id = broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(0).consumers().consume(options, &sink, std::move(done)); });
    pass(50);
    broker.shard(0).consumers().drop(*id);
    pass(50);
    return sink.bodies();
  }

  SimBroker broker;
};

TEST_P(Delaying, EachMessageWaitsForItsOwnTime) {
  bind("q");
  publish("q", "slow", 5000);
  publish("q", "quick", 1000);
  publish("q", "middle", 3000);
  EXPECT_EQ(ready("q"), 0U);
  EXPECT_EQ(waiting(), 3U);
  pass(1500);
  EXPECT_EQ(ready("q"), 1U);
  pass(2000);
  EXPECT_EQ(ready("q"), 2U);
  pass(2000);
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(broker.stats(waiting_room()).bytes, 0U);
  EXPECT_EQ(take("q"), (std::vector<std::string>{"quick", "middle", "slow"}));
}

// Bindings count when the time is over, not when the message came; what goes nowhere then is gone.
TEST_P(Delaying, IsRoutedWhenItsTimeIsOver) {
  publish("q", "early", 1000);
  publish("nobody", "lost", 1000);
  bind("q");
  EXPECT_EQ(ready("q"), 0U);
  pass(1500);
  EXPECT_EQ(take("q"), (std::vector<std::string>{"early"}));
  EXPECT_EQ(waiting(), 0U);
}

TEST_P(Delaying, ItsOwnTimeToLiveBeginsAfterwards) {
  bind("q");
  publish("q", "short", 1000, "~2000");  // as the rewriter reads it
  pass(1500);
  EXPECT_EQ(ready("q"), 1U);
  pass(2000);
  EXPECT_EQ(ready("q"), 0U);
}

TEST_P(Delaying, ARestartForgetsNoMessageAndNoTime) {
  bind("q");
  for (int i = 0; i < 20; ++i) publish("q", std::to_string(i), 2000 + 1000 * (i % 4));
  pass(200);
  broker.kill();
  broker.start();
  pass(100);
  EXPECT_EQ(ready("q"), 0U);
  EXPECT_EQ(waiting(), 20U);
  pass(2000);
  EXPECT_EQ(ready("q"), 5U);
  broker.kill();
  pass(10'000);
  broker.start();
  pass(500);
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(ready("q"), 20U);
  auto bodies = take("q");
  std::ranges::sort(bodies);
  EXPECT_EQ(std::ranges::unique(bodies).size(), 0U);  // none came twice
}

TEST_P(Delaying, WhatWaitsGoesWithTheExchange) {
  bind("q");
  publish("q", "never", 1000);
  const QueueRef room = waiting_room();
  execute(catalog::DeleteExchange{exchange()->id});
  EXPECT_EQ(broker.shard(0).catalog().find_queue(room.queue), nullptr);
  pass(2000);
  EXPECT_EQ(ready("q"), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Delaying, ::testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace millrace::broker

#include "broker/queue_host.h"

#include <gtest/gtest.h>

#include "broker/queue_engine.h"
#include "broker/sim_broker_test.h"

namespace millrace::broker {
namespace {

std::vector<std::string> numbered(int from, int to, const std::string& prefix = "m") {
  std::vector<std::string> names;
  for (int i = from; i < to; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

ConsumeOptions with_prefetch(std::uint32_t prefetch) {
  ConsumeOptions options;
  options.prefetch = prefetch;
  return options;
}
ConsumeOptions exclusive() {
  ConsumeOptions options;
  options.exclusive = true;
  return options;
}
ConsumeOptions auto_ack() {
  ConsumeOptions options;
  options.auto_ack = true;
  return options;
}

class QueueHostTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  QueueHostTest() : broker(GetParam()) { broker.start(); }

  ConsumerId consume(std::size_t from, QueueRef queue, NotingSink& sink, ConsumeOptions options = {}) {
    options.queue = queue;
    if (options.connection.value == 0) options.connection = broker.shard(from).next_connection_id();
    const auto id = broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(from).consumers().consume(options, &sink, std::move(done)); });
    EXPECT_TRUE(id.has_value());
    return id.value_or(ConsumerId(0));
  }
  bool got(const NotingSink& sink, std::size_t count) {
    return broker.world.run_until([&] { return sink.messages.size() >= count; });
  }
  void settle(std::size_t from, QueueRef queue, ConsumerId consumer, Offset first, Offset last, Settle how) {
    broker.shard(from).consumers().settle(queue, consumer, first, last, how);
    broker.shard(from).loop().post([] {});
  }
  void drop(std::size_t from, ConsumerId consumer) {
    broker.shard(from).consumers().drop(consumer);
    broker.shard(from).loop().post([] {});
  }
  void rest() { broker.world.settle(); }

  SimBroker broker;
};

TEST_P(QueueHostTest, DeliversWhatWasPublishedFromBothShards) {
  const QueueRef queue = broker.declare("q");
  for (std::size_t from = 0; from < 2; ++from) {
    NotingSink sink;
    const ConsumerId consumer = consume(from, queue, sink);
    broker.publish_stored("q", 50, "m", 1 - from);
    ASSERT_TRUE(got(sink, 50));
    EXPECT_EQ(sink.bodies(), numbered(0, 50));
    EXPECT_EQ(broker.stats(queue).unacknowledged, 50U);
    settle(from, queue, consumer, sink.messages.front().offset, sink.messages.back().offset, Settle::accept);
    rest();
    EXPECT_EQ(broker.stats(queue).unacknowledged, 0U);
    EXPECT_EQ(broker.stats(queue).ready, 0U);
    EXPECT_EQ(broker.stats(queue).bytes, 0U);
    drop(from, consumer);
    rest();
  }
}

TEST_P(QueueHostTest, TheConsumersOfOneConnectionShareAWindow) {
  const QueueRef idle = broker.declare("idle");
  const QueueRef queue = broker.declare("q");
  broker.publish_stored("q", 200, std::string(1000, 'x'));
  const auto received = [&](ConnectionId connection) {
    NotingSink sink;
    ConsumeOptions options;
    options.connection = connection;
    const ConsumerId consumer = consume(1, queue, sink, options);
    rest();
    drop(1, consumer);
    for (const auto& message : sink.messages)
      settle(1, queue, consumer, message.offset, message.offset, Settle::requeue);
    rest();
    return sink.window_bytes;
  };
  const ConnectionId busy = broker.shard(1).next_connection_id();
  NotingSink nothing;
  for (int i = 0; i < 3000; ++i) {
    ConsumeOptions options;
    options.connection = busy;
    consume(1, idle, nothing, options);
  }
  EXPECT_GT(received(broker.shard(1).next_connection_id()), 200'000U);
  EXPECT_LT(received(busy), Consumers::kSmallestWindow + 2000);
}

TEST_P(QueueHostTest, ACrashKeepsWhatWasNotAcknowledged) {
  const QueueRef declared = broker.declare("q");
  {
    NotingSink sink;
    const ConsumerId consumer = consume(1, declared, sink, with_prefetch(20));
    broker.publish_stored("q", 60);
    ASSERT_TRUE(got(sink, 20));
    settle(1, declared, consumer, Offset(3), Offset(7), Settle::accept);
    rest();
    EXPECT_EQ(sink.messages.size(), 25U);
  }
  broker.kill();
  broker.start();
  const QueueRef queue = broker.find("q");
  EXPECT_EQ(broker.stats(queue).ready, 55U);
  NotingSink sink;
  consume(0, queue, sink);
  ASSERT_TRUE(got(sink, 55));
  auto expected = numbered(0, 3);
  for (const auto& more : numbered(8, 60)) expected.push_back(more);
  EXPECT_EQ(sink.bodies(), expected);
  for (std::size_t i = 0; i < 55; ++i) EXPECT_EQ(sink.messages[i].redelivered, i < 20) << i;
}

TEST_P(QueueHostTest, ManyRestartsLeaveCountsExact) {
  broker.declare("q");
  int published = 0;
  int taken = 0;
  for (int round = 0; round < 5; ++round) {
    broker.publish_stored("q", 10 + round);
    published += 10 + round;
    const QueueRef queue = broker.find("q");
    EXPECT_EQ(broker.stats(queue).ready, static_cast<std::uint64_t>(published - taken));
    for (int i = 0; i < 7; ++i) {
      const auto reply = broker.wait<GetReply>(
          [&](auto done) { broker.shard(0).consumers().get(queue, ConnectionId(1), true, std::move(done)); });
      ASSERT_TRUE(reply.has_value());
      ASSERT_EQ(reply->bundle.deliveries.size(), 1U);
      ++taken;
      EXPECT_EQ(reply->remaining, static_cast<std::uint64_t>(published - taken));
    }
    rest();
    broker.kill();
    broker.start();
    EXPECT_EQ(broker.stats(broker.find("q")).ready, static_cast<std::uint64_t>(published - taken)) << round;
  }
}

TEST_P(QueueHostTest, RequeuedMessagesComeBackMarked) {
  const QueueRef queue = broker.declare("q");
  NotingSink first;
  const ConsumerId consumer = consume(0, queue, first, with_prefetch(3));
  broker.publish_stored("q", 3);
  ASSERT_TRUE(got(first, 3));
  settle(0, queue, consumer, Offset(1), Offset(1), Settle::requeue);
  ASSERT_TRUE(got(first, 4));
  EXPECT_EQ(first.messages[3].body, "m1");
  EXPECT_TRUE(first.messages[3].redelivered);
  EXPECT_EQ(first.messages[3].returns, 1U);
  drop(0, consumer);
  settle(0, queue, consumer, Offset(0), Offset(2), Settle::fail);
  rest();
  broker.kill();
  broker.start();
  NotingSink second;
  consume(1, broker.find("q"), second);
  ASSERT_TRUE(got(second, 3));
  EXPECT_EQ(second.bodies(), numbered(0, 3));
  EXPECT_EQ(second.messages[0].returns, 1U);
  EXPECT_EQ(second.messages[1].returns, 2U);
  EXPECT_EQ(second.messages[1].failures, 1U);
}

TEST_P(QueueHostTest, ADroppedConsumerLosesNothing) {
  const QueueRef queue = broker.declare("q");
  for (int i = 0; i < 5; ++i) {
    NotingSink sink;
    const ConsumerId consumer = consume(static_cast<std::size_t>(i % 2), queue, sink);
    PublishTracker tracker(broker.shard(0), nullptr);
    for (int k = 0; k < 20; ++k) broker.publish(0, tracker, "q", "x");
    broker.world.run_for(base::Nanos(static_cast<std::int64_t>(broker.world.prng().below(5'000'000))));
    drop(static_cast<std::size_t>(i % 2), consumer);
    for (const auto& message : sink.messages) {
      settle(static_cast<std::size_t>(i % 2), queue, consumer, message.offset, message.offset, Settle::requeue);
    }
    const std::size_t seen = sink.messages.size();
    EXPECT_TRUE(broker.world.run_until([&] { return tracker.unsettled() == 0; }));
    rest();
    EXPECT_EQ(sink.messages.size(), seen);
    EXPECT_EQ(broker.stats(queue).ready, static_cast<std::uint64_t>(20 * (i + 1)));
    EXPECT_EQ(broker.stats(queue).unacknowledged, 0U);
  }
}

TEST_P(QueueHostTest, PurgeIsDurable) {
  const QueueRef queue = broker.declare("q");
  broker.publish_stored("q", 100);
  const auto count =
      broker.wait<std::uint64_t>([&](auto done) { broker.shard(1).consumers().purge(queue, std::move(done)); });
  EXPECT_EQ(count.value_or(0), 100U);
  broker.kill();
  broker.start();
  EXPECT_EQ(broker.stats(broker.find("q")).ready, 0U);
  broker.publish_stored("q", 1, "after");
  EXPECT_EQ(broker.stats(broker.find("q")).ready, 1U);
}

TEST_P(QueueHostTest, TransientQueuesWork) {
  catalog::Queue definition;
  definition.durable = false;
  const QueueRef queue = broker.declare("t", definition);
  NotingSink sink;
  const ConsumerId consumer = consume(1, queue, sink);
  broker.publish_stored("t", 30);
  ASSERT_TRUE(got(sink, 30));
  settle(1, queue, consumer, Offset(0), Offset(29), Settle::accept);
  rest();
  EXPECT_EQ(broker.stats(queue).unacknowledged, 0U);
}

TEST_P(QueueHostTest, DeletionTellsConsumers) {
  const QueueRef queue = broker.declare("q");
  NotingSink sink;
  consume(1, queue, sink);
  const auto in_use = broker.wait<std::uint64_t>(
      [&](auto done) { broker.shard(1).topology().delete_queue(queue.queue, true, false, std::move(done)); });
  ASSERT_FALSE(in_use.has_value());
  EXPECT_EQ(in_use.error().code, BrokerErrc::in_use);
  broker.publish_stored("q", 3);
  rest();
  EXPECT_TRUE(broker
                  .wait<std::uint64_t>([&](auto done) {
                    broker.shard(1).topology().delete_queue(queue.queue, false, false, std::move(done));
                  })
                  .has_value());
  rest();
  EXPECT_TRUE(sink.cancelled);
  const auto gone =
      broker.wait<QueueStats>([&](auto done) { broker.shard(1).consumers().stats(queue, std::move(done)); });
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().code, BrokerErrc::not_found);
}

TEST_P(QueueHostTest, AutoDeleteQueuesGoWithTheirLastConsumer) {
  catalog::Queue definition;
  definition.auto_delete = true;
  const QueueRef queue = broker.declare("a", definition);
  NotingSink sink;
  const ConsumerId first = consume(0, queue, sink);
  const ConsumerId second = consume(1, queue, sink);
  const auto cancelled =
      broker.wait<void>([&](auto done) { broker.shard(0).consumers().cancel(first, std::move(done)); });
  EXPECT_TRUE(cancelled.has_value());
  rest();
  EXPECT_NE(broker.find("a").queue.value, 0U);
  // Who hears that the last one is gone finds no queue, without waiting for anything.
  const auto last = broker.wait<void>([&](auto done) { broker.shard(1).consumers().cancel(second, std::move(done)); });
  EXPECT_TRUE(last.has_value());
  EXPECT_EQ(broker.find("a").queue.value, 0U);

  const ConsumerId again = consume(0, broker.declare("a", definition), sink);
  const auto dropped = broker.wait<void>([&](auto done) { broker.shard(0).consumers().drop(again, std::move(done)); });
  EXPECT_TRUE(dropped.has_value());
  EXPECT_EQ(broker.find("a").queue.value, 0U);
}

TEST_P(QueueHostTest, ExclusiveConsumersAndQueuesKeepOthersOut) {
  const QueueRef queue = broker.declare("q");
  NotingSink sink;
  consume(0, queue, sink, exclusive());
  ConsumeOptions options;
  options.queue = queue;
  const auto refused =
      broker.wait<ConsumerId>([&](auto done) { broker.shard(1).consumers().consume(options, &sink, std::move(done)); });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, BrokerErrc::in_use);

  catalog::Queue own;
  own.exclusive_owner = 77;
  options.queue = broker.declare("e", own);
  options.connection = ConnectionId(78);
  const auto locked =
      broker.wait<ConsumerId>([&](auto done) { broker.shard(1).consumers().consume(options, &sink, std::move(done)); });
  ASSERT_FALSE(locked.has_value());
  EXPECT_EQ(locked.error().code, BrokerErrc::locked);
}

TEST_P(QueueHostTest, ASlowReaderStopsItselfOnly) {
  const QueueRef queue = broker.declare("q");
  NotingSink slow;
  const ConsumerId consumer = consume(0, queue, slow, auto_ack());
  const std::string big(100'000, 'x');
  PublishTracker tracker(broker.shard(0), nullptr);
  for (int i = 0; i < 30; ++i) broker.publish(0, tracker, "q", big);
  rest();
  EXPECT_EQ(slow.messages.size(), 11U);
  NotingSink quick;
  consume(1, queue, quick, with_prefetch(5));
  ASSERT_TRUE(got(quick, 5));
  broker.shard(0).consumers().consumed(consumer, slow.window_bytes);
  broker.shard(0).loop().post([] {});
  ASSERT_TRUE(got(slow, 22));
}

TEST_P(QueueHostTest, LengthLimits) {
  catalog::Queue definition;
  definition.settings.max_length = 10;
  const QueueRef head = broker.declare("head", definition);
  broker.publish_stored("head", 25);
  EXPECT_EQ(broker.stats(head).ready, 10U);
  NotingSink sink;
  consume(0, head, sink);
  ASSERT_TRUE(got(sink, 10));
  EXPECT_EQ(sink.bodies(), numbered(15, 25));

  definition.settings.overflow = catalog::Overflow::reject_publish;
  const QueueRef full = broker.declare("full", definition);
  for (int i = 0; i < 15; ++i) broker.publish_stored("full", 1);
  EXPECT_EQ(broker.stats(full).ready, 10U);
}

TEST_P(QueueHostTest, ClientsHoldNoMoreOfAQueueThanTheirMemoryIsAllowed) {
  broker.stop();
  broker.options.unacknowledged_bytes = base::Bytes(20 * QueueEngine::kHeldBytes);
  broker.start();
  const QueueRef queue = broker.declare("q");
  broker.publish_stored("q", 50);
  Shard& home = broker.shard(queue.shard.value);
  const auto state_bytes = [&] { return home.memory_in_use() - home.store().memory_bytes(); };
  EXPECT_EQ(state_bytes(), 0U);
  NotingSink first;
  NotingSink second;
  const ConsumerId one = consume(0, queue, first);
  const ConsumerId two = consume(1, queue, second);
  rest();
  EXPECT_EQ(first.messages.size() + second.messages.size(), 20U);
  EXPECT_GE(state_bytes(), 20 * QueueEngine::kHeldBytes);
  const auto refused = broker.wait<GetReply>(
      [&](auto done) { broker.shard(0).consumers().get(queue, ConnectionId(1), false, std::move(done)); });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, BrokerErrc::too_many);
  settle(0, queue, one, Offset(0), Offset(49), Settle::accept);
  settle(1, queue, two, Offset(0), Offset(49), Settle::accept);
  rest();
  EXPECT_EQ(broker.stats(queue).unacknowledged, 20U);
  drop(0, one);
  drop(1, two);
  rest();
  const auto deleted = broker.wait<std::uint64_t>(
      [&](auto done) { broker.shard(0).topology().delete_queue(queue.queue, false, false, std::move(done)); });
  EXPECT_TRUE(deleted.has_value());
  rest();
  EXPECT_EQ(state_bytes(), 0U);
}

TEST_P(QueueHostTest, ALargeBacklogIsReadBackFromDisk) {
  broker.stop();
  broker.options.segment_bytes = base::mib(1);
  broker.start();
  const QueueRef queue = broker.declare("q");
  const std::string body(2000, 'b');
  PublishTracker tracker(broker.shard(0), nullptr);
  for (int i = 0; i < 4000; ++i) {
    broker.publish(0, tracker, "q", std::to_string(i) + " " + body);
    if (i % 20 == 0) broker.world.run_for(base::Nanos(3'000'000));
  }
  ASSERT_TRUE(broker.world.run_until([&] { return tracker.unsettled() == 0; }));
  NotingSink sink;
  const ConsumerId consumer = consume(1, queue, sink, with_prefetch(500));
  std::size_t settled = 0;
  while (settled < 4000) {
    ASSERT_TRUE(got(sink, settled + 1));
    const std::size_t seen = sink.messages.size();
    settle(1, queue, consumer, sink.messages[settled].offset, sink.messages[seen - 1].offset, Settle::accept);
    broker.shard(1).consumers().consumed(consumer, std::exchange(sink.window_bytes, 0));
    settled = seen;
  }
  for (std::size_t i = 0; i < 4000; ++i) {
    ASSERT_EQ(sink.messages[i].body.substr(0, sink.messages[i].body.find(' ')), std::to_string(i));
  }
  rest();
  EXPECT_EQ(broker.stats(queue).ready, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, QueueHostTest, ::testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace millrace::broker

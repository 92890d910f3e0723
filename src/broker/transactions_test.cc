#include "broker/transactions.h"

#include <gtest/gtest.h>

#include <set>

#include "broker/sim_broker_test.h"

namespace millrace::broker {
namespace {

/// What a test's transaction is to do.
struct Plan {
  std::string body;
  std::vector<std::string> queues;
  std::optional<std::string> source_body;
  bool answered = false;
  bool done = false;
};

class TransactionsTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  TransactionsTest() : broker(GetParam()) {}

  void start() {
    broker.start();
    for (const auto& name : names) {
      if (broker.find(name) == QueueRef{}) broker.declare(name);
    }
  }
  static void add(Shard& shard, ObjectId vhost, Transaction& transaction, const std::string& queue,
                  const std::string& body) {
    const bytes::ByteView parts[] = {bytes::as_bytes(body)};
    const bytes::ByteView natives[] = {bytes::as_bytes("n")};
    Message message;
    message.timestamp = shard.loop().clock().wall();
    message.body = parts;
    message.envelope.protocol = model::Protocol::amqp091;
    message.native = natives;
    const catalog::Exchange* exchange = shard.catalog().find_exchange(vhost, "");
    transaction.publish(shard.router().route(*exchange, queue), message);
  }
  Result<void> commit(std::size_t from, Transaction transaction) {
    return broker.wait<void>([&](auto done) {
      broker.shard(from).transactions().commit(std::move(transaction), std::move(done));
      broker.shard(from).loop().post([] {});
    });
  }
  /// Takes a message out of the queue, without settling it.
  GetReply get(const std::string& queue, std::size_t from = 0) {
    auto reply = broker.wait<GetReply>([&](auto done) {
      broker.shard(from).consumers().get(broker.find(queue), ConnectionId(1), false, std::move(done));
      broker.shard(from).loop().post([] {});
    });
    EXPECT_TRUE(reply.has_value());
    return std::move(reply.value());
  }
  std::multiset<std::string> content(const std::string& name) {
    NotingSink sink;
    ConsumeOptions options;
    options.queue = broker.find(name);
    const auto consumer = broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(0).consumers().consume(options, &sink, std::move(done)); });
    EXPECT_TRUE(consumer.has_value());
    broker.world.settle();
    broker.shard(0).consumers().drop(*consumer);
    for (const auto& message : sink.messages) {
      broker.shard(0).consumers().settle(sink.queue, *consumer, message.offset, message.offset, Settle::requeue);
    }
    broker.shard(0).loop().post([] {});
    broker.world.settle();
    const auto bodies = sink.bodies();
    return {bodies.begin(), bodies.end()};
  }
  std::size_t open() { return broker.shard(0).transactions().open() + broker.shard(1).transactions().open(); }

  const std::vector<std::string> names{"a", "b", "c", "d", "in"};
  SimBroker broker;
};

TEST_P(TransactionsTest, NothingIsSeenBeforeAndEverythingAfterTheCommit) {
  start();
  broker.publish_stored("in", 1, "source");
  Transaction transaction;
  EXPECT_TRUE(transaction.empty());
  for (const char* queue : {"a", "b", "c", "a"}) add(broker.shard(0), broker.vhost(), transaction, queue, "body");
  const GetReply source = get("in");
  ASSERT_EQ(source.bundle.deliveries.size(), 1U);
  const Offset offset = source.bundle.deliveries[0].offset;
  transaction.settle(broker.find("in"), ConsumerId(0), offset, offset, Settle::accept);
  broker.world.settle();
  EXPECT_EQ(broker.stats(broker.find("a")).ready, 0U);
  EXPECT_EQ(broker.stats(broker.find("in")).unacknowledged, 1U);
  ASSERT_TRUE(commit(0, std::move(transaction)).has_value());
  EXPECT_EQ(broker.stats(broker.find("a")).ready, 2U);
  EXPECT_EQ(broker.stats(broker.find("b")).ready, 1U);
  EXPECT_EQ(broker.stats(broker.find("c")).ready, 1U);
  EXPECT_EQ(broker.stats(broker.find("in")).unacknowledged, 0U);
  broker.world.run_for(base::to_nanos(base::Millis(1000)));
  EXPECT_EQ(open(), 0U);
  broker.kill();
  start();
  EXPECT_EQ(content("a"), (std::multiset<std::string>{"body", "body"}));
  EXPECT_EQ(content("in"), std::multiset<std::string>{});
  EXPECT_EQ(open(), 0U);
}

TEST_P(TransactionsTest, AFullQueueRefusesAll) {
  start();
  catalog::Queue small;
  small.settings.max_length = 1;
  small.settings.overflow = catalog::Overflow::reject_publish;
  broker.declare("small", small);
  for (const std::vector<const char*>& queues :
       {std::vector<const char*>{"small", "small"}, {"a", "b", "small", "c", "d", "small"}}) {
    Transaction transaction;
    for (const char* queue : queues) add(broker.shard(1), broker.vhost(), transaction, queue, "body");
    const auto refused = commit(1, std::move(transaction));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, BrokerErrc::full);
  }
  broker.world.settle();
  for (const char* queue : {"a", "b", "c", "d", "small"}) EXPECT_EQ(broker.stats(broker.find(queue)).ready, 0U);
  EXPECT_EQ(open(), 0U);
}

TEST_P(TransactionsTest, AQueueThatIsGoneTakesNothing) {
  start();
  Transaction transaction;
  for (const auto& queue : {"a", "b", "c", "d"}) add(broker.shard(0), broker.vhost(), transaction, queue, "body");
  const auto deleted = broker.wait<std::uint64_t>([&](auto done) {
    broker.shard(0).topology().delete_queue(broker.find("b").queue, false, false, std::move(done));
    broker.shard(0).loop().post([] {});
  });
  ASSERT_TRUE(deleted.has_value());
  ASSERT_TRUE(commit(0, std::move(transaction)).has_value());
  EXPECT_EQ(broker.stats(broker.find("a")).ready, 1U);
  EXPECT_EQ(broker.stats(broker.find("d")).ready, 1U);
}

TEST_P(TransactionsTest, ACrashLeavesAllOfOneOrNothing) {
  start();
  constexpr int kPlans = 12;
  broker.publish_stored("in", kPlans, "source");
  std::vector<Plan> plans(kPlans);
  auto& prng = broker.world.prng();
  for (int i = 0; i < kPlans; ++i) {
    Plan& plan = plans[i];
    plan.body = "t" + std::to_string(i);
    const std::size_t from = prng.below(2);
    Transaction transaction;
    for (const char* queue : {"a", "b", "c", "d"}) {
      if (!prng.chance(1, 2)) continue;
      plan.queues.emplace_back(queue);
      add(broker.shard(from), broker.vhost(), transaction, queue, plan.body);
    }
    if (prng.chance(1, 2)) {
      const GetReply source = get("in", from);
      const Delivery& taken = source.bundle.deliveries.at(0);
      plan.source_body = bytes::to_string(taken.record.value);
      transaction.settle(broker.find("in"), ConsumerId(0), taken.offset, taken.offset, Settle::accept);
    }
    broker.shard(from).transactions().commit(std::move(transaction), [&plan](Result<void> result) {
      plan.answered = true;
      plan.done = result.has_value();
    });
    broker.shard(from).loop().post([] {});
    for (std::uint64_t steps = prng.below(30); steps > 0; --steps) broker.world.step();
  }
  for (std::uint64_t steps = prng.below(60); steps > 0; --steps) broker.world.step();
  // Answers that a crash cuts off must not be given later.
  std::vector<bool> told;
  for (const Plan& plan : plans) {
    EXPECT_EQ(plan.answered, plan.done);
    told.push_back(plan.done);
  }
  broker.kill();
  // Some crash again while they finish what was decided.
  if (prng.chance(1, 2)) {
    broker.start();
    for (std::uint64_t steps = prng.below(20); steps > 0; --steps) broker.world.step();
    broker.kill();
  }
  start();
  std::map<std::string, std::multiset<std::string>> found;
  for (const auto& name : names) found[name] = content(name);
  for (int i = 0; i < kPlans; ++i) {
    const Plan& plan = plans[i];
    if (plan.queues.empty()) continue;
    const bool happened = found[plan.queues[0]].contains(plan.body);
    if (told[i]) {
      EXPECT_TRUE(happened) << plan.body << " was told and is lost";
    }
    for (const auto& name : names) {
      const bool wanted = std::ranges::find(plan.queues, name) != plan.queues.end();
      EXPECT_EQ(found[name].count(plan.body), wanted && happened ? 1U : 0U) << plan.body << " in " << name;
    }
    if (plan.source_body.has_value()) {
      EXPECT_EQ(found["in"].count(*plan.source_body), happened ? 0U : 1U) << *plan.source_body << " of " << plan.body;
    }
  }
  broker.world.run_for(base::to_nanos(base::Millis(1000)));
  EXPECT_EQ(open(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TransactionsTest, ::testing::Range<std::uint64_t>(1, 61));

TEST(TransactionState, CommandsAndSnapshotsAgree) {
  model::BatchBuilder builder;
  builder.start({.enveloped = true});
  const bytes::ByteView body[] = {bytes::as_bytes("body")};
  model::BatchBuilder::Record record;
  record.value_parts = body;
  builder.add(record);
  const bytes::Slab batch = builder.finish();
  auto parts = std::make_shared<TransactionState::Parts>(2);
  (*parts)[0] = {ShardId(0), {{ObjectId(5), batch, 1}, {ObjectId(6), batch, 1}}, {}};
  (*parts)[1] = {
      ShardId(1), {{ObjectId(7), batch, 1}}, {{ObjectId(8), ConsumerId(3), Offset(10), Offset(12), SettleHow::reject}}};
  TransactionState state;
  TransactionState replica;
  const auto pass_on = [&] {
    bytes::ByteVector command;
    ASSERT_TRUE(state.take_command(command));
    ASSERT_TRUE(replica.apply(command));
    bytes::ByteVector snapshots[2];
    state.save_snapshot(snapshots[0]);
    replica.save_snapshot(snapshots[1]);
    EXPECT_EQ(snapshots[0], snapshots[1]);
    TransactionState loaded;
    ASSERT_TRUE(loaded.load_snapshot(snapshots[0]));
    snapshots[1].clear();
    loaded.save_snapshot(snapshots[1]);
    EXPECT_EQ(snapshots[0], snapshots[1]);
  };
  const TransactionId first = state.decide(parts);
  pass_on();
  ASSERT_EQ(replica.decided().size(), 1U);
  const TransactionState::Parts& got = *replica.decided().at(first);
  EXPECT_EQ(got[0].appends[1].queue, ObjectId(6));
  EXPECT_TRUE(bytes::equal(got[0].appends[1].batch.view(), batch.view()));
  EXPECT_EQ(got[0].appends[0].batch.data(), got[0].appends[1].batch.data());
  EXPECT_EQ(got[1].settles[0].last, Offset(12));
  EXPECT_EQ(got[1].settles[0].how, SettleHow::reject);
  state.note(ShardId(1), TransactionId(9));
  state.finish(first);
  pass_on();
  EXPECT_TRUE(replica.decided().empty());
  EXPECT_TRUE(replica.noted(ShardId(1), TransactionId(9)));
  state.forget(ShardId(1), TransactionId(9));
  pass_on();
  EXPECT_FALSE(replica.noted(ShardId(1), TransactionId(9)));
  EXPECT_GT(state.decide(parts), first);
  EXPECT_FALSE(replica.apply(bytes::ByteVector{9}));
  EXPECT_FALSE(replica.apply(bytes::ByteVector{1, 1, 1, 1, 200}));
  EXPECT_FALSE(replica.apply(bytes::ByteVector{1, 6, 1}));
}

}  // namespace
}  // namespace millrace::broker

#include <gtest/gtest.h>

#include <map>

#include "broker/queue_engine.h"

// Queues that give all to one of their consumers.
namespace millrace::broker {
namespace {

QueueEngine::ConsumerSpec competitor(std::uint64_t id, std::uint32_t prefetch = 0, std::int32_t priority = 0) {
  return {.id = ConsumerId(id), .priority = priority, .prefetch = prefetch, .window = 1 << 20, .auto_ack = false};
}

struct OneActive {
  explicit OneActive(std::int64_t end, const QueueEngine::Policy& policy)
      : state(true), engine(state, policy, Offset(0)) {
    engine.set_committed_end(Offset(end));
  }
  /// Delivers as long as possible; the offsets each consumer got, by slot.
  std::map<std::uint32_t, std::vector<std::int64_t>> deliver_all() {
    std::map<std::uint32_t, std::vector<std::int64_t>> got;
    while (engine.can_deliver()) {
      const auto next = engine.next();
      got[engine.deliver(next->offset, 10, 10).slot].push_back(next->offset.value);
      engine.check();
    }
    return got;
  }
  void accept(std::uint64_t id, std::int64_t first, std::int64_t last) {
    std::vector<QueueEngine::Dying> dying;
    engine.settle(ConsumerId(id), Offset(first), Offset(last), SettleHow::accept, dying);
    engine.check();
  }
  QueueState state;
  QueueEngine engine;
};

constexpr QueueEngine::Policy kGivesWay{.delivery_limit = {}, .single_active_consumer = true, .active_gives_way = true};

TEST(SingleActiveConsumer, OnlyOneSingleActiveConsumerUntilItGoes) {
  OneActive f(4, {.delivery_limit = {}, .single_active_consumer = true});
  f.engine.add_consumer(competitor(1, 1));
  f.engine.add_consumer(competitor(2, 1, 9));
  EXPECT_EQ(f.deliver_all().size(), 1U);
  EXPECT_EQ(f.engine.unacknowledged(), 1U);
  f.engine.remove_consumer(ConsumerId(1));
  const auto got = f.deliver_all();
  EXPECT_EQ(got.at(1), (std::vector<std::int64_t>{1}));
}

TEST(SingleActiveConsumer, TheNextActiveConsumerIsOfTheHighestPriorityThenTheOldest) {
  OneActive f(9, {.delivery_limit = {}, .single_active_consumer = true});
  f.engine.add_consumer(competitor(9, 1));
  f.engine.add_consumer(competitor(8, 1));  // ids tell nothing about age
  f.engine.add_consumer(competitor(7, 1, 5));
  f.engine.add_consumer(competitor(6, 1, 5));
  f.engine.add_consumer(competitor(5, 1));
  std::vector<std::uint32_t> order;
  for (const std::uint64_t id : {9, 7, 6, 8, 5}) {
    const auto got = f.deliver_all();
    ASSERT_EQ(got.size(), 1U);
    order.push_back(got.begin()->first);
    f.engine.remove_consumer(ConsumerId(id));
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 2, 3, 1, 4}));
  EXPECT_FALSE(f.engine.can_deliver());
}

TEST(SingleActiveConsumer, GivesWayToAHigherPriorityWhenItHoldsNothing) {
  using Offsets = std::vector<std::int64_t>;
  OneActive f(9, kGivesWay);
  f.engine.add_consumer(competitor(1, 2));
  EXPECT_EQ(f.deliver_all().at(0), (Offsets{0, 1}));
  f.engine.add_consumer(competitor(2, 2));  // of the same priority: it waits
  f.accept(1, 0, 0);
  EXPECT_EQ(f.deliver_all().at(0), (Offsets{2}));
  f.engine.add_consumer(competitor(3, 2, 5));
  EXPECT_FALSE(f.engine.can_deliver());
  f.accept(1, 1, 1);
  EXPECT_FALSE(f.engine.can_deliver());
  f.accept(1, 2, 2);
  EXPECT_EQ(f.deliver_all().at(2), (Offsets{3, 4}));
  // It stays there while one of lower priority comes, and then the oldest of the others follows.
  f.engine.add_consumer(competitor(4, 2, 4));
  f.accept(3, 3, 3);
  EXPECT_EQ(f.deliver_all().at(2), (Offsets{5}));
  f.engine.remove_consumer(ConsumerId(3));
  EXPECT_EQ(f.deliver_all().at(3), (Offsets{6, 7}));
}

TEST(SingleActiveConsumer, GivesWayAtOnceWhenItHoldsNothing) {
  OneActive f(3, kGivesWay);
  auto first = competitor(1);
  first.auto_ack = true;
  f.engine.add_consumer(first);
  EXPECT_EQ(f.deliver_all().at(0).size(), 3U);
  f.engine.add_consumer(competitor(2, 0, 1));
  f.engine.set_committed_end(Offset(5));
  EXPECT_EQ(f.deliver_all().at(1), (std::vector<std::int64_t>{3, 4}));
}

TEST(SingleActiveConsumer, GoesOnWhenWhoWaitedIsGone) {
  OneActive f(9, kGivesWay);
  f.engine.add_consumer(competitor(1, 2));
  f.deliver_all();
  f.engine.add_consumer(competitor(2, 2, 5));
  f.accept(1, 0, 0);
  EXPECT_FALSE(f.engine.can_deliver());
  f.engine.remove_consumer(ConsumerId(2));
  f.engine.check();
  EXPECT_EQ(f.deliver_all().at(0), (std::vector<std::int64_t>{2}));
}

}  // namespace
}  // namespace millrace::broker

#include <gtest/gtest.h>

#include <vector>

#include "broker/queue_engine.h"

namespace millrace::broker {
namespace {

/// An engine with `end` records and one consumer.
struct HoldingQueue {
  explicit HoldingQueue(std::int64_t end) : state(true), engine(state, {}, Offset(0)) {
    engine.set_committed_end(Offset(end));
  }
  void add_consumer(std::uint32_t prefetch) {
    engine.add_consumer({.id = ConsumerId(1), .prefetch = prefetch, .window = 1 << 20});
  }
  void deliver_all() {
    while (engine.can_deliver()) engine.deliver(engine.next()->offset, 10, 10);
  }
  void settle(std::int64_t first, std::int64_t last, SettleHow how) {
    std::vector<QueueEngine::Dying> dying;
    engine.settle(ConsumerId(1), Offset(first), Offset(last), how, dying);
  }
  QueueState state;
  QueueEngine engine;
};

TEST(QueueEngineState, KnowsWhatItsStateTakes) {
  HoldingQueue f(100'000);
  f.add_consumer(0);
  EXPECT_EQ(f.engine.memory_bytes(), 0U);
  while (f.engine.unacknowledged() < 50'000) f.engine.deliver(f.engine.next()->offset, 0, 0);
  EXPECT_EQ(f.engine.memory_bytes(), 50'000 * QueueEngine::kHeldBytes);
  // Every second one: the worst that settling can leave.
  for (std::int64_t i = 0; i < 50'000; i += 2) f.settle(i + 1, i + 1, SettleHow::accept);
  const std::uint64_t bitmaps = f.engine.memory_bytes() - f.engine.unacknowledged() * QueueEngine::kHeldBytes;
  EXPECT_GE(bitmaps, 50'000U / 8);
  EXPECT_LE(bitmaps, 50'000U / 8 * 3 / 2);
  f.settle(0, 99'999, SettleHow::requeue);
  EXPECT_GT(f.engine.memory_bytes(), bitmaps);
  f.engine.purge();
  EXPECT_EQ(f.engine.memory_bytes(), 0U);
}

TEST(QueueEngineState, ExpiresARangeButWhatIsHeld) {
  HoldingQueue f(1000);
  f.engine.add_bytes(10'000);
  f.add_consumer(10);
  f.deliver_all();
  f.settle(3, 4, SettleHow::requeue);
  f.engine.remove_consumer(ConsumerId(1));
  EXPECT_EQ(f.engine.expire(Offset(3), Offset(899)), 892U);
  f.engine.check();
  EXPECT_EQ(f.engine.unacknowledged(), 8U);
  EXPECT_EQ(f.engine.ready(), 100U);
  EXPECT_EQ(f.engine.bytes(), 1080U);
  EXPECT_EQ(f.engine.next()->offset, Offset(900));
  EXPECT_EQ(f.engine.expire(Offset(900), Offset(999)), 100U);
  EXPECT_EQ(f.engine.expire(Offset(0), Offset(999)), 0U);
  f.settle(0, 999, SettleHow::accept);
  EXPECT_EQ(f.state.settlement().floor(), Offset(1000));
}

}  // namespace
}  // namespace millrace::broker

#include "broker/queue_engine.h"

#include <gtest/gtest.h>

#include <map>

#include "base/prng.h"

namespace millrace::broker {
namespace {

using Policy = QueueEngine::Policy;
using Dying = QueueEngine::Dying;

QueueEngine::ConsumerSpec consumer(std::uint64_t id, std::uint32_t prefetch = 0, std::int32_t priority = 0) {
  return {.id = ConsumerId(id), .priority = priority, .prefetch = prefetch, .window = 1 << 20, .auto_ack = false};
}

struct Fixture {
  explicit Fixture(std::int64_t end, Policy policy = {}) : state(true), engine(state, policy, Offset(0)) {
    engine.set_committed_end(Offset(end));
  }
  /// Delivers as long as possible; the offsets each consumer got, by slot.
  std::map<std::uint32_t, std::vector<std::int64_t>> deliver_all() {
    std::map<std::uint32_t, std::vector<std::int64_t>> got;
    while (engine.can_deliver()) {
      const auto next = engine.next();
      EXPECT_TRUE(next.has_value());
      got[engine.deliver(next->offset, 10, 10).slot].push_back(next->offset.value);
      engine.check();
    }
    return got;
  }
  QueueEngine::Settled settle(std::uint64_t id, std::int64_t first, std::int64_t last, SettleHow how) {
    return engine.settle(ConsumerId(id), Offset(first), Offset(last), how, dying);
  }
  QueueState state;
  QueueEngine engine;
  std::vector<Dying> dying;
};

using Offsets = std::vector<std::int64_t>;

TEST(QueueEngine, ConsumersTakeTurnsWithinTheirPrefetch) {
  Fixture f(10);
  f.engine.add_consumer(consumer(1, 2));
  f.engine.add_consumer(consumer(2, 3));
  const auto got = f.deliver_all();
  EXPECT_EQ(got.at(0), (Offsets{0, 2}));
  EXPECT_EQ(got.at(1), (Offsets{1, 3, 4}));
  EXPECT_EQ(f.engine.ready(), 5U);
  EXPECT_EQ(f.engine.unacknowledged(), 5U);
  f.settle(1, 0, 2, SettleHow::accept);  // 1 is not its own
  EXPECT_EQ(f.engine.unacknowledged(), 3U);
  EXPECT_EQ(f.deliver_all().at(0), (Offsets{5, 6}));
}

TEST(QueueEngine, ClientsTogetherHoldALimitedNumber) {
  Policy policy;
  policy.held_max = base::Bytes(5 * QueueEngine::kHeldBytes + 1);
  Fixture f(10, policy);
  f.engine.add_consumer(consumer(1));
  f.engine.add_consumer(consumer(2));
  f.engine.take(f.engine.next()->offset, 10, false);
  const auto got = f.deliver_all();
  EXPECT_EQ(got.at(0).size() + got.at(1).size(), 4U);
  EXPECT_FALSE(f.engine.may_hold_more());
  f.engine.settle(ConsumerId(0), Offset(0), Offset(0), SettleHow::accept, f.dying);
  EXPECT_TRUE(f.engine.can_deliver());
  EXPECT_EQ(f.deliver_all().size(), 1U);
  f.settle(1, 0, 9, SettleHow::accept);
  f.settle(2, 0, 9, SettleHow::accept);
  f.deliver_all();
  EXPECT_EQ(f.engine.ready(), 0U);
}

TEST(QueueEngine, AnAllowanceLimitsAConsumerAsItChanges) {
  Fixture f(10);
  auto spec = consumer(1);
  spec.credit = std::make_shared<ConsumerCredit>();
  spec.credit->allowance = 2;
  f.engine.add_consumer(spec);
  EXPECT_EQ(f.deliver_all().at(0), (Offsets{0, 1}));
  f.engine.set_allowance(ConsumerId(1), 3);
  EXPECT_EQ(f.deliver_all().at(0), (Offsets{2}));
  f.engine.set_allowance(ConsumerId(1), 0);
  f.settle(1, 0, 1, SettleHow::accept);
  EXPECT_FALSE(f.engine.can_deliver());
  f.engine.set_allowance(ConsumerId(1), UINT32_MAX);
  EXPECT_EQ(f.deliver_all().at(0).size(), 7U);
  f.engine.set_allowance(ConsumerId(7), 1);
}

TEST(QueueEngine, WhatComesBackMayHaveToWait) {
  Policy policy;
  policy.delayed_retry = catalog::DelayedRetry::failed;
  policy.delivery_limit = 2;
  Fixture f(3, policy);
  f.engine.add_consumer(consumer(1));
  f.deliver_all();
  f.settle(1, 0, 0, SettleHow::give_back);
  f.settle(1, 1, 1, SettleHow::fail);
  f.settle(1, 2, 2, SettleHow::give_back);
  EXPECT_EQ(f.deliver_all().at(0), (Offsets{0, 2})) << "what comes back waits";
  auto retries = f.engine.take_retries();
  ASSERT_EQ(retries.size(), 1U);
  EXPECT_EQ(retries[0].offset, Offset(1));
  EXPECT_EQ(retries[0].failures, 1U);
  EXPECT_EQ(f.engine.unacknowledged(), 3U);
  f.engine.retry(Offset(1));
  f.engine.check();
  EXPECT_EQ(f.deliver_all().at(0), (Offsets{1}));
  f.settle(1, 1, 1, SettleHow::requeue);
  EXPECT_TRUE(f.engine.take_retries().empty()) << "that is no failure";
  f.deliver_all();
  f.settle(1, 1, 1, SettleHow::fail);
  EXPECT_EQ(f.engine.take_retries().at(0).failures, 2U);
  f.engine.retry(Offset(1));
  f.engine.retry(Offset(1));
  f.deliver_all();
  f.settle(1, 1, 1, SettleHow::fail);
  EXPECT_TRUE(f.engine.take_retries().empty()) << "the limit is not waited for";
  f.engine.retry(Offset(1));
  f.settle(1, 0, 2, SettleHow::accept);
  EXPECT_EQ(f.state.settlement().floor(), Offset(3));
}

TEST(QueueEngine, ReturnsThatAreNoFailuresMayHaveToWait) {
  Policy policy;
  policy.delayed_retry = catalog::DelayedRetry::returned;
  policy.delivery_limit = 0;
  Fixture f(2, policy);
  f.engine.add_consumer(consumer(1));
  for (int i = 0; i < 50; ++i) {
    f.deliver_all();
    f.settle(1, 1, 1, SettleHow::requeue);
    const auto retries = f.engine.take_retries();
    ASSERT_EQ(retries.size(), 1U) << "they come back as often as it takes";
    EXPECT_EQ(retries[0].failures, 0U);
    f.engine.retry(Offset(1));
  }
  EXPECT_EQ(f.state.returns(Offset(1)).returns, 50U);
  f.settle(1, 0, 0, SettleHow::fail);
  EXPECT_TRUE(f.state.settlement().is_settled(Offset(0))) << "over the limit";
}

// A restart finds those that wait, wherever the cursor is then.
TEST(QueueEngine, WaitingGoesOnAfterARestart) {
  Policy policy;
  policy.delayed_retry = catalog::DelayedRetry::all;
  for (const std::uint8_t max_priority : {std::uint8_t{0}, std::uint8_t{3}}) {
    policy.max_priority = max_priority;
    QueueState state(true);
    for (std::int64_t offset = 0; offset < 5 && max_priority > 0; ++offset) state.set_level(Offset(offset), 2);
    QueueEngine engine(state, policy, Offset(5));
    engine.add_consumer(consumer(1));
    while (engine.can_deliver()) engine.deliver(engine.next()->offset, 10, 10);
    std::vector<Dying> dying;
    engine.settle(ConsumerId(1), Offset(1), Offset(1), SettleHow::fail, dying);
    engine.settle(ConsumerId(1), Offset(3), Offset(3), SettleHow::requeue, dying);
    for (const auto& retry : engine.take_retries())
      state.set_due(retry.offset, base::Timestamp(1000 + retry.offset.value));
    bytes::ByteVector command;
    ASSERT_TRUE(state.take_command(command, true));
    bytes::ByteVector snapshot;
    state.save_snapshot(snapshot);
    QueueState from_command(true);
    ASSERT_TRUE(from_command.apply(command));
    QueueState from_snapshot(true);
    ASSERT_TRUE(from_snapshot.load_snapshot(snapshot));
    for (QueueState* recovered : {&from_command, &from_snapshot}) {
      auto waiting = recovered->waiting();
      std::ranges::sort(waiting);
      ASSERT_EQ(waiting.size(), 2U);
      EXPECT_EQ(waiting[0], std::pair(base::Timestamp(1001), Offset(1)));
      EXPECT_EQ(waiting[1], std::pair(base::Timestamp(1003), Offset(3)));
      EXPECT_EQ(recovered->returns(Offset(1)).failures, 1U);
      EXPECT_EQ(recovered->returns(Offset(3)).failures, 0U);
      EXPECT_EQ(recovered->returns(Offset(3)).returns, 1U);
      QueueEngine again(*recovered, policy, Offset(5));
      again.add_consumer(consumer(2));
      again.check();
      const auto given = [&again] {
        Offsets offsets;
        while (again.can_deliver()) {
          offsets.push_back(again.next()->offset.value);
          again.deliver(Offset(offsets.back()), 10, 10);
        }
        return offsets;
      };
      EXPECT_EQ(again.ready(), 3U);
      again.retry(Offset(3));  // before the cursor came there
      EXPECT_EQ(given(), (Offsets{0, 2, 3, 4}));
      again.retry(Offset(1));  // behind it
      EXPECT_EQ(given(), (Offsets{1}));
      again.check();
      EXPECT_TRUE(recovered->waiting().empty());
    }
  }
}

TEST(QueueEngine, HigherPriorityGoesFirstWhileItHasCredit) {
  Fixture f(5);
  f.engine.add_consumer(consumer(1));
  f.engine.add_consumer(consumer(2, 2, 5));
  const auto got = f.deliver_all();
  EXPECT_EQ(got.at(1), (Offsets{0, 1}));
  EXPECT_EQ(got.at(0), (Offsets{2, 3, 4}));
}

TEST(QueueEngine, GivenBackRecordsComeFirstAndInOrder) {
  Fixture f(6);
  f.engine.add_consumer(consumer(1, 4));
  f.deliver_all();
  f.settle(1, 2, 2, SettleHow::requeue);
  f.settle(1, 0, 0, SettleHow::requeue);
  EXPECT_EQ(f.engine.ready(), 4U);
  auto next = f.engine.next();
  EXPECT_EQ(next->offset, Offset(0));
  const auto first = f.engine.deliver(next->offset, 10, 10);
  EXPECT_TRUE(first.redelivered);
  EXPECT_EQ(first.returns, 1U);
  EXPECT_EQ(first.failures, 0U);
  next = f.engine.next();
  EXPECT_EQ(next->offset, Offset(2));
  f.engine.deliver(next->offset, 10, 10);
  EXPECT_FALSE(f.engine.can_deliver());
  EXPECT_EQ(f.engine.next()->offset, Offset(4));
}

TEST(QueueEngine, GivingBackUnseenRecordsLeavesNoTrace) {
  Fixture f(1);
  f.engine.add_consumer(consumer(1));
  f.deliver_all();
  f.engine.remove_consumer(ConsumerId(1));
  f.settle(1, 0, 0, SettleHow::give_back);
  const auto taken = f.engine.take(f.engine.next()->offset, 10, false);
  EXPECT_FALSE(taken.redelivered);
  EXPECT_EQ(taken.returns, 0U);
}

TEST(QueueEngine, WindowStopsAConsumerUntilItIsReturned) {
  Fixture f(10);
  auto spec = consumer(1);
  spec.window = 25;
  spec.auto_ack = true;
  f.engine.add_consumer(spec);
  EXPECT_EQ(f.deliver_all().at(0).size(), 3U);
  f.engine.return_window(ConsumerId(1), 10);
  EXPECT_EQ(f.deliver_all().at(0).size(), 1U);
  EXPECT_EQ(f.engine.unacknowledged(), 0U);
  EXPECT_EQ(f.state.settlement().floor(), Offset(4));
}

TEST(QueueEngine, DeliveryLimitEndsTheRetries) {
  Fixture f(1, {.delivery_limit = 2, .dead_letters = true});
  f.engine.add_consumer(consumer(1));
  for (int i = 0; i < 2; ++i) {
    f.deliver_all();
    f.settle(1, 0, 0, SettleHow::fail);
    EXPECT_TRUE(f.dying.empty());
  }
  f.deliver_all();
  f.settle(1, 0, 0, SettleHow::fail);
  ASSERT_EQ(f.dying.size(), 1U);
  EXPECT_EQ(f.dying[0].reason, DeathReason::delivery_limit);
  EXPECT_EQ(f.engine.ready(), 0U);
  f.engine.finish_dying(Offset(0));
  EXPECT_EQ(f.state.settlement().floor(), Offset(1));
}

TEST(QueueEngine, RejectedWithoutDeadLettersIsGone) {
  Fixture f(2);
  f.engine.add_consumer(consumer(1));
  f.deliver_all();
  EXPECT_EQ(f.settle(1, 0, 1, SettleHow::reject).rejected, 2U);
  EXPECT_TRUE(f.dying.empty());
  EXPECT_EQ(f.state.settlement().floor(), Offset(2));
}

TEST(QueueEngine, PurgeLeavesWhatIsHeld) {
  Fixture f(100);
  f.engine.add_bytes(1000);
  f.engine.add_consumer(consumer(1, 3));
  f.deliver_all();
  f.settle(1, 1, 1, SettleHow::requeue);
  f.engine.remove_consumer(ConsumerId(1));
  EXPECT_EQ(f.engine.purge(), 98U);
  EXPECT_EQ(f.engine.ready(), 0U);
  EXPECT_EQ(f.engine.unacknowledged(), 2U);
  EXPECT_EQ(f.engine.bytes(), 20U);
  f.engine.set_committed_end(Offset(101));
  EXPECT_EQ(f.engine.next()->offset, Offset(100));
  f.settle(1, 0, 99, SettleHow::accept);
  EXPECT_EQ(f.state.settlement().floor(), Offset(100));
}

TEST(QueueEngine, PurgeOfTenMillionIsCheap) {
  Fixture f(10'000'000);
  EXPECT_EQ(f.engine.purge(), 10'000'000U);
  bytes::ByteVector command;
  ASSERT_TRUE(f.state.take_command(command, false));
  EXPECT_LT(command.size(), 100U);
}

TEST(QueueEngine, HolesBehindTheEndAreNotCounted) {
  Fixture f(10);
  f.engine.add_hole(Offset(10), Offset(14));
  EXPECT_EQ(f.engine.ready(), 10U);
  f.engine.set_committed_end(Offset(20));
  EXPECT_EQ(f.engine.ready(), 15U);
  f.engine.add_consumer(consumer(1));
  EXPECT_EQ(f.deliver_all().at(0), (Offsets{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19}));
}

TEST(QueueEngine, ADamagedRangeIsSkipped) {
  Fixture f(10);
  f.engine.add_consumer(consumer(1, 2));
  f.deliver_all();
  EXPECT_EQ(f.engine.skip(Offset(1), Offset(5)), 4U);
  EXPECT_EQ(f.engine.ready(), 4U);
  f.settle(1, 0, 1, SettleHow::accept);
  EXPECT_EQ(f.state.settlement().floor(), Offset(6));
  EXPECT_EQ(f.engine.next()->offset, Offset(6));
}

TEST(QueueEngine, WhatWasDeliveredBeforeARestartIsMarked) {
  Fixture f(4);
  f.engine.add_consumer(consumer(1, 2));
  f.deliver_all();
  f.settle(1, 0, 0, SettleHow::accept);
  bytes::ByteVector command;
  ASSERT_TRUE(f.state.take_command(command, false));
  QueueState recovered(true);
  ASSERT_TRUE(recovered.apply(command));
  QueueEngine engine(recovered, {}, Offset(4));
  EXPECT_EQ(engine.ready(), 3U);
  EXPECT_TRUE(engine.take(engine.next()->offset, 10, false).redelivered);   // 1
  EXPECT_FALSE(engine.take(engine.next()->offset, 10, false).redelivered);  // 2
}

// ---- The engine against a queue of the simplest kind

struct Model {
  enum class Place { ready, back, held, dying, gone };
  struct Record {
    Place place = Place::ready;
    std::uint64_t holder = 0;
    std::uint32_t returns = 0;
    std::uint32_t failures = 0;
    std::uint64_t bytes = 0;
    std::uint8_t level = 0;
  };
  struct Taker {
    QueueEngine::ConsumerSpec spec;
    std::uint64_t window_used = 0;
    std::uint64_t holds = 0;
  };
  std::map<std::int64_t, Record> records;
  std::map<std::uint64_t, Taker> takers;

  std::optional<std::int64_t> next(Place place) const {
    for (const auto& [offset, record] : records) {
      if (record.place == place) return offset;
    }
    return std::nullopt;
  }
  /// Of the highest level, given back before fresh, the oldest.
  std::optional<std::int64_t> next() const {
    const auto rank = [](const Record& record) { return 2 * record.level + (record.place == Place::back ? 1 : 0); };
    std::optional<std::int64_t> best;
    for (const auto& [offset, record] : records) {
      if (record.place != Place::ready && record.place != Place::back) continue;
      if (!best.has_value() || rank(record) > rank(records.at(*best))) best = offset;
    }
    return best;
  }
  std::uint64_t count(Place place) const {
    std::uint64_t n = 0;
    for (const auto& [offset, record] : records) n += record.place == place ? 1 : 0;
    return n;
  }
  std::uint64_t bytes(std::initializer_list<Place> places) const {
    std::uint64_t sum = 0;
    for (const auto& [offset, record] : records) {
      if (std::find(places.begin(), places.end(), record.place) != places.end()) sum += record.bytes;
    }
    return sum;
  }
  std::uint64_t ready() const { return count(Place::ready) + count(Place::back); }
  static bool has_credit(const Taker& t) {
    return t.window_used < t.spec.window && (t.spec.auto_ack || t.spec.prefetch == 0 || t.holds < t.spec.prefetch);
  }
  bool anyone() const {
    for (const auto& [id, taker] : takers) {
      if (has_credit(taker)) return true;
    }
    return false;
  }
};

class ModelRun {
 public:
  explicit ModelRun(std::uint64_t seed) : prng_(seed), state_(std::make_unique<QueueState>(true)) {
    policy_.dead_letters = prng_.chance(1, 2);
    if (prng_.chance(1, 2)) policy_.delivery_limit = static_cast<std::uint32_t>(prng_.below(3));
    policy_.max_priority = prng_.chance(1, 2) ? static_cast<std::uint8_t>(prng_.between(1, 5)) : 0;
    state_->count_exactly(true);
    engine_ = std::make_unique<QueueEngine>(*state_, policy_, Offset(0));
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      compare();
      if (::testing::Test::HasFailure()) return;
    }
  }

 private:
  using Place = Model::Place;

  void step() {
    switch (prng_.below(16)) {
      case 0:
      case 1:
        return append();
      case 2:
        return add_consumer();
      case 3:
        if (prng_.chance(1, 3)) remove_consumer();
        return;
      case 4:
        return take();
      case 5:
        if (prng_.chance(1, 10)) purge();
        return;
      case 6:
        if (prng_.chance(1, 20)) restart();
        return;
      case 7:
        return finish_dying();
      case 8:
        if (prng_.chance(1, 10)) drop_head();
        return;
      case 9:
        return return_window();
      case 10:
        if (prng_.chance(1, 10)) skip();
        return;
      case 11:
      case 12:
      case 13:
        return settle();
      default:
        return deliver();
    }
  }

  void append() {
    if (prng_.chance(1, 10)) {
      const auto width = static_cast<std::int64_t>(prng_.between(1, 5));
      engine_->add_hole(Offset(end_), Offset(end_ + width - 1));
      EXPECT_EQ(engine_->ready(), model_.ready());
      end_ += width;
    }
    const auto count = static_cast<std::int64_t>(prng_.between(1, 30));
    const std::int64_t first = end_;
    for (std::int64_t i = 0; i < count; ++i) {
      Model::Record& record = model_.records[end_++];
      record.bytes = prng_.below(10);
      record.level = static_cast<std::uint8_t>(prng_.below(policy_.max_priority + std::uint64_t{1}));
      if (!policy_.dead_letters || !prng_.chance(1, 20)) continue;
      state_->refuse(Offset(end_ - 1));
      record.place = Place::dying;
      refused_.insert(end_ - 1);
    }
    engine_->set_committed_end(Offset(end_));
    std::vector<Dying> dying;
    for (std::int64_t offset = first; offset < end_; ++offset) {
      engine_->count(Offset(offset), model_.records[offset].bytes);
      if (policy_.max_priority > 0) state_->set_level(Offset(offset), model_.records[offset].level);
      if (!refused_.contains(offset)) continue;
      EXPECT_TRUE(engine_->doom(Offset(offset), DeathReason::max_length, dying));
      EXPECT_FALSE(engine_->doom(Offset(offset), DeathReason::max_length, dying));
      EXPECT_EQ(dying.back().offset, Offset(offset));
      if (prng_.chance(1, 2)) decide(offset);
    }
    state_->set_counted_end(Offset(end_));
  }

  void decide(std::int64_t offset) {
    auto route = std::make_shared<MoveRoute>();
    route->exchange = "dead";
    route->targets.push_back({ObjectId(9), ShardId(1)});
    state_->add_intent(Offset(offset), {DeathReason::rejected, Timestamp(7), route});
    engine_->decide_dying(Offset(offset));
    intents_.insert(offset);
    refused_.erase(offset);
    doomed_.erase(offset);
  }

  void note_delivered(const Model::Record& record, std::int64_t offset) {
    std::int64_t& end = delivered_end_[record.level];
    end = std::max(end, offset + 1);
  }

  void add_consumer() {
    if (model_.takers.size() >= 6) return;
    const QueueEngine::ConsumerSpec spec{.id = ConsumerId(next_consumer_++),
                                         .priority = static_cast<std::int32_t>(prng_.below(3)),
                                         .prefetch = static_cast<std::uint32_t>(prng_.below(8)),
                                         .window = prng_.between(5, 60),
                                         .auto_ack = prng_.chance(1, 4)};
    const std::uint32_t slot = engine_->add_consumer(spec);
    slots_[slot] = spec.id.value;
    model_.takers[spec.id.value] = {spec, 0, 0};
  }

  std::uint64_t any_taker() {
    auto it = model_.takers.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(prng_.below(model_.takers.size())));
    return it->first;
  }

  void remove_consumer() {
    if (model_.takers.empty()) return;
    const std::uint64_t id = any_taker();
    EXPECT_TRUE(engine_->remove_consumer(ConsumerId(id)));
    model_.takers.erase(id);
    gone_.push_back(id);
  }

  void return_window() {
    if (model_.takers.empty()) return;
    Model::Taker& taker = model_.takers[any_taker()];
    const std::uint64_t amount = prng_.below(taker.window_used + 1);
    taker.window_used -= amount;
    engine_->return_window(taker.spec.id, amount);
  }

  void deliver() {
    for (std::uint64_t n = prng_.between(1, 10); n > 0 && engine_->can_deliver(); --n) {
      const auto expected = model_.next();
      const auto next = engine_->next();
      ASSERT_TRUE(next.has_value() && expected.has_value());
      ASSERT_EQ(next->offset.value, *expected);
      Model::Record& record = model_.records[*expected];
      const std::uint64_t size = record.bytes;
      const auto how = engine_->deliver(next->offset, size, size);
      Model::Taker& taker = model_.takers.at(slots_.at(how.slot));
      ASSERT_TRUE(Model::has_credit(taker));
      for (const auto& [id, other] : model_.takers) {
        ASSERT_FALSE(other.spec.priority > taker.spec.priority && Model::has_credit(other));
      }
      EXPECT_EQ(how.returns, record.returns);
      EXPECT_EQ(how.failures, record.failures);
      EXPECT_EQ(how.redelivered, record.returns > 0 || *expected < delivered_before_restart_[record.level]);
      taker.window_used += size;
      if (taker.spec.auto_ack) {
        record.place = Place::gone;
      } else {
        ++taker.holds;
        record.place = Place::held;
        record.holder = taker.spec.id.value;
        note_delivered(record, *expected);
      }
    }
  }

  void take() {
    const auto next = engine_->next();
    const auto expected = model_.next();
    ASSERT_EQ(next.has_value(), expected.has_value());
    if (!next.has_value()) return;
    ASSERT_EQ(next->offset.value, *expected);
    const bool auto_ack = prng_.chance(1, 2);
    Model::Record& record = model_.records[*expected];
    engine_->take(next->offset, record.bytes, auto_ack);
    record.place = auto_ack ? Place::gone : Place::held;
    record.holder = 0;
    if (!auto_ack) note_delivered(record, *expected);
  }

  void settle() {
    std::vector<std::uint64_t> ids = gone_;
    ids.push_back(0);
    for (const auto& [id, taker] : model_.takers) ids.push_back(id);
    const std::uint64_t id = ids[prng_.below(ids.size())];
    const auto first = static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(end_) + 2));
    const auto last = first + static_cast<std::int64_t>(prng_.chance(1, 4) ? prng_.below(1000) : prng_.below(8));
    const auto how = static_cast<SettleHow>(prng_.below(5));
    std::vector<Dying> dying;
    engine_->settle(ConsumerId(id), Offset(first), Offset(last), how, dying);
    std::size_t dead = 0;
    for (auto it = model_.records.lower_bound(first); it != model_.records.end() && it->first <= last; ++it) {
      Model::Record& record = it->second;
      if (record.place != Place::held || record.holder != id) continue;
      if (const auto taker = model_.takers.find(id); taker != model_.takers.end()) --taker->second.holds;
      bool dies = how == SettleHow::reject;
      record.place = how == SettleHow::accept ? Place::gone : Place::back;
      if (how == SettleHow::requeue || how == SettleHow::fail) ++record.returns;
      if (how == SettleHow::fail) ++record.failures;
      if (how == SettleHow::fail) dies = record.failures > policy_.delivery_limit.value_or(UINT32_MAX);
      if (!dies) continue;
      record.place = policy_.dead_letters ? Place::dying : Place::gone;
      if (!policy_.dead_letters) continue;
      ASSERT_LT(dead, dying.size());
      EXPECT_EQ(dying[dead++].offset.value, it->first);
      doomed_.insert(it->first);
      if (prng_.chance(1, 2)) decide(it->first);
    }
    EXPECT_EQ(dead, dying.size());
  }

  void finish_dying() {
    const auto offset = model_.next(Place::dying);
    if (!offset.has_value()) return;
    engine_->finish_dying(Offset(*offset));
    model_.records[*offset].place = Place::gone;
    intents_.erase(*offset);
    refused_.erase(*offset);
    doomed_.erase(*offset);
  }

  void purge() {
    EXPECT_EQ(engine_->purge(), model_.ready());
    for (auto& [offset, record] : model_.records) {
      if (record.place == Place::ready || record.place == Place::back) record.place = Place::gone;
    }
  }

  void drop_head() {
    const auto offset = model_.next();
    if (!offset.has_value()) return;
    std::vector<Dying> dying;
    EXPECT_EQ(engine_->next()->offset.value, *offset);
    const auto reason = prng_.chance(1, 2) ? DeathReason::max_length : DeathReason::expired;
    engine_->let_go(Offset(*offset), model_.records[*offset].bytes, reason, dying);
    EXPECT_EQ(dying.size(), policy_.dead_letters ? 1U : 0U);
    model_.records[*offset].place = policy_.dead_letters ? Place::dying : Place::gone;
  }

  void skip() {
    const auto first = static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(end_) + 1));
    const std::int64_t last = std::min(end_ - 1, first + static_cast<std::int64_t>(prng_.below(10)));
    if (last < first) return;
    std::uint64_t lost = 0;
    for (auto it = model_.records.lower_bound(first); it != model_.records.end() && it->first <= last; ++it) {
      if (it->second.place != Place::ready && it->second.place != Place::back) continue;
      it->second.place = Place::gone;
      ++lost;
    }
    EXPECT_EQ(engine_->skip(Offset(first), Offset(last)), lost);
    // Nobody knows how large they were: all is counted again.
    engine_->forget_count();
    for (const auto& [offset, record] : model_.records) engine_->count(Offset(offset), record.bytes);
    state_->set_counted_end(Offset(end_));
  }

  std::unique_ptr<QueueState> recover() {
    bytes::ByteVector command;
    if (state_->take_command(command, true)) journal_.push_back(command);
    auto recovered = std::make_unique<QueueState>(true);
    if (!snapshot_.empty()) {
      EXPECT_TRUE(recovered->load_snapshot(snapshot_));
    }
    for (const auto& one : journal_) EXPECT_TRUE(recovered->apply(one));
    recovered->count_exactly(true);
    return recovered;
  }

  // What is held or given back is ready again; so is what was dying for another reason than a client's word.
  void restart() {
    state_ = recover();
    engine_ = std::make_unique<QueueEngine>(*state_, policy_, Offset(end_));
    model_.takers.clear();
    gone_.clear();
    slots_.clear();
    delivered_before_restart_ = delivered_end_;
    for (auto& [offset, record] : model_.records) {
      if (record.place == Place::held || record.place == Place::back) record.place = Place::ready;
      const bool decided = intents_.contains(offset) || refused_.contains(offset) || doomed_.contains(offset);
      if (record.place == Place::dying && !decided) record.place = Place::ready;
    }
  }

  void compare() {
    engine_->check();
    EXPECT_EQ(engine_->ready(), model_.ready());
    EXPECT_EQ(engine_->unacknowledged(), model_.count(Place::held));
    EXPECT_EQ(engine_->dying(), model_.count(Place::dying));
    EXPECT_EQ(engine_->bytes(), model_.bytes({Place::ready, Place::back, Place::held}));
    EXPECT_EQ(engine_->ready_bytes(), model_.bytes({Place::ready, Place::back}));
    EXPECT_EQ(engine_->can_deliver(), model_.ready() > 0 && model_.anyone());
    bytes::ByteVector command;
    if (prng_.chance(1, 3) && state_->take_command(command, prng_.chance(1, 2))) journal_.push_back(command);
    if (prng_.chance(1, 50)) {
      // A snapshot may hold changes that come again in a later command.
      journal_.clear();
      snapshot_.clear();
      state_->save_snapshot(snapshot_);
    }
    if (!prng_.chance(1, 20)) return;
    const auto recovered = recover();
    EXPECT_EQ(recovered->settlement(), state_->settlement());
    for (std::uint8_t level = 0; level <= policy_.max_priority; ++level) {
      EXPECT_EQ(recovered->delivered_end(level), state_->delivered_end(level));
    }
    EXPECT_TRUE(recovered->levels() == state_->levels());
    EXPECT_EQ(recovered->intents().size(), state_->intents().size());
    EXPECT_EQ(recovered->refused(), state_->refused());
    EXPECT_EQ(recovered->refused().size(), refused_.size());
    EXPECT_EQ(recovered->doomed(), state_->doomed());
    EXPECT_EQ(recovered->doomed().size(), doomed_.size());
    EXPECT_EQ(recovered->bytes(), state_->bytes());
    EXPECT_EQ(recovered->counted_end(), Offset(end_));
    for (const auto& [offset, record] : model_.records) {
      const bool gone = record.place == Place::gone;
      ASSERT_EQ(state_->settlement().is_settled(Offset(offset)), gone) << offset;
      ASSERT_EQ(recovered->returns(Offset(offset)).returns, gone ? 0 : record.returns) << offset;
      ASSERT_EQ(recovered->returns(Offset(offset)).failures, gone ? 0 : record.failures) << offset;
    }
  }

  base::Prng prng_;
  Policy policy_;
  std::unique_ptr<QueueState> state_;
  std::unique_ptr<QueueEngine> engine_;
  Model model_;
  std::int64_t end_ = 0;
  std::map<std::uint8_t, std::int64_t> delivered_end_;  // by level
  std::map<std::uint8_t, std::int64_t> delivered_before_restart_;
  std::uint64_t next_consumer_ = 1;
  std::map<std::uint32_t, std::uint64_t> slots_;
  std::vector<std::uint64_t> gone_;
  std::set<std::int64_t> intents_;
  std::set<std::int64_t> refused_;
  std::set<std::int64_t> doomed_;
  std::vector<bytes::ByteVector> journal_;
  bytes::ByteVector snapshot_;
};

TEST(QueueEngine, BehavesLikeTheModelForAnySequence) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    ModelRun run(seed);
    run.run(1000);
    if (HasFailure()) return;
  }
}

TEST(QueueState, RefusesWhatItDoesNotKnow) {
  QueueState state(true);
  EXPECT_FALSE(state.apply(bytes::ByteVector{4}));
  EXPECT_FALSE(state.load_snapshot(bytes::ByteVector{4, 0}));
  for (const std::uint8_t version : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
    EXPECT_FALSE(state.apply(bytes::ByteVector{version, 99}));
    EXPECT_FALSE(state.apply(bytes::ByteVector{version, 1, 5}));
    EXPECT_FALSE(state.load_snapshot(bytes::ByteVector{version, 200, 1}));
  }
}

}  // namespace
}  // namespace millrace::broker

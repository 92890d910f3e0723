#include "broker/queue_engine.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::broker {

QueueEngine::QueueEngine(QueueState& state, const Policy& policy, Offset committed_end)
    : state_(state),
      policy_(policy),
      end_(committed_end),
      cursor_(state.settlement().floor()),
      recovered_end_(committed_end),
      delivered_before_(state.delivered_end()) {
  for (const auto& [offset, intent] : state_.intents()) dying_.insert(offset.value);
}

void QueueEngine::set_committed_end(Offset end) {
  MILLRACE_ASSERT(end >= end_, "committed end went back from {} to {}", end_.value, end.value);
  end_ = end;
  if (end_ >= holes_end_) holes_beyond_ = 0;
}

void QueueEngine::add_hole(Offset first, Offset last) {
  MILLRACE_ASSERT(first >= end_ && last >= first);
  holes_beyond_ += state_.settle(first, last);
  holes_end_ = std::max(holes_end_, last + Offset(1));
  recovered_end_ = std::max(recovered_end_, holes_end_);
}

std::uint64_t QueueEngine::ready() const {
  const storage::Settlement& settlement = state_.settlement();
  if (settlement.floor() >= end_) return 0;
  const std::int64_t unsettled =
      end_.value - settlement.floor().value - (settlement.count_above_floor() - holes_beyond_);
  const auto held = static_cast<std::int64_t>(outstanding_.size() + dying_.size());
  return unsettled > held ? static_cast<std::uint64_t>(unsettled - held) : 0;
}

std::uint64_t QueueEngine::mean_bytes() const {
  const std::uint64_t records = ready() + outstanding_.size();
  return records == 0 ? 0 : bytes_ / records;
}

// ---- Consumers

QueueEngine::Level& QueueEngine::level_of(std::int32_t priority) {
  auto it = std::find_if(levels_.begin(), levels_.end(), [&](const Level& l) { return l.priority <= priority; });
  if (it == levels_.end() || it->priority != priority) it = levels_.insert(it, Level{priority, {}});
  return *it;
}

bool QueueEngine::may_have_more(const Consumer& consumer) const {
  if (consumer.window_used >= consumer.spec.window || consumer.holds >= kMaxHeld) return false;
  return consumer.spec.auto_ack || consumer.spec.prefetch == 0 || consumer.holds < consumer.spec.prefetch;
}

void QueueEngine::enqueue(std::uint32_t slot) {
  Consumer& consumer = consumers_[slot];
  if (consumer.queued || !consumer.live || !may_have_more(consumer)) return;
  if (policy_.single_active_consumer && active_ != slot) return;
  consumer.queued = true;
  level_of(consumer.spec.priority).turn.push_back(slot);
}

void QueueEngine::dequeue(std::uint32_t slot) {
  Consumer& consumer = consumers_[slot];
  if (!consumer.queued) return;
  consumer.queued = false;
  std::erase(level_of(consumer.spec.priority).turn, slot);
}

void QueueEngine::activate_one() {
  active_.reset();
  const auto goes_before = [this](std::uint32_t a, std::uint32_t b) {
    const Consumer& first = consumers_[a];
    const Consumer& second = consumers_[b];
    if (first.spec.priority != second.spec.priority) return first.spec.priority > second.spec.priority;
    return first.number < second.number;
  };
  for (const auto& [id, slot] : slot_of_) {
    if (!active_.has_value() || goes_before(slot, *active_)) active_ = slot;
  }
  if (active_.has_value()) enqueue(*active_);
}

std::uint32_t QueueEngine::add_consumer(const ConsumerSpec& spec) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(consumers_.size());
    consumers_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  const bool added = slot_of_.emplace(spec.id.value, slot).second;
  MILLRACE_ASSERT(added, "consumer {} is there already", spec.id.value);
  consumers_[slot] = {.spec = spec, .number = ++last_number_, .live = true};
  if (policy_.single_active_consumer && !active_.has_value()) active_ = slot;
  enqueue(slot);
  return slot;
}

bool QueueEngine::remove_consumer(ConsumerId consumer) {
  const auto it = slot_of_.find(consumer.value);
  if (it == slot_of_.end()) return false;
  const std::uint32_t slot = it->second;
  dequeue(slot);
  consumers_[slot].live = false;
  free_slots_.push_back(slot);
  slot_of_.erase(it);
  std::erase_if(levels_, [&](const Level& level) { return level.turn.empty(); });
  if (active_ == slot) activate_one();
  return true;
}

void QueueEngine::return_window(ConsumerId consumer, std::uint64_t bytes) {
  const auto it = slot_of_.find(consumer.value);
  if (it == slot_of_.end()) return;
  Consumer& entry = consumers_[it->second];
  entry.window_used -= std::min(bytes, entry.window_used);
  enqueue(it->second);
}

bool QueueEngine::has_credit() const {
  return std::any_of(levels_.begin(), levels_.end(), [](const Level& level) { return !level.turn.empty(); });
}

// ---- Delivery

std::optional<QueueEngine::Next> QueueEngine::next() {
  if (!given_back_.empty()) return Next{Offset(*given_back_.begin()), Offset(*given_back_.rbegin() + 1), true};
  while (cursor_ < recovered_end_) {
    const Offset unsettled = state_.settlement().next_unsettled(cursor_);
    cursor_ = unsettled;
    if (dying_.empty() || !dying_.contains(cursor_.value)) break;
    cursor_ += Offset(1);
  }
  if (cursor_ >= end_) return std::nullopt;
  return Next{cursor_, end_, false};
}

void QueueEngine::take_out(Offset offset) {
  if (offset == cursor_ && (given_back_.empty() || *given_back_.begin() != offset.value)) {
    MILLRACE_ASSERT(cursor_ < end_);
    cursor_ += Offset(1);
    return;
  }
  const auto erased = given_back_.erase(offset.value);
  MILLRACE_ASSERT(erased == 1, "offset {} is not ready", offset.value);
}

QueueEngine::Delivered QueueEngine::describe(Offset offset) const {
  Delivered delivered;
  delivered.delivery_count = state_.returns(offset);
  delivered.redelivered = delivered.delivery_count > 0 || offset < delivered_before_;
  return delivered;
}

QueueEngine::Delivered QueueEngine::deliver(Offset offset, std::uint64_t bytes, std::uint64_t window_bytes) {
  const auto level =
      std::find_if(levels_.begin(), levels_.end(), [](const Level& candidate) { return !candidate.turn.empty(); });
  MILLRACE_ASSERT(level != levels_.end(), "nobody has credit");
  const std::uint32_t slot = level->turn.front();
  level->turn.pop_front();
  Consumer& consumer = consumers_[slot];
  consumer.queued = false;

  take_out(offset);
  Delivered delivered = describe(offset);
  delivered.slot = slot;
  delivered.auto_ack = consumer.spec.auto_ack;
  consumer.window_used += window_bytes;
  if (consumer.spec.auto_ack) {
    state_.settle(offset, offset);
    forget_bytes(bytes);
  } else {
    ++consumer.holds;
    outstanding_.emplace(offset.value, Holding{consumer.spec.id, static_cast<std::uint32_t>(bytes)});
    state_.mark_delivered(offset + Offset(1));
  }
  if (may_have_more(consumer)) {
    consumer.queued = true;
    level->turn.push_back(slot);
  }
  return delivered;
}

QueueEngine::Delivered QueueEngine::take(Offset offset, std::uint64_t bytes, bool auto_ack) {
  take_out(offset);
  Delivered delivered = describe(offset);
  delivered.auto_ack = auto_ack;
  if (auto_ack) {
    state_.settle(offset, offset);
    forget_bytes(bytes);
  } else {
    outstanding_.emplace(offset.value, Holding{ConsumerId(0), static_cast<std::uint32_t>(bytes)});
    state_.mark_delivered(offset + Offset(1));
  }
  return delivered;
}

std::uint64_t QueueEngine::skip(Offset first, Offset last) {
  const std::uint64_t before = ready();
  for (auto it = given_back_.lower_bound(first.value); it != given_back_.end() && *it <= last.value;) {
    it = given_back_.erase(it);
  }
  if (first <= cursor_ && cursor_ <= last) cursor_ = last + Offset(1);
  if (first > cursor_) recovered_end_ = std::max(recovered_end_, last + Offset(1));
  // What is outstanding or dying there is settled by its own end.
  Offset from = first;
  std::vector<std::int64_t> kept;
  for (const auto& [offset, holding] : outstanding_) {
    if (offset >= first.value && offset <= last.value) kept.push_back(offset);
  }
  for (const std::int64_t offset : dying_) {
    if (offset >= first.value && offset <= last.value) kept.push_back(offset);
  }
  std::sort(kept.begin(), kept.end());
  for (const std::int64_t offset : kept) {
    if (from.value < offset) state_.settle(from, Offset(offset - 1));
    from = Offset(offset + 1);
  }
  if (from <= last) state_.settle(from, last);
  const std::uint64_t after = ready();
  return before > after ? before - after : 0;
}

// ---- Settlement

std::vector<std::int64_t> QueueEngine::held_in(ConsumerId consumer, Offset first, Offset last) const {
  std::vector<std::int64_t> offsets;
  for (const auto& [offset, holding] : outstanding_) {
    if (offset >= first.value && offset <= last.value && holding.consumer == consumer) offsets.push_back(offset);
  }
  std::sort(offsets.begin(), offsets.end());
  return offsets;
}

QueueEngine::Settled QueueEngine::settle(ConsumerId consumer, Offset first, Offset last, SettleHow how,
                                         std::vector<Dying>& dying) {
  Settled settled;
  last = std::min(last, end_ - Offset(1));
  if (last < first) return settled;
  const auto settle_one = [&](std::int64_t offset) {
    const auto it = outstanding_.find(offset);
    if (it == outstanding_.end() || it->second.consumer != consumer) return;
    const Holding holding = it->second;
    outstanding_.erase(it);
    release(offset, holding, how, settled, dying);
  };
  const auto width = static_cast<std::uint64_t>(last.value) - static_cast<std::uint64_t>(first.value);
  if (width > 2 * outstanding_.size() + 16) {
    for (const std::int64_t offset : held_in(consumer, first, last)) settle_one(offset);
  } else {
    for (std::int64_t offset = first.value; offset <= last.value; ++offset) settle_one(offset);
  }
  const auto it = slot_of_.find(consumer.value);
  if (it != slot_of_.end()) {
    consumers_[it->second].holds -= settled.accepted + settled.requeued + settled.rejected;
    enqueue(it->second);
  }
  return settled;
}

void QueueEngine::release(std::int64_t offset, const Holding& holding, SettleHow how, Settled& settled,
                          std::vector<Dying>& dying) {
  switch (how) {
    case SettleHow::accept:
      ++settled.accepted;
      state_.settle(Offset(offset), Offset(offset));
      forget_bytes(holding.bytes);
      return;
    case SettleHow::requeue:
      ++settled.requeued;
      if (state_.count_return(Offset(offset)) > policy_.delivery_limit.value_or(UINT32_MAX)) {
        forget_bytes(holding.bytes);
        let_die(Offset(offset), DeathReason::delivery_limit, dying);
      } else {
        given_back_.insert(offset);
      }
      return;
    case SettleHow::give_back:
      ++settled.requeued;
      given_back_.insert(offset);
      return;
    case SettleHow::reject:
      ++settled.rejected;
      forget_bytes(holding.bytes);
      let_die(Offset(offset), DeathReason::rejected, dying);
      return;
  }
}

void QueueEngine::let_die(Offset offset, DeathReason reason, std::vector<Dying>& dying) {
  if (!policy_.dead_letters) {
    state_.settle(offset, offset);
    return;
  }
  dying_.insert(offset.value);
  dying.push_back({offset, reason});
}

void QueueEngine::finish_dying(Offset offset) {
  const auto erased = dying_.erase(offset.value);
  MILLRACE_ASSERT(erased == 1, "offset {} is not dying", offset.value);
  state_.settle(offset, offset);
}

std::uint64_t QueueEngine::purge() {
  const std::uint64_t count = ready();
  const std::uint64_t removed_bytes = mean_bytes() * count;
  const Offset floor = state_.settlement().floor();
  if (end_ > floor) skip(floor, end_ - Offset(1));
  cursor_ = std::max(cursor_, end_);
  given_back_.clear();
  if (outstanding_.empty()) {
    bytes_ = 0;
  } else {
    forget_bytes(removed_bytes);
  }
  MILLRACE_ASSERT(ready() == 0);
  return count;
}

void QueueEngine::expire(Offset offset, std::uint64_t bytes, std::vector<Dying>& dying) {
  take_out(offset);
  forget_bytes(bytes);
  let_die(offset, DeathReason::expired, dying);
}

void QueueEngine::drop_head(std::vector<Dying>& dying) {
  const std::uint64_t size = mean_bytes();
  const std::optional<Next> oldest = next();
  MILLRACE_ASSERT(oldest.has_value());
  take_out(oldest->offset);
  forget_bytes(size);
  let_die(oldest->offset, DeathReason::max_length, dying);
}

void QueueEngine::check() const {
  const storage::Settlement& settlement = state_.settlement();
  for (const auto& [offset, holding] : outstanding_) {
    MILLRACE_ASSERT(offset < cursor_.value && !settlement.is_settled(Offset(offset)), "outstanding {}", offset);
    MILLRACE_ASSERT(!given_back_.contains(offset) && !dying_.contains(offset), "outstanding {}", offset);
  }
  for (const std::int64_t offset : given_back_) {
    MILLRACE_ASSERT(offset < cursor_.value && !settlement.is_settled(Offset(offset)), "given back {}", offset);
    MILLRACE_ASSERT(!dying_.contains(offset), "given back {}", offset);
  }
  for (const std::int64_t offset : dying_) MILLRACE_ASSERT(!settlement.is_settled(Offset(offset)), "dying {}", offset);
  std::uint64_t held = 0;
  for (const auto& [id, slot] : slot_of_) {
    const Consumer& consumer = consumers_[slot];
    MILLRACE_ASSERT(consumer.live && consumer.spec.id.value == id);
    held += consumer.holds;
    const bool wanted = may_have_more(consumer) && (!policy_.single_active_consumer || active_ == slot);
    MILLRACE_ASSERT(consumer.queued == wanted, "consumer {} is forgotten", id);
  }
  MILLRACE_ASSERT(held <= outstanding_.size());
}

}  // namespace millrace::broker

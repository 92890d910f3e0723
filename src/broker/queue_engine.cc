#include "broker/queue_engine.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::broker {

namespace {

/// Who holds records that wait for their next delivery.
constexpr ConsumerId kWaiting{UINT64_MAX};

}  // namespace

QueueEngine::QueueEngine(QueueState& state, const Policy& policy, Offset committed_end)
    : state_(state),
      policy_(policy),
      end_(committed_end),
      recovered_end_(std::max(committed_end, state.named_end())),
      places_(std::size_t{policy.max_priority} + 1) {
  for (std::size_t level = 0; level < places_.size(); ++level) {
    places_[level].cursor = state.settlement().floor();
    places_[level].delivered_before = state.delivered_end(static_cast<std::uint8_t>(level));
  }
  for (const auto& [offset, intent] : state_.intents()) dying_.emplace(offset.value, 0);
  for (const Offset offset : state_.refused()) dying_.emplace(offset.value, 0);
  for (const auto& [offset, reason] : state_.doomed()) dying_.emplace(offset.value, 0);
  for (const auto& [due, offset] : state_.waiting()) {
    if (offset < end_ && !dying_.contains(offset.value)) outstanding_.emplace(offset.value, Holding{kWaiting, 0});
  }
}

/// A record that came back and is not ready yet; the cursor need not have passed it before a restart.
bool QueueEngine::waits(Offset offset) const {
  const auto it = outstanding_.find(offset.value);
  return it != outstanding_.end() && it->second.consumer == kWaiting;
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

std::uint64_t QueueEngine::memory_bytes() const {
  // A table's slot has a byte of its own; after it grew, 7 of 16 are in use. A channel's list has 32 bytes for each
  // delivery and doubles.
  constexpr std::size_t kSlot = sizeof(decltype(outstanding_)::value_type) + 1;
  constexpr std::size_t kChannelSlot = 32;
  static_assert(kSlot * 16 / 7 + kChannelSlot * 2 <= kHeldBytes);
  constexpr std::uint64_t kGivenBack = 48;
  constexpr std::uint64_t kDying = 64;
  std::uint64_t bytes = state_.memory_bytes() + outstanding_.size() * kHeldBytes + dying_.size() * kDying;
  for (const Place& place : places_) bytes += place.given_back.size() * kGivenBack;
  return bytes;
}

std::uint64_t QueueEngine::mean_bytes() const {
  const std::uint64_t records = ready() + outstanding_.size();
  return records == 0 ? 0 : bytes() / records;
}

void QueueEngine::forget_count() {
  state_.forget_count();
  for (auto& [offset, holding] : outstanding_) holding.bytes = 0;
  for (auto& [offset, bytes] : dying_) bytes = 0;
  held_bytes_ = 0;
  doomed_bytes_ = 0;
}

void QueueEngine::count(Offset offset, std::uint64_t bytes) {
  if (state_.settlement().is_settled(offset)) return;
  if (state_.intents().contains(offset) || state_.refused().contains(offset) || state_.doomed().contains(offset))
    return;
  state_.add_bytes(bytes);
  if (const auto held = outstanding_.find(offset.value); held != outstanding_.end()) {
    held_bytes_ += bytes - held->second.bytes;
    held->second.bytes = bytes;
  } else if (const auto dying = dying_.find(offset.value); dying != dying_.end()) {
    doomed_bytes_ += bytes - dying->second;
    dying->second = bytes;
  }
}

// ---- Consumers

QueueEngine::Level& QueueEngine::level_of(std::int32_t priority) {
  auto it = std::find_if(levels_.begin(), levels_.end(), [&](const Level& l) { return l.priority <= priority; });
  if (it == levels_.end() || it->priority != priority) it = levels_.insert(it, Level{priority, {}});
  return *it;
}

bool QueueEngine::may_have_more(const Consumer& consumer) const {
  const ConsumerCredit& credit = *consumer.spec.credit;
  if (credit.window_used >= consumer.spec.window) return false;
  if (consumer.spec.auto_ack) return true;
  if (credit.holds >= credit.allowance) return false;
  return consumer.spec.prefetch == 0 || credit.holds < consumer.spec.prefetch;
}

void QueueEngine::enqueue(std::uint32_t slot) {
  Consumer& consumer = consumers_[slot];
  if (consumer.queued || !consumer.live || !may_have_more(consumer)) return;
  if (policy_.single_active_consumer && (active_ != slot || outranked_)) return;
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
  outranked_ = false;
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

void QueueEngine::check_outranked() {
  if (!policy_.active_gives_way || !active_.has_value()) return;
  const std::int32_t priority = consumers_[*active_].spec.priority;
  outranked_ = std::any_of(slot_of_.begin(), slot_of_.end(),
                           [&](const auto& entry) { return consumers_[entry.second].spec.priority > priority; });
  if (outranked_) dequeue(*active_);
  refresh(*active_);
}

void QueueEngine::refresh(std::uint32_t slot) {
  if (outranked_ && active_ == slot && consumers_[slot].spec.credit->holds == 0) return activate_one();
  enqueue(slot);
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
  auto& credit = consumers_[slot].spec.credit;
  if (credit == nullptr) credit = std::make_shared<ConsumerCredit>();
  if (policy_.single_active_consumer && !active_.has_value()) active_ = slot;
  enqueue(slot);
  check_outranked();
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
  if (active_ == slot) {
    activate_one();
  } else {
    check_outranked();
  }
  return true;
}

void QueueEngine::return_window(ConsumerId consumer, std::uint64_t bytes) {
  const auto it = slot_of_.find(consumer.value);
  if (it == slot_of_.end()) return;
  Consumer& entry = consumers_[it->second];
  std::uint64_t& used = entry.spec.credit->window_used;
  used -= std::min(bytes, used);
  enqueue(it->second);
}

void QueueEngine::set_allowance(ConsumerId consumer, std::uint32_t most) {
  const auto it = slot_of_.find(consumer.value);
  if (it == slot_of_.end()) return;
  Consumer& entry = consumers_[it->second];
  entry.spec.credit->allowance = most;
  may_have_more(entry) ? enqueue(it->second) : dequeue(it->second);
}

void QueueEngine::wake(ConsumerId consumer) {
  const auto it = slot_of_.find(consumer.value);
  if (it != slot_of_.end()) refresh(it->second);
}

QueueEngine::Level* QueueEngine::served_level() {
  for (Level& level : levels_) {
    while (!level.turn.empty() && !may_have_more(consumers_[level.turn.front()])) {
      consumers_[level.turn.front()].queued = false;
      level.turn.pop_front();
    }
    if (!level.turn.empty()) return &level;
  }
  return nullptr;
}

// ---- Delivery

std::optional<QueueEngine::Next> QueueEngine::next() {
  if (leveled()) return next_by_level();
  Place& place = places_.front();
  if (!place.given_back.empty()) {
    const Offset until(*place.given_back.rbegin() + 1);
    return Next{Offset(*place.given_back.begin()), until, true, 0, true};
  }
  Offset& cursor = place.cursor;
  while (cursor < recovered_end_) {
    const Offset unsettled = state_.settlement().next_unsettled(cursor);
    cursor = unsettled;
    if (!dying_.contains(cursor.value) && !waits(cursor)) break;
    cursor += Offset(1);
  }
  if (cursor >= end_) return std::nullopt;
  return Next{cursor, end_};
}

std::optional<QueueEngine::Next> QueueEngine::next_by_level() {
  for (const auto& [level, members] : state_.levels()) {
    Place& place = places_.at(level);
    if (!place.given_back.empty()) {
      const Offset until(*place.given_back.rbegin() + 1);
      return Next{Offset(*place.given_back.begin()), until, true, level, true};
    }
    for (auto fresh = members.next(place.cursor); fresh.has_value() && *fresh < end_;
         fresh = members.next(place.cursor)) {
      place.cursor = *fresh;
      if (!dying_.contains(fresh->value) && !waits(*fresh)) return Next{*fresh, end_, false, level, true};
      place.cursor += Offset(1);
    }
  }
  return std::nullopt;
}

std::uint8_t QueueEngine::take_out(Offset offset) {
  const std::uint8_t level = level_of(offset);
  Place& place = places_.at(level);
  if (offset == place.cursor && !place.given_back.contains(offset.value)) {
    MILLRACE_ASSERT(place.cursor < end_);
    place.cursor += Offset(1);
    return level;
  }
  const auto erased = place.given_back.erase(offset.value);
  MILLRACE_ASSERT(erased == 1, "offset {} is not ready", offset.value);
  return level;
}

QueueEngine::Delivered QueueEngine::describe(Offset offset, std::uint8_t level) const {
  Delivered delivered;
  const Returns history = state_.returns(offset);
  delivered.returns = history.returns;
  delivered.failures = history.failures;
  delivered.redelivered = history.returns > 0 || offset < places_[level].delivered_before;
  return delivered;
}

QueueEngine::Delivered QueueEngine::deliver(Offset offset, std::uint64_t bytes, std::uint64_t window_bytes) {
  Level* level = served_level();
  MILLRACE_ASSERT(level != nullptr, "nobody has credit");
  const std::uint32_t slot = level->turn.front();
  level->turn.pop_front();
  Consumer& consumer = consumers_[slot];
  consumer.queued = false;

  const std::uint8_t level_of_record = take_out(offset);
  Delivered delivered = describe(offset, level_of_record);
  delivered.slot = slot;
  delivered.auto_ack = consumer.spec.auto_ack;
  consumer.spec.credit->window_used += window_bytes;
  if (consumer.spec.auto_ack) {
    state_.settle(offset, offset);
    state_.forget_bytes(bytes);
  } else {
    ++consumer.spec.credit->holds;
    hold(offset, level_of_record, consumer.spec.id, bytes);
  }
  if (may_have_more(consumer)) {
    consumer.queued = true;
    level->turn.push_back(slot);
  }
  return delivered;
}

QueueEngine::Delivered QueueEngine::take(Offset offset, std::uint64_t bytes, bool auto_ack) {
  const std::uint8_t level = take_out(offset);
  Delivered delivered = describe(offset, level);
  delivered.auto_ack = auto_ack;
  if (auto_ack) {
    state_.settle(offset, offset);
    state_.forget_bytes(bytes);
  } else {
    hold(offset, level, ConsumerId(0), bytes);
  }
  return delivered;
}

void QueueEngine::hold(Offset offset, std::uint8_t level, ConsumerId consumer, std::uint64_t bytes) {
  outstanding_.emplace(offset.value, Holding{consumer, bytes});
  held_bytes_ += bytes;
  state_.mark_delivered(offset + Offset(1), level);
}

std::uint64_t QueueEngine::skip(Offset first, Offset last) {
  const std::uint64_t before = ready();
  for (Place& place : places_) {
    auto& back = place.given_back;
    if (!back.empty()) back.erase(back.lower_bound(first.value), back.upper_bound(last.value));
  }
  if (Offset& cursor = places_.front().cursor; !leveled()) {
    if (first <= cursor && cursor <= last) cursor = last + Offset(1);
    if (first > cursor) recovered_end_ = std::max(recovered_end_, last + Offset(1));
  }
  // What is outstanding or dying there is settled by its own end.
  Offset from = first;
  std::vector<std::int64_t> kept;
  for (const auto& [offset, holding] : outstanding_) {
    if (offset >= first.value && offset <= last.value) kept.push_back(offset);
  }
  for (const auto& [offset, bytes] : dying_) {
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
    consumers_[it->second].spec.credit->holds -= settled.accepted + settled.requeued + settled.rejected;
    refresh(it->second);
  }
  return settled;
}

void QueueEngine::release(std::int64_t offset, const Holding& holding, SettleHow how, Settled& settled,
                          std::vector<Dying>& dying) {
  held_bytes_ -= holding.bytes;
  switch (how) {
    case SettleHow::accept:
      ++settled.accepted;
      state_.settle(Offset(offset), Offset(offset));
      state_.forget_bytes(holding.bytes);
      return;
    case SettleHow::requeue:
    case SettleHow::fail:
      ++settled.requeued;
      come_back(Offset(offset), holding, how == SettleHow::fail, dying);
      return;
    case SettleHow::give_back:
      ++settled.requeued;
      give_back(Offset(offset));
      return;
    case SettleHow::reject:
      ++settled.rejected;
      let_die(Offset(offset), holding.bytes, DeathReason::rejected, dying);
      return;
  }
}

void QueueEngine::come_back(Offset offset, const Holding& holding, bool failed, std::vector<Dying>& dying) {
  using catalog::DelayedRetry;
  const std::uint32_t failures = state_.count_return(offset, failed).failures;
  if (failures > policy_.delivery_limit.value_or(UINT32_MAX)) {
    return let_die(offset, holding.bytes, DeathReason::delivery_limit, dying);
  }
  const DelayedRetry concerned = failed ? DelayedRetry::failed : DelayedRetry::returned;
  if (policy_.delayed_retry != DelayedRetry::all && policy_.delayed_retry != concerned) return give_back(offset);
  // Nobody's, and not ready.
  outstanding_.emplace(offset.value, Holding{kWaiting, holding.bytes});
  held_bytes_ += holding.bytes;
  retries_.push_back({offset, failures});
}

bool QueueEngine::delay(Offset offset, std::uint64_t bytes) {
  MILLRACE_ASSERT(leveled() && offset < end_, "offset {}", offset.value);
  if (state_.settlement().is_settled(offset) || dying_.contains(offset.value)) return false;
  if (offset < places_[level_of(offset)].cursor) return false;
  if (!outstanding_.emplace(offset.value, Holding{kWaiting, bytes}).second) return false;
  held_bytes_ += bytes;
  return true;
}

void QueueEngine::retry(Offset offset) {
  const auto it = outstanding_.find(offset.value);
  if (it == outstanding_.end() || it->second.consumer != kWaiting) return;
  held_bytes_ -= it->second.bytes;
  outstanding_.erase(it);
  state_.forget_due(offset);
  // After a restart the cursor may still come to it.
  if (offset < places_[level_of(offset)].cursor) give_back(offset);
}

void QueueEngine::let_die(Offset offset, std::uint64_t bytes, DeathReason reason, std::vector<Dying>& dying) {
  if (!policy_.dead_letters) {
    state_.settle(offset, offset);
    state_.forget_bytes(bytes);
    return;
  }
  bytes = std::min(bytes, this->bytes());
  if (reason == DeathReason::rejected || reason == DeathReason::delivery_limit) {
    // A client's word that counts from this turn's round on; the other reasons are found again after a restart.
    state_.forget_bytes(bytes);
    state_.doom(offset, reason);
    bytes = 0;
  }
  doomed_bytes_ += bytes;
  dying_.emplace(offset.value, bytes);
  dying.push_back({offset, reason});
}

std::uint64_t QueueEngine::expire(Offset first, Offset last) {
  const std::uint64_t mean = mean_bytes();
  const std::uint64_t count = skip(first, last);
  const bool none_left = ready() == 0 && outstanding_.empty();
  state_.forget_bytes(none_left ? bytes() : std::min(bytes(), mean * count));
  return count;
}

bool QueueEngine::doom(Offset offset, DeathReason reason, std::vector<Dying>& dying) {
  MILLRACE_ASSERT(offset < end_ && !outstanding_.contains(offset.value));
  if (dying_.contains(offset.value)) return false;
  recovered_end_ = std::max(recovered_end_, offset + Offset(1));
  let_die(offset, 0, reason, dying);
  return true;
}

void QueueEngine::decide_dying(Offset offset) {
  const auto it = dying_.find(offset.value);
  MILLRACE_ASSERT(it != dying_.end(), "offset {} is not dying", offset.value);
  const std::uint64_t bytes = std::exchange(it->second, 0);
  doomed_bytes_ -= bytes;
  state_.forget_bytes(bytes);
}

void QueueEngine::finish_dying(Offset offset) {
  decide_dying(offset);
  dying_.erase(offset.value);
  state_.settle(offset, offset);
}

void QueueEngine::settle_ready(Offset first, Offset last, bool reject, std::vector<Dying>& dying) {
  last = std::min(last, end_ - Offset(1));
  if (last < first) return;
  // What goes ahead of the cursor is passed over when the cursor gets there.
  recovered_end_ = std::max(recovered_end_, last + Offset(1));
  for (Offset offset = first; offset <= last; offset += Offset(1)) {
    if (state_.settlement().is_settled(offset) || outstanding_.contains(offset.value) ||
        dying_.contains(offset.value)) {
      continue;
    }
    const std::uint64_t bytes = mean_bytes();
    places_.at(level_of(offset)).given_back.erase(offset.value);
    if (reject) {
      let_die(offset, bytes, DeathReason::rejected, dying);
    } else {
      state_.settle(offset, offset);
      state_.forget_bytes(bytes);
    }
  }
}

std::uint64_t QueueEngine::purge() {
  const std::uint64_t count = ready();
  const std::uint64_t removed_bytes = outstanding_.empty() ? bytes() : ready_bytes();
  const Offset floor = state_.settlement().floor();
  if (end_ > floor) skip(floor, end_ - Offset(1));
  for (Place& place : places_) {
    place.cursor = std::max(place.cursor, end_);
    place.given_back.clear();
  }
  state_.forget_bytes(removed_bytes);
  MILLRACE_ASSERT(ready() == 0);
  return count;
}

void QueueEngine::let_go(Offset offset, std::uint64_t bytes, DeathReason reason, std::vector<Dying>& dying) {
  take_out(offset);
  let_die(offset, bytes, reason, dying);
}

void QueueEngine::check() const {
  const storage::Settlement& settlement = state_.settlement();
  for (const auto& [offset, holding] : outstanding_) {
    const Place& place = places_[level_of(Offset(offset))];
    const bool passed = offset < place.cursor.value || holding.consumer == kWaiting;
    MILLRACE_ASSERT(passed && !settlement.is_settled(Offset(offset)), "outstanding {}", offset);
    MILLRACE_ASSERT(!place.given_back.contains(offset) && !dying_.contains(offset), "outstanding {}", offset);
  }
  for (std::size_t level = 0; level < places_.size(); ++level) {
    const Place& place = places_[level];
    for (const std::int64_t offset : place.given_back) {
      MILLRACE_ASSERT(offset < place.cursor.value && !settlement.is_settled(Offset(offset)), "given back {}", offset);
      MILLRACE_ASSERT(!dying_.contains(offset) && level_of(Offset(offset)) == level, "given back {}", offset);
    }
  }
  std::uint64_t doomed = 0;
  for (const auto& [offset, bytes] : dying_) {
    MILLRACE_ASSERT(!settlement.is_settled(Offset(offset)), "dying {}", offset);
    doomed += bytes;
  }
  MILLRACE_ASSERT(doomed == doomed_bytes_ && doomed <= state_.bytes());
  std::uint64_t held = 0;
  for (const auto& [id, slot] : slot_of_) {
    const Consumer& consumer = consumers_[slot];
    MILLRACE_ASSERT(consumer.live && consumer.spec.id.value == id);
    held += consumer.spec.credit->holds;
    const bool wanted =
        may_have_more(consumer) && (!policy_.single_active_consumer || (active_ == slot && !outranked_));
    MILLRACE_ASSERT(consumer.queued || !wanted, "consumer {} is forgotten", id);
  }
  MILLRACE_ASSERT(held <= outstanding_.size());
}

}  // namespace millrace::broker

#include <algorithm>

#include <fmt/format.h>
#include "base/log.h"
#include "broker/move_source.h"

#include "broker/queue.h"
#include "broker/shard.h"
#include "broker/source_log.h"

// What leaves a queue: deliveries, answers to gets, and what has waited too long.
namespace millrace::broker {

namespace {

// A timer looks again after this time at the latest: somebody may have set the clock meanwhile.
constexpr base::Millis kLongestWait{600'000};

}  // namespace

void Queue::skipped(Offset first, Offset last, bool damaged) {
  if (lose(first, last, damaged) == 0 || !inspects()) return;
  // Nobody can tell any more how large they were.
  engine_->forget_count();
  start_inspection(std::max(inspected_until_, engine_->committed_end()));
}

/// Nothing readable is there. Returns how many messages were thought to be.
std::uint64_t Queue::lose(Offset first, Offset last, bool damaged) {
  if (last < first) return 0;
  const std::uint64_t lost = engine_->skip(first, last);
  schedule_.changed(*this);
  if (source_ != nullptr && last < source_->start()) tell_lost(lost);
  if (damaged && lost > 0) {
    base::log::warning("queue {}: records {} to {} are damaged; {} messages are skipped", definition_.name, first.value,
                       last.value, lost);
  }
  return lost;
}

/// A topic does not wait for those who read it.
void Queue::tell_lost(std::uint64_t lost) {
  if (lost == 0) return;
  lost_ += lost;
  add(shard_.counters().lost, lost);
  base::log::warning("queue {}: {} records went by the topic's retention before they were settled", definition_.name,
                     lost);
}

RecordReader& Queue::reader_for(const QueueEngine::Next& next) {
  if (next.given_back) return *back_reader_;
  if (!has_levels()) return *fresh_reader_;
  auto it = level_readers_.find(next.level);
  if (it == level_readers_.end()) {
    if (level_readers_.size() >= kMaxLevelReaders) level_readers_.erase(level_readers_.begin());
    it = level_readers_.emplace(next.level, make_reader()).first;
  }
  return *it->second;
}

void Queue::release_readers() {
  fresh_reader_->release();
  back_reader_->release();
  level_readers_.clear();
}

Queue::Fetched Queue::fetch(const QueueEngine::Next& next, RecordReader::Found& found) {
  switch (reader_for(next).find(next.offset, next.until, found)) {
    case RecordReader::Status::loading:
      return Fetched::wait;
    case RecordReader::Status::failed:
      schedule_.retry_later(*this);
      return Fetched::wait;
    case RecordReader::Status::none:
      skipped(next.offset, next.alone ? next.offset : next.until - Offset(1), false);
      return Fetched::again;
    case RecordReader::Status::found:
      break;
  }
  if (found.offset == next.offset) return Fetched::found;
  skipped(next.offset, next.alone ? next.offset : found.offset - Offset(1), false);
  return Fetched::again;
}

bool Queue::serve_gets() {
  while (!gets_.empty()) {
    if (expired_range_ != nullptr) return false;
    if (!gets_.front().auto_ack && !engine_->may_hold_more()) {
      auto done = std::move(gets_.front().done);
      gets_.pop_front();
      done(base::fail(BrokerErrc::too_many,
                      fmt::format("{} messages of the queue are not acknowledged", engine_->unacknowledged())));
      continue;
    }
    GetReply reply;
    reply.bundle.queue = ref();
    if (const auto next = engine_->next(); next.has_value()) {
      RecordReader::Found found;
      const Fetched fetched = fetch(*next, found);
      if (fetched == Fetched::wait) return false;
      if (fetched == Fetched::again) continue;
      if (is_overdue(found)) {
        if (!let_expire(found)) return false;
        continue;
      }
      overdue_in_row_ = 0;
      const auto how = engine_->take(found.offset, size_of(found), gets_.front().auto_ack);
      if (how.auto_ack) schedule_.changed(*this);
      add_delivery(reply.bundle, found, {how.returns, how.failures, how.redelivered});
      add(shard_.counters().delivered, 1);
      add(shard_.counters().redelivered, how.redelivered ? 1 : 0);
    }
    reply.remaining = engine_->ready();
    auto done = std::move(gets_.front().done);
    gets_.pop_front();
    done(std::move(reply));
  }
  return true;
}

bool Queue::deliver(WorkBudget& budget) {
  bool more = false;
  bool settled = false;
  while (engine_->can_deliver() && expired_range_ == nullptr) {
    if (budget.spent()) {
      more = true;
      break;
    }
    const auto next = engine_->next();
    if (!next.has_value()) break;
    RecordReader::Found found;
    const Fetched fetched = fetch(*next, found);
    if (fetched == Fetched::wait) break;
    if (fetched == Fetched::again) continue;
    const std::uint64_t window = window_cost(found);
    if (is_overdue(found)) {
      if (!let_expire(found)) break;
      budget.take(window);
      continue;
    }
    overdue_in_row_ = 0;
    const QueueEngine::Delivered how = engine_->deliver(found.offset, size_of(found), window);
    settled = settled || how.auto_ack;
    Member& member = members_[how.slot];
    if (member.bundle == nullptr) {
      member.bundle = std::make_unique<DeliveryBundle>();
      member.bundle->queue = ref();
      member.bundle->consumer = member.request.consumer;
      with_bundle_.push_back(how.slot);
    }
    add_delivery(*member.bundle, found, {how.returns, how.failures, how.redelivered});
    add(shard_.counters().redelivered, how.redelivered ? 1 : 0);
    budget.take(window);
  }
  if (settled || state_.mark_pending()) schedule_.changed(*this);
  send_bundles();
  return more;
}

void Queue::send_bundles() {
  for (const std::uint32_t slot : with_bundle_) {
    Member& member = members_[slot];
    add(shard_.counters().delivered, member.bundle->deliveries.size());
    const ShardId home = member.request.home;
    auto bundle = std::exchange(member.bundle, nullptr);
    if (home == shard_.id()) {
      shard_.consumers().deliver(std::move(bundle));
    } else {
      shard_.mailbox().send(
          home, [bundle = std::move(bundle)](Shard& there) mutable { there.consumers().deliver(std::move(bundle)); });
    }
  }
  with_bundle_.clear();
}

// ---- What has waited too long

/// False for all records of a queue that has nothing to do with expiry.
bool Queue::may_expire(Offset offset) const {
  if (definition_.settings.delays) return true;
  return definition_.settings.message_time_to_live.has_value() || offset < state_.expiring_end();
}

/// That of a message without a time is at once.
Timestamp Queue::deadline_of(Timestamp appended_at, std::optional<Millis> time) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max() - std::max<std::int64_t>(appended_at.value, 0);
  return Timestamp(appended_at.value + std::min(time.value_or(Millis(0)).value, most));
}

/// The message's own time or the queue's, whichever is shorter, from the moment it was appended.
std::optional<Timestamp> Queue::deadline_of(const RecordReader::Found& found) const {
  std::optional<Millis> time = definition_.settings.message_time_to_live;
  const std::optional<Millis>& own = found.envelope.time_to_live;
  if (own.has_value() && (!time.has_value() || *own < *time)) time = own;
  if (!time.has_value() && !definition_.settings.delays) return std::nullopt;
  return deadline_of(found.appended_at, time);
}

/// A record that has just arrived is offered to the waiting consumers first, however short its time is.
bool Queue::is_overdue(const RecordReader::Found& found) const {
  if (found.offset >= offered_end_ || !may_expire(found.offset)) return false;
  const auto deadline = deadline_of(found);
  return deadline.has_value() && *deadline <= now_;
}

bool Queue::let_expire(const RecordReader::Found& found) {
  if (definition_.settings.delays) return let_go(found.offset, size_of(found), DeathReason::due);
  if (!let_go(found.offset, size_of(found), DeathReason::expired)) return false;
  add(shard_.counters().expired, 1);
  if (++overdue_in_row_ >= kOverdueBeforeRange) look_for_expired(found.offset + Offset(1));
  return true;
}

/// A long backlog that is over its time need not be read record by record.
void Queue::look_for_expired(Offset from) {
  overdue_in_row_ = 0;
  if (is_part() || inspects() || engine_->policy().dead_letters) return;
  auto range = std::make_shared<ExpiredRange>(ExpiredRange{from, {}});
  const storage::Log::ExpiryRequest request{.from = from,
                                            .until = std::min(offered_end_, engine_->committed_end()),
                                            .now = now_,
                                            .time_to_live = definition_.settings.message_time_to_live};
  const bool asked = log_->find_expired(request, [this, weak = std::weak_ptr(range)](storage::Result<Offset> until) {
    // Gone with the queue, or with the settings that it was asked for.
    const auto answered = weak.lock();
    if (answered == nullptr) return;
    answered->until = until.value_or(answered->from);
    schedule_.wants_work(*this);
  });
  if (asked) expired_range_ = std::move(range);
}

/// False while there is no answer: what goes next is known then.
bool Queue::take_expired() {
  if (expired_range_ == nullptr) return true;
  if (!expired_range_->until.has_value()) return false;
  const auto range = std::exchange(expired_range_, nullptr);
  if (*range->until <= range->from) return true;
  add(shard_.counters().expired, engine_->expire(range->from, *range->until - Offset(1)));
  schedule_.changed(*this);
  // There may be more of them: the next head that is over its time asks again.
  overdue_in_row_ = kOverdueBeforeRange;
  return true;
}

void Queue::move_finished() {
  if (std::exchange(waits_for_moves_, false)) schedule_.wants_work(*this);
}

/// Looks at heads until one has time left, and comes back when that is over. Records behind it are not looked at.
bool Queue::expire_heads(WorkBudget& budget) {
  bool looked = false;
  bool more = false;
  for (auto next = engine_->next(); next.has_value() && may_expire(next->offset); next = engine_->next()) {
    if (expired_range_ != nullptr) break;
    if (head_ == next->offset && (!head_deadline_.has_value() || *head_deadline_ > now_)) {
      if (head_deadline_.has_value()) wake_at(*head_deadline_);
      break;
    }
    if (budget.spent()) {
      more = true;
      break;
    }
    RecordReader::Found found;
    const Fetched fetched = fetch(*next, found);
    if (fetched == Fetched::wait) break;
    looked = true;
    if (fetched == Fetched::again) continue;
    head_ = found.offset;
    head_deadline_ = deadline_of(found);
    if (is_overdue(found)) {
      if (!let_expire(found)) break;
      budget.take(found.stored_bytes);
    } else {
      overdue_in_row_ = 0;
    }
  }
  // Somebody who only looks at the head holds no read buffers.
  if (looked && engine_->consumer_count() == 0) release_readers();
  return more;
}

void Queue::wake_at(Timestamp deadline) {
  if (expiry_timer_ && wakes_at_ <= deadline) return;
  wakes_at_ = deadline;
  const Millis delay(std::clamp<std::int64_t>(deadline.value - now_.value, 0, kLongestWait.value));
  expiry_timer_ = shard_.loop().call_after(base::to_nanos(delay), [this] {
    expiry_timer_ = {};
    schedule_.wants_work(*this);
  });
}

bool Queue::work(WorkBudget& budget) {
  if (may_expire(state_.settlement().floor())) now_ = shard_.loop().clock().wall();
  if (inspector_ != nullptr) inspect(budget);
  // Until all that was there at the start is known, nobody can tell what goes first.
  if (has_levels() && inspecting() && state_.counted_end() < recovered_end_) return false;
  if (!take_expired()) return false;
  const bool gets_served = serve_gets();
  bool more = gets_served && deliver(budget);
  if (!more) {
    offered_end_ = engine_->committed_end();
    more = enforce_length(budget) || expire_heads(budget);
  }
  moves_->work();
  // An idle queue holds no read buffers.
  if (engine_->ready() == 0) release_readers();
  return more;
}

}  // namespace millrace::broker

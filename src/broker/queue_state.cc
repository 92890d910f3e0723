#include "broker/queue_state.h"

#include <algorithm>

#include "base/assert.h"
#include "bytes/writer.h"

namespace millrace::broker {

namespace {

// Version 1 had kReturns in the place of kHistory. Version 2 did not know DeathReason::due.
constexpr std::uint8_t kQueueStateVersion = 3;
constexpr auto kLastReason = static_cast<std::uint8_t>(DeathReason::due);

// Parts of a command; a snapshot is a settlement followed by the same parts. Never renumber.
constexpr std::uint8_t kSettled = 1;
constexpr std::uint8_t kReturns = 2;  // as kHistory, from the time when each return counted as a failure
constexpr std::uint8_t kDelivered = 3;
constexpr std::uint8_t kIntent = 4;
constexpr std::uint8_t kExpiring = 5;
constexpr std::uint8_t kCount = 6;
constexpr std::uint8_t kRefused = 7;
constexpr std::uint8_t kLevelDelivered = 8;
constexpr std::uint8_t kLevels = 9;
constexpr std::uint8_t kLevelSet = 10;
constexpr std::uint8_t kDoomed = 11;
constexpr std::uint8_t kHistory = 12;

// Records in one entry of kLevels.
constexpr std::int64_t kMaxLevelRange = std::int64_t{1} << 20;

constexpr std::uint64_t kMaxTextBytes = 64 * 1024;

std::uint64_t number(Offset offset) {
  return static_cast<std::uint64_t>(offset.value);
}

bool read_offset(bytes::Reader& in, Offset& offset) {
  const std::uint64_t value = in.uvarint();
  if (!in.ok() || value > static_cast<std::uint64_t>(storage::Settlement::kMaxOffset)) return false;
  offset = Offset(static_cast<std::int64_t>(value));
  return true;
}

bool read_text(bytes::Reader& in, std::string& text) {
  const std::uint64_t size = in.uvarint();
  if (size > kMaxTextBytes) return false;
  text = in.text(size);
  return in.ok();
}

}  // namespace

std::int64_t QueueState::settle(Offset first, Offset last) {
  const std::int64_t fresh = settlement_.settle(first, last);
  forget_range(first, last);
  if (journalled_) {
    if (!new_ranges_.empty() && new_ranges_.back().last.value + 1 == first.value) {
      new_ranges_.back().last = last;
    } else {
      new_ranges_.push_back({first, last});
    }
  }
  return fresh;
}

void QueueState::forget_range(Offset first, Offset last) {
  if (!returns_.empty()) {
    if (first == last) {
      returns_.erase(first.value);
    } else {
      boost::unordered::erase_if(
          returns_, [&](const auto& entry) { return entry.first >= first.value && entry.first <= last.value; });
    }
  }
  if (!intents_.empty()) intents_.erase(intents_.lower_bound(first), intents_.upper_bound(last));
  if (!refused_.empty()) refused_.erase(refused_.lower_bound(first), refused_.upper_bound(last));
  if (!doomed_.empty()) doomed_.erase(doomed_.lower_bound(first), doomed_.upper_bound(last));
  for (auto it = levels_.begin(); it != levels_.end();) {
    it->second.erase(first, last);
    it = it->second.empty() ? levels_.erase(it) : std::next(it);
  }
}

Offset QueueState::named_end() const {
  // Levels are known below the counted end only.
  Offset end = std::max({settlement_.end(), delivered_end_, counted_end_});
  for (const auto& [level, delivered] : level_delivered_) end = std::max(end, delivered);
  if (!refused_.empty()) end = std::max(end, *refused_.rbegin() + Offset(1));
  if (!doomed_.empty()) end = std::max(end, doomed_.rbegin()->first + Offset(1));
  if (!intents_.empty()) end = std::max(end, intents_.rbegin()->first + Offset(1));
  for (const auto& [offset, history] : returns_) end = std::max(end, Offset(offset + 1));
  return end;
}

Returns QueueState::count_return(Offset offset, bool failed) {
  Returns& history = returns_[offset.value];
  if (history.returns < UINT32_MAX) ++history.returns;
  if (failed && history.failures < UINT32_MAX) ++history.failures;
  if (journalled_) new_returns_.push_back(offset);
  return history;
}

void QueueState::set_due(Offset offset, Timestamp due) {
  const auto it = returns_.find(offset.value);
  if (it == returns_.end()) return;  // settled since
  it->second.due = due;
  if (journalled_) new_returns_.push_back(offset);
}

void QueueState::delay(Offset offset, Timestamp due) {
  returns_[offset.value].due = due;
  if (journalled_) new_returns_.push_back(offset);
}

void QueueState::forget_due(Offset offset) {
  const auto it = returns_.find(offset.value);
  if (it != returns_.end()) it->second.due = Timestamp(0);
}

Returns QueueState::returns(Offset offset) const {
  if (returns_.empty()) return {};
  const auto it = returns_.find(offset.value);
  return it == returns_.end() ? Returns{} : it->second;
}

std::vector<std::pair<Timestamp, Offset>> QueueState::waiting() const {
  std::vector<std::pair<Timestamp, Offset>> list;
  for (const auto& [offset, history] : returns_) {
    if (history.due > Timestamp(0)) list.emplace_back(history.due, Offset(offset));
  }
  return list;
}

void QueueState::write_history(bytes::Writer& to, Offset offset, const Returns& history) {
  to.uvarint(number(offset));
  to.uvarint(history.returns);
  to.uvarint(history.failures);
  to.uvarint(static_cast<std::uint64_t>(std::max<std::int64_t>(history.due.value, 0)));
}

void QueueState::mark_delivered(Offset end, std::uint8_t level) {
  Offset& mark = level == 0 ? delivered_end_ : level_delivered_[level];
  if (end <= mark) return;
  mark = end;
  mark_pending_ = journalled_;
}

Offset QueueState::delivered_end(std::uint8_t level) const {
  if (level == 0) return delivered_end_;
  const auto it = level_delivered_.find(level);
  return it == level_delivered_.end() ? Offset(0) : it->second;
}

std::uint8_t QueueState::level_of(Offset offset) const {
  for (const auto& [level, members] : levels_) {
    if (members.contains(offset)) return level;
  }
  return 0;
}

void QueueState::set_level(Offset offset, std::uint8_t level) {
  levels_[level].add(offset, offset);
  if (!journalled_) return;
  if (!new_levels_.empty()) {
    LevelRange& back = new_levels_.back();
    const bool room = offset.value - back.range.first.value < kMaxLevelRange;
    if (back.level == level && back.range.last + Offset(1) == offset && room) {
      back.range.last = offset;
      return;
    }
  }
  new_levels_.push_back({level, {offset, offset}});
}

/// Only what is not settled: a command may come again, after what it tells of has gone.
void QueueState::add_levels(std::uint8_t level, Offset first, Offset last) {
  for (Offset offset = settlement_.next_unsettled(first); offset <= last;
       offset = settlement_.next_unsettled(offset + Offset(1))) {
    levels_[level].add(offset, offset);
  }
}

bool QueueState::read_levels(bytes::Reader& in) {
  const std::uint64_t entries = in.uvarint();
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::uint8_t level = in.u8();
    Offset first;
    Offset length;
    if (!read_offset(in, first) || !read_offset(in, length) || length.value >= kMaxLevelRange) return false;
    add_levels(level, first, first + length);
  }
  return in.ok();
}

void QueueState::mark_expiring(Offset end) {
  if (end <= expiring_end_) return;
  expiring_end_ = end + Offset(kExpiringStep);
  expiring_pending_ = journalled_;
}

void QueueState::count_exactly(bool on) {
  if (!on && counted_end_ > Offset(0)) {
    counted_end_ = Offset(0);
    bytes_ = 0;
    count_pending_ = journalled_;
  }
  counts_ = on;
}

void QueueState::add_bytes(std::uint64_t bytes) {
  bytes_ += bytes;
  count_pending_ = counts_ && journalled_;
}

std::uint64_t QueueState::memory_bytes() const {
  // A node of a tree with what it has of its own, and a slot of a table that is half empty.
  constexpr std::uint64_t kIntentBytes = 96;
  constexpr std::uint64_t kMarkBytes = 56;
  constexpr std::uint64_t kReturnsBytes = 64;
  std::uint64_t bytes = settlement_.memory_bytes() - sizeof(storage::Settlement);
  bytes += intents_.size() * kIntentBytes + (refused_.size() + doomed_.size()) * kMarkBytes +
           returns_.size() * kReturnsBytes;
  for (const auto& [level, offsets] : levels_) bytes += offsets.memory_bytes();
  return bytes;
}

void QueueState::forget_bytes(std::uint64_t bytes) {
  bytes_ -= std::min(bytes, bytes_);
  count_pending_ = counts_ && journalled_;
}

void QueueState::set_counted_end(Offset end) {
  counted_end_ = std::max(counted_end_, end);
  count_pending_ = counts_ && journalled_;
}

void QueueState::forget_count() {
  bytes_ = 0;
  counted_end_ = settlement_.floor();
  count_pending_ = counts_ && journalled_;
}

void QueueState::refuse(Offset offset) {
  refused_.insert(offset);
  if (journalled_) new_refused_.push_back(offset);
}

void QueueState::doom(Offset offset, DeathReason reason) {
  doomed_.emplace(offset, reason);
  if (journalled_) new_doomed_.push_back(offset);
}

void QueueState::write_doomed(bytes::ByteVector& out, Offset offset, DeathReason reason) {
  bytes::Writer to(out);
  to.u8(kDoomed);
  to.uvarint(number(offset));
  to.u8(static_cast<std::uint8_t>(reason));
}

void QueueState::add_intent(Offset offset, MoveIntent intent) {
  MILLRACE_ASSERT(intent.route != nullptr);
  const bool added = intents_.emplace(offset, std::move(intent)).second;
  MILLRACE_ASSERT(added, "offset {} is moved twice", offset.value);
  refused_.erase(offset);
  doomed_.erase(offset);
  if (journalled_) new_intents_.push_back(offset);
}

void QueueState::write_intent(bytes::ByteVector& out, Offset offset, const MoveIntent& intent) {
  bytes::Writer to(out);
  to.u8(kIntent);
  to.uvarint(number(offset));
  to.u8(static_cast<std::uint8_t>(intent.reason));
  to.varint(intent.time.value);
  to.uvarint(intent.route->exchange.size());
  to.text(intent.route->exchange);
  to.uvarint(intent.route->routing_key.size());
  to.text(intent.route->routing_key);
  to.u8(intent.route->own_keys ? 1 : 0);
  to.uvarint(intent.route->targets.size());
  for (const QueueRef& target : intent.route->targets) {
    to.uvarint(target.queue.value);
    to.uvarint(target.shard.value);
  }
}

void QueueState::write_marks(bytes::ByteVector& out) const {
  bytes::Writer to(out);
  to.u8(kDelivered);
  to.uvarint(number(delivered_end_));
  for (const auto& [level, end] : level_delivered_) {
    to.u8(kLevelDelivered);
    to.u8(level);
    to.uvarint(number(end));
  }
}

void QueueState::write_count(bytes::ByteVector& out) const {
  bytes::Writer to(out);
  to.u8(kCount);
  to.uvarint(number(counts_ ? counted_end_ : Offset(0)));
  to.uvarint(counts_ ? bytes_ : 0);
}

bool QueueState::take_command(bytes::ByteVector& out, bool with_mark) {
  const bool changed = !new_refused_.empty() || !new_doomed_.empty() || !new_levels_.empty() || !new_ranges_.empty() ||
                       !new_returns_.empty() || !new_intents_.empty() || expiring_pending_ || count_pending_;
  if (!changed && !(with_mark && mark_pending_)) return false;
  bytes::Writer to(out);
  to.u8(kQueueStateVersion);
  if (!new_returns_.empty()) {
    to.u8(kHistory);
    to.uvarint(new_returns_.size());
    for (const Offset offset : new_returns_) write_history(to, offset, returns(offset));  // all 0 when settled since
  }
  if (mark_pending_) write_marks(out);
  if (expiring_pending_) {
    to.u8(kExpiring);
    to.uvarint(number(expiring_end_));
  }
  if (count_pending_) write_count(out);
  if (!new_levels_.empty()) {
    to.u8(kLevels);
    to.uvarint(new_levels_.size());
    for (const auto& [level, range] : new_levels_) {
      to.u8(level);
      to.uvarint(number(range.first));
      to.uvarint(number(range.last) - number(range.first));
    }
  }
  if (!new_refused_.empty()) {
    to.u8(kRefused);
    to.uvarint(new_refused_.size());
    for (const Offset offset : new_refused_) to.uvarint(number(offset));
  }
  for (const Offset offset : new_doomed_) {
    const auto it = doomed_.find(offset);
    if (it != doomed_.end()) write_doomed(out, offset, it->second);  // else more is known of it since
  }
  for (const Offset offset : new_intents_) {
    const auto it = intents_.find(offset);
    if (it != intents_.end()) write_intent(out, offset, it->second);  // else it was settled since
  }
  if (!new_ranges_.empty()) {
    to.u8(kSettled);
    to.uvarint(new_ranges_.size());
    for (const Range& range : new_ranges_) {
      to.uvarint(number(range.first));
      to.uvarint(number(range.last) - number(range.first));
    }
  }
  new_ranges_.clear();
  new_returns_.clear();
  new_intents_.clear();
  new_refused_.clear();
  new_doomed_.clear();
  new_levels_.clear();
  mark_pending_ = false;
  expiring_pending_ = false;
  count_pending_ = false;
  return true;
}

bool QueueState::read_intent(bytes::Reader& in) {
  Offset offset;
  if (!read_offset(in, offset)) return false;
  MoveIntent intent;
  const std::uint8_t reason = in.u8();
  if (reason < 1 || reason > kLastReason) return false;
  intent.reason = static_cast<DeathReason>(reason);
  intent.time = Timestamp(in.varint());
  auto route = std::make_shared<MoveRoute>();
  if (!read_text(in, route->exchange) || !read_text(in, route->routing_key)) return false;
  route->own_keys = in.u8() != 0;
  const std::uint64_t targets = in.uvarint();
  if (targets > in.remaining() / 2) return false;
  for (std::uint64_t i = 0; i < targets; ++i) {
    QueueRef target;
    target.queue = ObjectId(in.uvarint());
    const std::uint64_t shard = in.uvarint();
    if (!in.ok() || shard > UINT16_MAX) return false;
    target.shard = ShardId(static_cast<std::uint16_t>(shard));
    route->targets.push_back(target);
  }
  if (!in.ok()) return false;
  intent.route = std::move(route);
  refused_.erase(offset);
  doomed_.erase(offset);
  if (!settlement_.is_settled(offset)) intents_[offset] = std::move(intent);
  return true;
}

bool QueueState::read_returns(bytes::Reader& in) {
  const std::uint64_t entries = in.uvarint();
  for (std::uint64_t i = 0; i < entries; ++i) {
    Offset offset;
    if (!read_offset(in, offset)) return false;
    const std::uint64_t count = in.uvarint();
    if (!in.ok() || count > UINT32_MAX) return false;
    const auto number = static_cast<std::uint32_t>(count);
    if (count > 0 && !settlement_.is_settled(offset)) returns_[offset.value] = {number, number, Timestamp(0)};
  }
  return in.ok();
}

bool QueueState::read_history(bytes::Reader& in) {
  const std::uint64_t entries = in.uvarint();
  for (std::uint64_t i = 0; i < entries; ++i) {
    Offset offset;
    if (!read_offset(in, offset)) return false;
    const std::uint64_t returns = in.uvarint();
    const std::uint64_t failures = in.uvarint();
    const std::uint64_t due = in.uvarint();
    if (!in.ok() || returns > UINT32_MAX || failures > returns || due > INT64_MAX) return false;
    if ((returns == 0 && due == 0) || settlement_.is_settled(offset)) continue;
    returns_[offset.value] = {static_cast<std::uint32_t>(returns), static_cast<std::uint32_t>(failures),
                              Timestamp(static_cast<std::int64_t>(due))};
  }
  return in.ok();
}

bool QueueState::read_doomed(bytes::Reader& in) {
  Offset offset;
  if (!read_offset(in, offset)) return false;
  const std::uint8_t reason = in.u8();
  if (!in.ok() || reason < 1 || reason > kLastReason) return false;
  if (settlement_.is_settled(offset) || intents_.contains(offset)) return true;
  doomed_.emplace(offset, static_cast<DeathReason>(reason));
  return true;
}

bool QueueState::apply_part(std::uint8_t kind, bytes::Reader& in) {
  switch (kind) {
    case kSettled: {
      const std::uint64_t ranges = in.uvarint();
      for (std::uint64_t i = 0; i < ranges; ++i) {
        Offset first;
        Offset length;
        if (!read_offset(in, first) || !read_offset(in, length)) return false;
        const Offset last = first + length;
        if (last.value > storage::Settlement::kMaxOffset) return false;
        settlement_.settle(first, last);
        forget_range(first, last);
      }
      return in.ok();
    }
    case kReturns:
      return read_returns(in);
    case kHistory:
      return read_history(in);
    case kDelivered: {
      Offset end;
      if (!read_offset(in, end)) return false;
      if (end > delivered_end_) delivered_end_ = end;
      return true;
    }
    case kLevelDelivered: {
      const std::uint8_t level = in.u8();
      Offset end;
      if (!read_offset(in, end)) return false;
      Offset& mark = level_delivered_[level];
      mark = std::max(mark, end);
      return true;
    }
    case kLevels:
      return read_levels(in);
    case kLevelSet: {
      const std::uint8_t level = in.u8();
      return levels_[level].decode(in);
    }
    case kExpiring: {
      Offset end;
      if (!read_offset(in, end)) return false;
      if (end > expiring_end_) expiring_end_ = end;
      return true;
    }
    case kCount:
      if (!read_offset(in, counted_end_)) return false;
      bytes_ = in.uvarint();
      return in.ok();
    case kRefused: {
      const std::uint64_t entries = in.uvarint();
      for (std::uint64_t i = 0; i < entries; ++i) {
        Offset offset;
        if (!read_offset(in, offset)) return false;
        if (!settlement_.is_settled(offset) && !intents_.contains(offset)) refused_.insert(offset);
      }
      return in.ok();
    }
    case kDoomed:
      return read_doomed(in);
    case kIntent:
      return read_intent(in);
    default:
      return false;
  }
}

bool QueueState::apply(bytes::ByteView command) {
  bytes::Reader in(command);
  if (const std::uint8_t version = in.u8(); version < 1 || version > kQueueStateVersion) return false;
  while (in.ok() && !in.at_end()) {
    if (!apply_part(in.u8(), in)) return false;
  }
  return in.ok();
}

void QueueState::save_snapshot(bytes::ByteVector& out) const {
  bytes::ByteVector settled;
  settlement_.encode(settled);
  bytes::Writer to(out);
  to.u8(kQueueStateVersion);
  to.uvarint(settled.size());
  to.raw(settled);
  write_marks(out);
  to.u8(kExpiring);
  to.uvarint(number(expiring_end_));
  write_count(out);
  to.u8(kHistory);
  to.uvarint(returns_.size());
  for (const auto& [offset, history] : returns_) write_history(to, Offset(offset), history);
  for (const auto& [offset, intent] : intents_) write_intent(out, offset, intent);
  to.u8(kRefused);
  to.uvarint(refused_.size());
  for (const Offset offset : refused_) to.uvarint(number(offset));
  for (const auto& [offset, reason] : doomed_) write_doomed(out, offset, reason);
  for (const auto& [level, members] : levels_) {
    to.u8(kLevelSet);
    to.u8(level);
    members.encode(out);
  }
}

bool QueueState::load_snapshot(bytes::ByteView snapshot) {
  bytes::Reader in(snapshot);
  if (const std::uint8_t version = in.u8(); version < 1 || version > kQueueStateVersion) return false;
  const bytes::ByteView settled = in.view(in.uvarint());
  if (!in.ok()) return false;
  auto settlement = storage::Settlement::decode(settled);
  if (!settlement.has_value()) return false;
  settlement_ = std::move(*settlement);
  returns_.clear();
  intents_.clear();
  refused_.clear();
  doomed_.clear();
  levels_.clear();
  level_delivered_.clear();
  delivered_end_ = Offset(0);
  expiring_end_ = Offset(0);
  counted_end_ = Offset(0);
  bytes_ = 0;
  while (in.ok() && !in.at_end()) {
    if (!apply_part(in.u8(), in)) return false;
  }
  return in.ok();
}

}  // namespace millrace::broker

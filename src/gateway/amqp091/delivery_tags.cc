#include "gateway/amqp091/delivery_tags.h"

#include "base/assert.h"

namespace millrace::gateway::amqp091 {

namespace {

constexpr std::size_t kFirstRing = 64;
// From this size on a ring that is mostly settled puts its oldest unsettled ones aside instead of growing.
constexpr std::size_t kSparseRing = 4096;
constexpr std::size_t kSparseFactor = 8;

}  // namespace

void DeliveryTags::append(const Entry& entry, std::vector<Range>& out) {
  // Several consumers of a channel alternate: look at the last few ranges, not at the last only.
  constexpr std::size_t kLookBack = 4;
  for (std::size_t i = out.size(); i > 0 && out.size() - i < kLookBack; --i) {
    Range& range = out[i - 1];
    if (range.queue == entry.queue && range.consumer == entry.consumer) {
      if (range.last + broker::Offset(1) != entry.offset) break;
      range.last = entry.offset;
      return;
    }
  }
  out.push_back({entry.queue, entry.consumer, entry.offset, entry.offset});
}

bool DeliveryTags::is_live(std::uint64_t tag) {
  return tag >= first_ && tag < next_ && slot(tag).live();
}

void DeliveryTags::pop_dead() {
  while (first_ < next_ && !slot(first_).live()) ++first_;
}

std::optional<DeliveryTags::Oldest> DeliveryTags::oldest() const {
  if (!aside_.empty()) return Oldest{aside_.begin()->first, aside_.begin()->second};
  if (live_ == 0) return std::nullopt;
  for (std::uint64_t tag = first_; tag < next_; ++tag) {
    const Slot& candidate = ring_[tag & (ring_.size() - 1)];
    if (candidate.live()) return Oldest{tag, candidate.entry};
  }
  return std::nullopt;
}

void DeliveryTags::make_room() {
  if (next_ - first_ < ring_.size()) return;
  if (ring_.size() >= kSparseRing && live_ * kSparseFactor < ring_.size()) {
    // Half of the ring becomes free at the price of a few map entries.
    const std::uint64_t until = first_ + ring_.size() / 2;
    for (; first_ < until; ++first_) {
      if (!slot(first_).live()) continue;
      aside_.emplace_hint(aside_.end(), first_, slot(first_).entry);
      --live_;
    }
    pop_dead();
    return;
  }
  std::vector<Slot> bigger(ring_.empty() ? kFirstRing : ring_.size() * 2);
  for (std::uint64_t tag = first_; tag < next_; ++tag) bigger[tag & (bigger.size() - 1)] = slot(tag);
  ring_ = std::move(bigger);
}

std::uint64_t DeliveryTags::add(const Entry& entry) {
  MILLRACE_ASSERT(entry.offset >= broker::Offset(0));
  make_room();
  slot(next_).entry = entry;
  ++live_;
  return next_++;
}

std::uint64_t DeliveryTags::skip() {
  if (first_ == next_) {
    ++first_;
    return next_++;
  }
  make_room();
  slot(next_).entry = {};
  slot(next_).entry.offset = model::kNoOffset;
  return next_++;
}

template <class Add>
bool DeliveryTags::take_one(std::uint64_t tag, Add add) {
  if (const auto it = aside_.find(tag); it != aside_.end()) {
    add(tag, it->second);
    aside_.erase(it);
    return true;
  }
  if (!is_live(tag)) return false;
  add(tag, slot(tag).entry);
  slot(tag).entry.offset = model::kNoOffset;
  --live_;
  pop_dead();
  return true;
}

template <class Add>
bool DeliveryTags::take_up_to(std::uint64_t tag, Add add) {
  if (const auto it = aside_.find(tag); it != aside_.end()) {
    const auto end = std::next(it);
    for (auto each = aside_.begin(); each != end; ++each) add(each->first, each->second);
    aside_.erase(aside_.begin(), end);
    return true;
  }
  if (!is_live(tag)) return false;
  for (const auto& [key, entry] : aside_) add(key, entry);
  aside_.clear();
  for (; first_ <= tag; ++first_) {
    if (!slot(first_).live()) continue;
    add(first_, slot(first_).entry);
    --live_;
  }
  pop_dead();
  return true;
}

template <class Add>
void DeliveryTags::take_each(Add add) {
  for (const auto& [key, entry] : aside_) add(key, entry);
  aside_.clear();
  for (; first_ < next_; ++first_) {
    if (slot(first_).live()) add(first_, slot(first_).entry);
  }
  live_ = 0;
  ring_ = {};
}

namespace {

auto to_ranges(std::vector<DeliveryTags::Range>& out) {
  return [&out](std::uint64_t, const DeliveryTags::Entry& entry) { DeliveryTags::append(entry, out); };
}
auto to_taken(std::vector<DeliveryTags::Taken>& out) {
  return [&out](std::uint64_t tag, const DeliveryTags::Entry& entry) { out.push_back({tag, entry}); };
}

}  // namespace

bool DeliveryTags::take(std::uint64_t tag, std::vector<Range>& out) {
  return take_one(tag, to_ranges(out));
}
bool DeliveryTags::take(std::uint64_t tag, std::vector<Taken>& out) {
  return take_one(tag, to_taken(out));
}
bool DeliveryTags::take_through(std::uint64_t tag, std::vector<Range>& out) {
  return take_up_to(tag, to_ranges(out));
}
bool DeliveryTags::take_through(std::uint64_t tag, std::vector<Taken>& out) {
  return take_up_to(tag, to_taken(out));
}
void DeliveryTags::take_all(std::vector<Range>& out) {
  take_each(to_ranges(out));
}
void DeliveryTags::take_all(std::vector<Taken>& out) {
  take_each(to_taken(out));
}

void DeliveryTags::restore(const std::vector<Taken>& taken) {
  for (const Taken& one : taken) {
    if (one.tag < first_) {
      aside_.emplace(one.tag, one.entry);
    } else {
      MILLRACE_ASSERT(one.tag < next_ && !slot(one.tag).live());
      slot(one.tag).entry = one.entry;
      ++live_;
    }
  }
}

}  // namespace millrace::gateway::amqp091

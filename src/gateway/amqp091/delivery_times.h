#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <iterator>

#include "base/units.h"

namespace millrace::gateway::amqp091 {

/// About when deliveries with growing tags were made: never later than told, and at most kStep earlier. One entry per
/// step in which there were deliveries, back to the oldest unsettled one. Belongs to a channel.
class DeliveryTimes {
 public:
  static constexpr base::Nanos kStep{1'000'000'000};

  /// `tag` was delivered now; both grow from call to call.
  void note(std::uint64_t tag, base::Nanos now) {
    if (steps_.empty() || now - steps_.back().start >= kStep) steps_.push_back({tag, now});
  }
  /// When `tag` was delivered, or up to kStep later.
  base::Nanos latest_time_of(std::uint64_t tag) const {
    if (steps_.empty()) return base::Nanos(0);
    const auto behind = std::ranges::upper_bound(steps_, tag, {}, &Step::first_tag);
    return (behind == steps_.begin() ? behind : std::prev(behind))->start + kStep;
  }
  /// Of tags below this nothing will be asked any more.
  void forget_before(std::uint64_t tag) {
    while (steps_.size() > 1 && steps_[1].first_tag <= tag) steps_.pop_front();
  }
  void clear() { steps_.clear(); }

 private:
  struct Step {
    std::uint64_t first_tag;
    base::Nanos start;
  };
  std::deque<Step> steps_;
};

}  // namespace millrace::gateway::amqp091

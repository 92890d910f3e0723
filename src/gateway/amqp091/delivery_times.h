#pragma once

#include <cstdint>
#include <deque>

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
  /// When `tag` was delivered, or up to kStep later. Everything before it is forgotten.
  base::Nanos latest_time_of(std::uint64_t tag) {
    while (steps_.size() > 1 && steps_[1].first_tag <= tag) steps_.pop_front();
    return steps_.empty() ? base::Nanos(0) : steps_.front().start + kStep;
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

#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "broker/types.h"

namespace millrace::gateway::amqp091 {

/// A limit on what all consumers of a channel hold together (basic.qos with `global`). Each consumer is allowed what it
/// holds and all that is free; of what arrives at the same time from several queues, the surplus is to be given back.
class SharedLimit {
 public:
  explicit SharedLimit(std::uint32_t limit) : limit_(limit) {}

  void set_limit(std::uint32_t limit) { limit_ = limit; }
  /// Counts a delivery; false when there is no room for it.
  [[nodiscard]] bool take(broker::ConsumerId consumer) {
    if (held_ >= limit_) return false;
    hold(consumer, 1);
    return true;
  }
  /// Counts without asking: what is held already.
  void hold(broker::ConsumerId consumer, std::uint64_t count) {
    held_ += count;
    of_[consumer.value] += count;
  }
  void release(broker::ConsumerId consumer, std::uint64_t count) {
    const auto it = of_.find(consumer.value);
    if (it == of_.end()) return;
    const std::uint64_t less = std::min(count, it->second);
    held_ -= less;
    it->second -= less;
    if (it->second == 0) of_.erase(it);
  }
  /// How many messages the consumer may hold now.
  std::uint32_t allowance_of(broker::ConsumerId consumer) const {
    const auto it = of_.find(consumer.value);
    const std::uint64_t free = limit_ > held_ ? limit_ - held_ : 0;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(free + (it == of_.end() ? 0 : it->second), UINT32_MAX - 1));
  }

 private:
  std::uint64_t limit_;
  std::uint64_t held_ = 0;
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> of_;
};

}  // namespace millrace::gateway::amqp091

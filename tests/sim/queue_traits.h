#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/objects.h"
#include "plan.h"

namespace millrace::simtest {

/// What a queue of the simulation is declared with, and so what may become of its messages by itself.
struct QueueTraits {
  bool dead_letters = false;
  std::optional<std::uint64_t> max_length;
  catalog::Overflow overflow = catalog::Overflow::drop_head;
  std::optional<base::Millis> time_to_live;
  bool own_times = false;  // publishers give some of its messages a time to live of their own
  std::optional<std::uint8_t> max_priority;

  bool drops() const { return max_length.has_value() && overflow == catalog::Overflow::drop_head; }
  bool refuses() const { return max_length.has_value() && overflow != catalog::Overflow::drop_head; }
  /// What it refuses becomes a dead letter.
  bool buries_refused() const {
    return dead_letters && max_length.has_value() && overflow == catalog::Overflow::reject_publish_dead_letter;
  }
  catalog::QueueSettings settings() const;
};

/// Of each queue but the one for dead letters.
std::vector<QueueTraits> draw_traits(const Plan& plan);

/// The queue for dead letters comes after the others.
std::string queue_name(std::size_t number, const Plan& plan);

}  // namespace millrace::simtest

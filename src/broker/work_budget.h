#pragma once

#include <cstdint>

#include "base/units.h"

namespace millrace::broker {

/// What may be done in one turn, so that one who is busy does not starve the others.
struct WorkBudget {
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0;
  bool spent() const { return messages == 0 || bytes == 0; }
  void take(std::uint64_t size) {
    if (messages > 0) --messages;
    bytes -= size < bytes ? size : bytes;
  }
};

/// Per turn of all queues of a shard, and of all readers of its streams; then the loop looks at its sockets again.
inline constexpr WorkBudget kTurnBudget{16384, std::uint64_t{4} << 20};
/// When work is tried again that failed for a reason that passes, like a disk without room.
inline constexpr base::Millis kRetryDelay{500};

}  // namespace millrace::broker

#pragma once

#include <cstdint>

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

}  // namespace millrace::broker

#pragma once

#include <cstdint>

#include "catalog/error.h"
#include "catalog/state.h"

namespace millrace::catalog {

/// Most objects of each kind. A change that would make one more is refused with `too_many`; what is there already
/// stays.
struct ObjectLimits {
  std::uint32_t virtual_hosts = 10'000;
  std::uint32_t users = 100'000;
  std::uint32_t exchanges = 1'000'000;
  std::uint32_t queues = 1'000'000;
  std::uint32_t bindings = 5'000'000;
  std::uint32_t topics = 200'000;
  /// Of all topics together.
  std::uint32_t partitions = 1'000'000;
};

/// Whether the command may be applied to the state, as far as numbers go.
Result<void> check_limits(const ObjectLimits& limits, const State& state, const Command& command);

}  // namespace millrace::catalog

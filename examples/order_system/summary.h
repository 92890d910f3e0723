#pragma once

#include <cstdint>
#include <string>

#include "order_system/ledger.h"

namespace order_system {

/// What one ledger says about orders 0 to `orders` - 1.
struct Verdict {
  std::uint64_t exactly_once = 0;
  std::uint64_t missing = 0;
  std::uint64_t twice = 0;
  std::uint64_t foreign = 0;  // orders that nobody placed, or with another content
  std::uint64_t repetitions = 0;
  std::uint64_t units = 0;
  std::uint64_t cents = 0;

  bool good() const { return missing == 0 && twice == 0 && foreign == 0; }
};

Verdict judge(const Ledger& ledger, std::uint64_t orders);

/// Prints the summary of a run from the ledgers in `state`; true when every order was reserved and paid exactly once.
bool print_summary(const std::string& state, std::uint64_t orders, double seconds);

}  // namespace order_system

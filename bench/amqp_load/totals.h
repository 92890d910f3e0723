#pragma once

#include <cstdint>

#include "amqp_load/histogram.h"

namespace millrace::bench {

/// What has happened so far, over all connections.
struct Counts {
  std::uint64_t published = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t nacked = 0;
  std::uint64_t delivered = 0;
  std::uint64_t redelivered = 0;
  std::uint64_t acked = 0;
};

struct Totals {
  Counts counts;
  std::uint64_t last_published_at = 0;
  std::uint64_t last_confirmed_at = 0;
  std::uint64_t last_delivered_at = 0;
  /// Latencies are noted only in the measured time.
  bool measuring = false;
  Histogram delivery_latency;
  Histogram confirm_latency;
};

}  // namespace millrace::bench

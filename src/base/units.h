#pragma once

#include "base/strong_id.h"

namespace millrace::base {

/// A size in bytes.
using Bytes = Quantity<struct BytesTag, std::uint64_t>;
/// A duration in milliseconds.
using Millis = Quantity<struct MillisTag, std::int64_t>;
/// A duration, or a point on the monotonic clock, in nanoseconds.
using Nanos = Quantity<struct NanosTag, std::int64_t>;
/// A wall-clock time: milliseconds since 1970-01-01T00:00:00Z.
using Timestamp = Quantity<struct TimestampTag, std::int64_t>;

/// A span of `n` milliseconds.
constexpr Nanos milliseconds(std::int64_t n) {
  return Nanos(n * 1'000'000);
}
constexpr Nanos to_nanos(Millis m) {
  return Nanos(m.value * 1'000'000);
}
constexpr Bytes kib(std::uint64_t n) {
  return Bytes(n << 10);
}
constexpr Bytes mib(std::uint64_t n) {
  return Bytes(n << 20);
}

}  // namespace millrace::base

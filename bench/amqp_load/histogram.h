#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace millrace::bench {

/// Counts durations in nanoseconds with a relative error below 1/32, from 1 ns to 2^40 ns (18 minutes; more counts as
/// that much). Fixed memory, no allocation.
class Histogram {
 public:
  void add(std::uint64_t nanos) {
    ++buckets_[bucket_of(nanos)];
    ++count_;
    if (nanos > max_) max_ = nanos;
  }
  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }

  /// A value that at least `fraction` of the durations do not exceed.
  std::uint64_t quantile(double fraction) const {
    const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t at = 0; at < buckets_.size(); ++at) {
      seen += buckets_[at];
      if (seen > wanted) return upper_end(at) < max_ ? upper_end(at) : max_;
    }
    return max_;
  }

 private:
  static constexpr unsigned kSubBits = 5;
  static constexpr unsigned kSub = 1U << kSubBits;
  static constexpr unsigned kMaxBits = 40;

  static std::size_t bucket_of(std::uint64_t nanos) {
    if (nanos >> kMaxBits != 0) nanos = (std::uint64_t{1} << kMaxBits) - 1;
    if (nanos < kSub) return nanos;
    const unsigned shift = static_cast<unsigned>(std::bit_width(nanos)) - 1 - kSubBits;
    return (shift + 1) * kSub + ((nanos >> shift) - kSub);
  }
  static std::uint64_t upper_end(std::size_t bucket) {
    if (bucket < kSub) return bucket;
    const std::size_t shift = bucket / kSub - 1;
    return ((kSub + bucket % kSub + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (kMaxBits - kSubBits + 1) * kSub> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace millrace::bench

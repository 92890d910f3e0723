#pragma once

#include <cstdint>

namespace millrace::base {

/// A small deterministic generator (xoshiro256**). Not for secrets: use OpenSSL's RAND_bytes for those.
class Prng {
 public:
  explicit Prng(std::uint64_t seed);

  std::uint64_t next();
  /// Uniform in [0, bound); bound must be > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  /// True with the probability numerator / denominator.
  bool chance(std::uint64_t numerator, std::uint64_t denominator) { return below(denominator) < numerator; }

 private:
  std::uint64_t state_[4];
};

}  // namespace millrace::base

#include "broker/hash_ring.h"

#include <array>
#include <cstddef>

namespace millrace::broker {

namespace {

/// Vigna's xorshift1024*, seeded as Erlang's module `rand` seeds its algorithm exs1024 with {number, number, number}.
class Exs1024 {
 public:
  explicit Exs1024(std::int64_t number) {
    constexpr std::uint64_t kMask = (1U << 21) - 1;
    const std::uint64_t base = (static_cast<std::uint64_t>(number) & kMask) + 1;
    std::uint64_t x =
        (base * 2097131 & kMask) << 43 | (base * 2097133 & kMask) << 22 | (base * 2097143 & kMask) << 1 | 1;
    for (std::size_t i = state_.size(); i-- > 0;) {
      x ^= x >> 12;
      x ^= x << 25;
      x ^= x >> 27;
      state_[i] = x * 2685821657736338717ULL;
    }
  }
  /// In [0, 1].
  double next() {
    std::uint64_t first = state_[at_];
    at_ = (at_ + 1) % state_.size();
    std::uint64_t second = state_[at_];
    second ^= second << 31;
    second ^= second >> 11;
    first ^= first >> 30;
    state_[at_] = first ^ second;
    return static_cast<double>(state_[at_] * 1181783497276652981ULL) / 18446744073709551616.0;
  }

 private:
  std::array<std::uint64_t, 16> state_;
  std::size_t at_ = 0;
};

}  // namespace

std::uint64_t jump_bucket(std::int64_t number, std::uint64_t buckets) {
  if (buckets <= 1) return 0;
  Exs1024 generator(number);
  const auto limit = static_cast<double>(buckets);
  std::uint64_t bucket = 0;
  for (;;) {
    // Not finite when the generator says 0: then that was the last jump.
    const double next = static_cast<double>(bucket + 1) / generator.next();
    if (!(next < limit)) return bucket;
    bucket = static_cast<std::uint64_t>(next);
  }
}

}  // namespace millrace::broker

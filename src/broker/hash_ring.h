#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace millrace::broker {

/// The bucket below `buckets` (at least 1) that a number falls into: a jump consistent hash (Lamping and Veach) over
/// the numbers of a generator that is seeded with it, exactly as RabbitMQ's consistent hash exchange does it, so that a
/// key goes to the same queue there and here. When a bucket is added, only its share moves to it.
std::uint64_t jump_bucket(std::int64_t number, std::uint64_t buckets);

/// Buckets dealt out in a row. Holds no memory per bucket.
template <class Owner>
class HashRing {
 public:
  void clear() { ends_.clear(); }
  bool empty() const { return ends_.empty(); }
  /// The next `weight` (at least 1) buckets.
  void add(const Owner& owner, std::uint64_t weight) { ends_.push_back({buckets() + weight, owner}); }
  /// Must not be empty.
  const Owner& pick(std::int64_t number) const {
    return std::ranges::upper_bound(ends_, jump_bucket(number, buckets()), {}, &Part::end)->owner;
  }

 private:
  struct Part {
    std::uint64_t end;
    Owner owner;
  };
  std::uint64_t buckets() const { return ends_.empty() ? 0 : ends_.back().end; }
  std::vector<Part> ends_;
};

}  // namespace millrace::broker

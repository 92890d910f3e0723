#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

// The namespace is `sim`, not `testing`: inside namespace millrace the latter would hide GoogleTest's.
namespace millrace::sim {

/// How often each kind of fault really happened: a run that claims to survive a fault must have met it.
class FaultCounters {
 public:
  void count(std::string_view name, std::uint64_t times = 1);
  std::uint64_t of(std::string_view name) const;
  void add(const FaultCounters& other);
  void clear() { counts_.clear(); }
  /// "crash.sector_lost=12 crash.sector_torn=3", sorted by name.
  std::string to_string() const;
  const std::map<std::string, std::uint64_t, std::less<>>& all() const { return counts_; }

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace millrace::sim

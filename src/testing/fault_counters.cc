#include "testing/fault_counters.h"

#include <fmt/format.h>

namespace millrace::sim {

void FaultCounters::count(std::string_view name, std::uint64_t times) {
  const auto it = counts_.find(name);
  if (it != counts_.end()) {
    it->second += times;
  } else {
    counts_.emplace(name, times);
  }
}

std::uint64_t FaultCounters::of(std::string_view name) const {
  const auto it = counts_.find(name);
  return it == counts_.end() ? 0 : it->second;
}

void FaultCounters::add(const FaultCounters& other) {
  for (const auto& [name, times] : other.counts_) count(name, times);
}

std::string FaultCounters::to_string() const {
  std::string text;
  for (const auto& [name, times] : counts_) text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, times);
  return text;
}

}  // namespace millrace::sim

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/units.h"

namespace millrace::broker {

/// Resource alarms of the whole process, as one shard sees them. While one is on, gateways stop reading from
/// connections that publish (and tell clients that understand it); consuming and settling go on.
class Limits {
 public:
  struct Alarm {
    bool memory = false;
    bool disk = false;
    bool any() const { return memory || disk; }
    friend bool operator==(const Alarm&, const Alarm&) = default;
  };
  Alarm alarm() const { return alarm_; }
  /// Called on this shard's loop when the alarm changes. Returns a key for remove_listener.
  std::uint64_t add_listener(std::function<void(Alarm)> listener);
  void remove_listener(std::uint64_t key);
  /// Set by the shard's watcher.
  void set(Alarm alarm);

 private:
  Alarm alarm_;
  std::uint64_t next_key_ = 1;
  std::vector<std::pair<std::uint64_t, std::function<void(Alarm)>>> listeners_;
};

}  // namespace millrace::broker

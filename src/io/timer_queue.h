#pragma once

#include <map>
#include <memory>
#include <optional>

#include "io/loop.h"

namespace millrace::io {

/// The timers of one loop, ordered by due time and then by creation. Used by the real and the simulated loop; not
/// thread safe. Timers may outlive the queue; they then do nothing.
class TimerQueue {
 public:
  TimerQueue();
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  [[nodiscard]] Timer add(base::Nanos due, Task task);
  /// When the earliest timer is due; empty when there is none.
  std::optional<base::Nanos> next_due() const;
  /// Runs every timer that is due at `now` and existed before the call. True when any ran.
  bool run_due(base::Nanos now);
  /// Runs the earliest timer if it is due. True when one ran.
  bool run_next(base::Nanos now);
  std::size_t size() const;

 private:
  struct State;
  class Handle;
  std::shared_ptr<State> state_;
};

}  // namespace millrace::io

#pragma once

#include "base/units.h"

namespace millrace::io {

/// The only source of time. The real one asks the system; the simulated one is moved by the test.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Never goes back; its zero means nothing.
  virtual base::Nanos monotonic() const = 0;
  /// Milliseconds since 1970; may jump when the system's clock is set.
  virtual base::Timestamp wall() const = 0;
};

}  // namespace millrace::io

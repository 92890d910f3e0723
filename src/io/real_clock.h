#pragma once

#include "io/clock.h"

namespace millrace::io {

/// The system's clocks. Stateless; safe from any thread.
class RealClock final : public Clock {
 public:
  base::Nanos monotonic() const override;
  base::Timestamp wall() const override;
};

}  // namespace millrace::io

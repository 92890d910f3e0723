#pragma once

#include "base/units.h"

namespace millrace::io {

/// Resident memory of this process; 0 when the system does not tell.
base::Bytes resident_memory();
/// Memory of this machine.
base::Bytes machine_memory();

}  // namespace millrace::io

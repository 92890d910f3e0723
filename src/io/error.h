#pragma once

#include "base/result.h"

namespace millrace::io {

enum class IoErrc {
  not_found,
  already_exists,
  permission_denied,
  no_space,
  in_use,       // locked by another process, or the address is taken
  end_of_file,  // fewer bytes than asked for
  bad_medium,   // the device or the file system cannot reach what is stored there
  failed,       // any other error of the system; the detail has its text
};
using IoError = base::ErrorOf<IoErrc>;
template <class T>
using Result = base::Result<T, IoError>;

}  // namespace millrace::io

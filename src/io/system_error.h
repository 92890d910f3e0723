#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "io/error.h"

namespace millrace::io {

/// The kind of error an errno value means to the callers of this module.
IoErrc errc_of(int error_number);
/// The system's text for an errno value, safe from any thread.
std::string system_text(int error_number);
/// "cannot ACTION SUBJECT: No such file or directory", with the code that fits.
IoError system_error(int error_number, std::string_view action, std::string_view subject);
/// The same, as a result.
inline std::unexpected<IoError> failure(int error_number, std::string_view action, std::string_view subject) {
  return std::unexpected(system_error(error_number, action, subject));
}

}  // namespace millrace::io

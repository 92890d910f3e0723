#include "io/system_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace millrace::io {

IoErrc errc_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return IoErrc::not_found;
    case EEXIST:
      return IoErrc::already_exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return IoErrc::permission_denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return IoErrc::no_space;
    case EADDRINUSE:
    case EWOULDBLOCK:
    case EBUSY:
    case ETXTBSY:
      return IoErrc::in_use;
    case EIO:
    case EUCLEAN:
    case EBADMSG:
      return IoErrc::bad_medium;
    default:
      return IoErrc::failed;
  }
}

std::string system_text(int error_number) {
  return std::generic_category().message(error_number);
}

IoError system_error(int error_number, std::string_view action, std::string_view subject) {
  return {errc_of(error_number), fmt::format("cannot {} {}: {}", action, subject, system_text(error_number))};
}

}  // namespace millrace::io

#pragma once

#include <string_view>

#include "base/result.h"
#include "wire/amqp091/constants.h"

namespace millrace::wire::amqp091 {

/// What can be wrong with received bytes.
enum class WireErrc : std::uint8_t {
  frame_too_large,
  unknown_frame_type,
  bad_frame_end,
  bad_heartbeat,
  unknown_method,
  truncated,
  trailing_bytes,
  bad_field_table,
  nesting_too_deep,
  bad_content_header,
  bad_property_flags,
};

/// An error with a text of static life. It is trivially destructible, so that results on the hot path are too.
struct WireError {
  WireErrc code;
  std::string_view detail;
};

template <class T>
using Decoded = base::Result<T, WireError>;

constexpr std::unexpected<WireError> wire_fail(WireErrc code, std::string_view detail) {
  return std::unexpected(WireError{code, detail});
}

/// The reply code with which a connection closes over `code`.
constexpr ReplyCode reply_code_for(WireErrc code) {
  switch (code) {
    case WireErrc::frame_too_large:
    case WireErrc::unknown_frame_type:
    case WireErrc::bad_frame_end:
    case WireErrc::bad_heartbeat:
      return ReplyCode::frame_error;
    case WireErrc::unknown_method:
      return ReplyCode::command_invalid;
    case WireErrc::bad_content_header:
      return ReplyCode::unexpected_frame;
    default:
      return ReplyCode::syntax_error;
  }
}

}  // namespace millrace::wire::amqp091

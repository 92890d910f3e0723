#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::wire::amqp091 {

/// First octet of a frame (AMQP 0-9-1, 4.2.3).
enum class FrameType : std::uint8_t { method = 1, header = 2, body = 3, heartbeat = 8 };

/// Octets around a payload: type, channel and size before it, the end octet after it.
inline constexpr std::size_t kFrameHeaderSize = 7;
inline constexpr std::size_t kFrameOverhead = kFrameHeaderSize + 1;
inline constexpr std::uint8_t kFrameEnd = 0xCE;
/// Smallest frame-max that peers must accept, and the limit that holds until tune-ok; it counts the whole frame.
inline constexpr std::uint32_t kFrameMinSize = 8192;

inline constexpr std::size_t kMaxShortstr = 255;

/// Reply codes of close and return (AMQP 0-9-1, 1.2).
enum class ReplyCode : std::uint16_t {
  success = 200,
  content_too_large = 311,
  no_route = 312,
  no_consumers = 313,
  connection_forced = 320,
  invalid_path = 402,
  access_refused = 403,
  not_found = 404,
  resource_locked = 405,
  precondition_failed = 406,
  frame_error = 501,
  syntax_error = 502,
  command_invalid = 503,
  channel_error = 504,
  unexpected_frame = 505,
  resource_error = 506,
  not_allowed = 530,
  not_implemented = 540,
  internal_error = 541,
};

/// True for errors that close the connection; the others close only the channel.
bool is_hard_error(ReplyCode code);

/// The name as it stands in reply texts, such as "NOT_FOUND"; "UNKNOWN" for any other value.
std::string_view name_of(ReplyCode code);

}  // namespace millrace::wire::amqp091

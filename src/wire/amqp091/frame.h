#pragma once

#include <cstdint>
#include <string_view>

#include "bytes/endian.h"
#include "bytes/view.h"
#include "wire/amqp091/error.h"

namespace millrace::wire::amqp091 {

/// A frame inside a read buffer (AMQP 0-9-1, 4.2.3).
struct Frame {
  FrameType type = FrameType::method;
  std::uint16_t channel = 0;
  bytes::ByteView payload;
  /// Octets the whole frame takes, the end octet included: how far to move on in the buffer.
  std::size_t size = 0;
};

enum class FrameStatus : std::uint8_t { complete, need_more, malformed };

struct FrameParse {
  FrameStatus status = FrameStatus::need_more;
  /// When malformed: what is wrong.
  WireErrc error{};
  /// When complete. The payload points into the input.
  Frame frame;
  /// When more is needed: how long the input must be before another call can get further.
  std::size_t needed = 0;

  /// When malformed: the error with a text.
  WireError wire_error() const;
};

constexpr bool is_frame_type(std::uint8_t octet) {
  return (octet >= 1 && octet <= 3) || octet == 8;
}

/// Parses the frame at the beginning of `input` in place. A frame whose size with its frame around it passes
/// `frame_max` is refused as soon as its first octets are there, so a peer cannot make the reader collect it.
/// `frame_max` is the limit in force; resolve a negotiated 0 ("no limit") to a limit of your own before.
inline FrameParse parse_frame(bytes::ByteView input, std::uint32_t frame_max) {
  FrameParse result;
  const auto malformed = [&result](WireErrc error) {
    result.status = FrameStatus::malformed;
    result.error = error;
    return result;
  };
  if (!input.empty() && !is_frame_type(input[0])) [[unlikely]]
    return malformed(WireErrc::unknown_frame_type);
  if (input.size() < kFrameHeaderSize) {
    result.needed = kFrameHeaderSize;
    return result;
  }
  const std::size_t payload_size = bytes::load_be<std::uint32_t>(input.data() + 3);
  const std::size_t size = payload_size + kFrameOverhead;
  if (size > frame_max) [[unlikely]]
    return malformed(WireErrc::frame_too_large);
  if (input.size() < size) {
    result.needed = size;
    return result;
  }
  if (input[size - 1] != kFrameEnd) [[unlikely]]
    return malformed(WireErrc::bad_frame_end);
  result.status = FrameStatus::complete;
  result.frame.type = static_cast<FrameType>(input[0]);
  result.frame.channel = bytes::load_be<std::uint16_t>(input.data() + 1);
  result.frame.payload = input.subspan(kFrameHeaderSize, payload_size);
  result.frame.size = size;
  if (result.frame.type == FrameType::heartbeat && (payload_size != 0 || result.frame.channel != 0)) [[unlikely]] {
    return malformed(WireErrc::bad_heartbeat);
  }
  return result;
}

inline constexpr std::size_t kProtocolHeaderSize = 8;
/// What a client of this protocol sends first, and what a server answers to a client of another (AMQP 0-9-1, 4.2.2).
inline constexpr std::uint8_t kProtocolHeader[kProtocolHeaderSize] = {'A', 'M', 'Q', 'P', 0, 0, 9, 1};

enum class ProtocolHeader : std::uint8_t {
  need_more,      // matches so far
  amqp_0_9_1,     // AMQP 0 0 9 1
  amqp_0_9,       // AMQP 1 1 0 9 and 1 1 9 1: older clients that RabbitMQ serves as 0-9-1
  amqp_0_8,       // AMQP 1 1 8 0
  amqp_1_0,       // AMQP 0 1 0 0
  amqp_1_0_tls,   // AMQP 2 1 0 0
  amqp_1_0_sasl,  // AMQP 3 1 0 0
  amqp_other,     // another version of AMQP
  not_amqp,
};

/// Says what a connection speaks from its first octets; any beyond the eighth are ignored.
ProtocolHeader parse_protocol_header(bytes::ByteView input);

}  // namespace millrace::wire::amqp091

#include "wire/amqp091/frame.h"

#include <algorithm>
#include <array>

namespace millrace::wire::amqp091 {

WireError FrameParse::wire_error() const {
  switch (error) {
    case WireErrc::frame_too_large:
      return {error, "frame is larger than the negotiated frame_max"};
    case WireErrc::unknown_frame_type:
      return {error, "unknown frame type"};
    case WireErrc::bad_frame_end:
      return {error, "frame does not end with its end octet"};
    case WireErrc::bad_heartbeat:
      return {error, "heartbeat with a payload or on a channel"};
    default:
      return {error, "malformed frame"};
  }
}

ProtocolHeader parse_protocol_header(bytes::ByteView input) {
  constexpr std::string_view kName = "AMQP";
  using Version = std::array<std::uint8_t, 4>;
  const std::size_t name_size = std::min(input.size(), kName.size());
  if (bytes::as_text(input.first(name_size)) != kName.substr(0, name_size)) return ProtocolHeader::not_amqp;
  if (input.size() < kProtocolHeaderSize) return ProtocolHeader::need_more;
  Version version{};
  std::ranges::copy(input.subspan(kName.size(), version.size()), version.begin());
  if (version == Version{0, 0, 9, 1}) return ProtocolHeader::amqp_0_9_1;
  if (version == Version{1, 1, 0, 9} || version == Version{1, 1, 9, 1}) return ProtocolHeader::amqp_0_9;
  if (version == Version{1, 1, 8, 0}) return ProtocolHeader::amqp_0_8;
  if (version == Version{0, 1, 0, 0}) return ProtocolHeader::amqp_1_0;
  if (version == Version{2, 1, 0, 0}) return ProtocolHeader::amqp_1_0_tls;
  if (version == Version{3, 1, 0, 0}) return ProtocolHeader::amqp_1_0_sasl;
  return ProtocolHeader::amqp_other;
}

}  // namespace millrace::wire::amqp091

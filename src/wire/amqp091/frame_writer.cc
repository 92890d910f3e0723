#include "wire/amqp091/frame_writer.h"

#include <algorithm>

namespace millrace::wire::amqp091 {

std::size_t body_part_max(std::uint32_t frame_max) {
  if (frame_max == 0) return std::numeric_limits<std::uint32_t>::max();
  MILLRACE_ASSERT(frame_max > kFrameOverhead, "frame_max {} leaves no room for a body", frame_max);
  return frame_max - kFrameOverhead;
}

void append_header(bytes::ByteVector& out, std::uint16_t channel, std::uint64_t body_size, bytes::ByteView properties) {
  put_header(grow(out, header_frame_size(properties)), channel, body_size, properties);
}

void append_body_frame_start(bytes::ByteVector& out, std::uint16_t channel, std::size_t size) {
  put_frame_start(grow(out, kFrameHeaderSize), FrameType::body, channel, size);
}

void append_body(bytes::ByteVector& out, std::uint16_t channel, bytes::ByteView body, std::uint32_t frame_max) {
  const std::size_t part_max = body_part_max(frame_max);
  while (!body.empty()) {
    const bytes::ByteView part = body.first(std::min(part_max, body.size()));
    append_body_frame_start(out, channel, part.size());
    out.insert(out.end(), part.begin(), part.end());
    append_frame_end(out);
    body = body.subspan(part.size());
  }
}

void append_heartbeat(bytes::ByteVector& out) {
  put_int(put_frame_start(grow(out, kFrameOverhead), FrameType::heartbeat, 0, 0), kFrameEnd);
}

}  // namespace millrace::wire::amqp091

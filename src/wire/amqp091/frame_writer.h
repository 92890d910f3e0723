#pragma once

#include <string_view>

#include "base/assert.h"
#include "bytes/view.h"
#include "wire/amqp091/arguments.h"
#include "wire/amqp091/constants.h"
#include "wire/amqp091/methods.h"

// Appends frames to a byte vector that is then sent as it is. The vector only grows, at the speed of its own growth
// policy, so one per connection that is cleared after sending settles at no allocation.
//
// `frame_max` is the negotiated limit on a whole frame; 0 means none. Bodies are split at it. A header frame cannot be
// split and is written whole even when the consumer's limit is below what the publisher's allowed.
namespace millrace::wire::amqp091 {

/// Writes type, channel and payload size.
inline std::uint8_t* put_frame_start(std::uint8_t* to, FrameType type, std::uint16_t channel, std::size_t payload) {
  MILLRACE_ASSERT(payload <= std::numeric_limits<std::uint32_t>::max());
  to = put_int(to, static_cast<std::uint8_t>(type));
  to = put_int(to, channel);
  return put_int(to, static_cast<std::uint32_t>(payload));
}

/// Appends `count` bytes to fill; valid until the next append.
inline std::uint8_t* grow(bytes::ByteVector& out, std::size_t count) {
  const std::size_t before = out.size();
  out.resize(before + count);
  return out.data() + before;
}

/// Pieces up to this are put together on the stack: appending them then is one copy, without the vector's clearing of
/// the room that grow() makes, which costs more than everything else about a small frame.
inline constexpr std::size_t kSmallPiece = 64;

/// Appends `size` octets that `put(uint8_t*)` writes.
template <class Put>
void append_piece(bytes::ByteVector& out, std::size_t size, Put put) {
  if (size > kSmallPiece) {
    put(grow(out, size));
    return;
  }
  std::uint8_t piece[kSmallPiece];
  put(piece);
  out.insert(out.end(), piece, piece + size);
}

/// Octets of the method frame that append_method() writes.
template <class M>
std::size_t method_frame_size(const M& method) {
  return kFrameOverhead + sizeof(Method) + method.encoded_size();
}

/// Writes a whole method frame into room of method_frame_size() octets.
template <class M>
std::uint8_t* put_method(std::uint8_t* to, std::uint16_t channel, const M& method, std::size_t frame_size) {
  to = put_frame_start(to, FrameType::method, channel, frame_size - kFrameOverhead);
  to = put_int(to, static_cast<std::uint32_t>(M::kMethod));
  to = method.put(to);
  return put_int(to, kFrameEnd);
}

/// A method frame.
template <class M>
void append_method(bytes::ByteVector& out, std::uint16_t channel, const M& method) {
  const std::size_t size = method_frame_size(method);
  append_piece(out, size, [&](std::uint8_t* to) { put_method(to, channel, method, size); });
}

/// A header frame around an encoded property block (which begins with its flags).
void append_header(bytes::ByteVector& out, std::uint16_t channel, std::uint64_t body_size, bytes::ByteView properties);

/// Body frames; none for an empty body.
void append_body(bytes::ByteVector& out, std::uint16_t channel, bytes::ByteView body, std::uint32_t frame_max);

/// Largest body part that one frame carries.
std::size_t body_part_max(std::uint32_t frame_max);

/// For bodies that are sent from where they lie: the octets before a part of `size` (its frame must then be closed with
/// append_frame_end()).
void append_body_frame_start(bytes::ByteVector& out, std::uint16_t channel, std::size_t size);
inline void append_frame_end(bytes::ByteVector& out) {
  out.push_back(kFrameEnd);
}

void append_heartbeat(bytes::ByteVector& out);

/// What follows the method frame of publish, return, deliver and get-ok.
struct Content {
  /// Encoded property block, at least its two octets of flags.
  bytes::ByteView properties;
  bytes::ByteView body;
};

/// Method, header and body frames, for any method with content. The method and header go out in one piece, and a body
/// that fits one frame with them.
template <class M>
void append_with_content(bytes::ByteVector& out, std::uint16_t channel, const M& method, const Content& content,
                         std::uint32_t frame_max);

/// The same without the body frames, for a body of `body_size` that is sent from where it lies.
template <class M>
void append_with_header(bytes::ByteVector& out, std::uint16_t channel, const M& method, bytes::ByteView properties,
                        std::uint64_t body_size);

/// basic.deliver with its content.
inline void append_deliver(bytes::ByteVector& out, std::uint16_t channel, std::string_view consumer_tag,
                           std::uint64_t delivery_tag, bool redelivered, std::string_view exchange,
                           std::string_view routing_key, bytes::ByteView properties, bytes::ByteView body,
                           std::uint32_t frame_max) {
  const BasicDeliver method{consumer_tag, delivery_tag, redelivered, exchange, routing_key};
  append_with_content(out, channel, method, {properties, body}, frame_max);
}

/// basic.get-ok with its content.
inline void append_get_ok(bytes::ByteVector& out, std::uint16_t channel, const BasicGetOk& method,
                          const Content& content, std::uint32_t frame_max) {
  append_with_content(out, channel, method, content, frame_max);
}

/// basic.return with its content.
inline void append_return(bytes::ByteVector& out, std::uint16_t channel, const BasicReturn& method,
                          const Content& content, std::uint32_t frame_max) {
  append_with_content(out, channel, method, content, frame_max);
}

// The rest of this header is the definition of the templates above.

inline std::size_t header_frame_size(bytes::ByteView properties) {
  return kFrameOverhead + sizeof(std::uint32_t) + sizeof(std::uint64_t) + properties.size();
}

inline std::uint8_t* put_header(std::uint8_t* to, std::uint16_t channel, std::uint64_t body_size,
                                bytes::ByteView properties) {
  MILLRACE_ASSERT(properties.size() >= sizeof(std::uint16_t), "a property block has at least its flags");
  to = put_frame_start(to, FrameType::header, channel, header_frame_size(properties) - kFrameOverhead);
  to = put_int(to, static_cast<std::uint16_t>(ClassId::basic_class));
  to = put_int(to, std::uint16_t{0});  // weight
  to = put_int(to, body_size);
  to = put_raw(to, bytes::as_text(properties));
  return put_int(to, kFrameEnd);
}

template <class M>
void append_with_header(bytes::ByteVector& out, std::uint16_t channel, const M& method, bytes::ByteView properties,
                        std::uint64_t body_size) {
  static_assert(M::kHasContent);
  const std::size_t method_size = method_frame_size(method);
  append_piece(out, method_size + header_frame_size(properties), [&](std::uint8_t* to) {
    put_header(put_method(to, channel, method, method_size), channel, body_size, properties);
  });
}

/// Bodies up to this are written in the same piece as what stands before them; filling the room for a larger one twice
/// (the vector clears it first) would cost more than appending it on its own.
inline constexpr std::size_t kOnePieceBody = 512;

template <class M>
void append_with_content(bytes::ByteVector& out, std::uint16_t channel, const M& method, const Content& content,
                         std::uint32_t frame_max) {
  static_assert(M::kHasContent);
  const std::size_t body = content.body.size();
  if (body == 0 || body > kOnePieceBody || body > body_part_max(frame_max)) {
    append_with_header(out, channel, method, content.properties, body);
    append_body(out, channel, content.body, frame_max);
    return;
  }
  const std::size_t method_size = method_frame_size(method);
  const std::size_t size = method_size + header_frame_size(content.properties) + kFrameOverhead + body;
  append_piece(out, size, [&](std::uint8_t* to) {
    to = put_method(to, channel, method, method_size);
    to = put_header(to, channel, body, content.properties);
    to = put_frame_start(to, FrameType::body, channel, body);
    to = put_raw(to, bytes::as_text(content.body));
    put_int(to, kFrameEnd);
  });
}

}  // namespace millrace::wire::amqp091

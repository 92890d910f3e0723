#pragma once

#include <span>

#include "wire/kafka/api.h"

// Frames and headers (Kafka protocol guide, "Network" and "Common Request and Response Structure").
// On a connection every request and response is: int32 size of the rest, header, body.
namespace millrace::wire::kafka {

inline constexpr std::size_t kFrameSizeBytes = 4;

enum class FrameState { complete, incomplete, malformed };

/// Looks for one frame at the start of `input`. complete: `frame` is what follows the size field, and the frame took
/// kFrameSizeBytes + frame.size() bytes. malformed: the size is negative, zero or over `max_size`.
FrameState find_frame(bytes::ByteView input, std::size_t max_size, bytes::ByteView& frame);

/// Header version 1, or 2 (with tagged fields) when the request's version is flexible. The client id is never compact.
struct RequestHeader {
  std::int16_t api_key = 0;
  std::int16_t api_version = 0;
  std::int32_t correlation_id = 0;
  std::optional<Text> client_id;

  /// Leaves the reader at the body. A request of an unknown key is taken to have version 1; its key and
  /// correlation id are right in any case.
  [[nodiscard]] bool decode(bytes::Reader& in);
  void encode(bytes::Writer& out) const;
};

/// Header version 0, or 1 when the version is flexible; but always 0 for ApiVersions, which a client must be able to
/// read before it knows what the broker speaks.
struct ResponseHeader {
  std::int32_t correlation_id = 0;

  [[nodiscard]] bool decode(bytes::Reader& in, ApiKey key, std::int16_t api_version);
  void encode(bytes::Writer& out, ApiKey key, std::int16_t api_version) const;
};

/// Writes a size to be filled in by end_frame, which gets the position returned.
std::size_t begin_frame(bytes::Writer& out);
/// Fills the size in; `splices` are the detached records of this frame.
void end_frame(bytes::Writer& out, std::size_t begin, std::span<const RecordSplice> splices = {});

/// A whole request frame.
template <class Request>
void encode_request(bytes::Writer& out, std::int16_t version, std::int32_t correlation_id,
                    std::optional<Text> client_id, const Request& request) {
  const std::size_t begin = begin_frame(out);
  RequestHeader{static_cast<std::int16_t>(Request::kApiKey), version, correlation_id, client_id}.encode(out);
  request.encode(out, version);
  end_frame(out, begin);
}

/// A whole response frame. With `splices` given, detached records are left out and told there; positions are in `out`.
template <class Response>
void encode_response(bytes::Writer& out, std::int16_t version, std::int32_t correlation_id, const Response& response,
                     std::vector<RecordSplice>* splices = nullptr) {
  const std::size_t begin = begin_frame(out);
  ResponseHeader{correlation_id}.encode(out, Response::kApiKey, version);
  if constexpr (requires { response.encode(out, version, splices); }) {
    const std::size_t first = splices != nullptr ? splices->size() : 0;
    response.encode(out, version, splices);
    if (splices != nullptr) return end_frame(out, begin, std::span<const RecordSplice>(*splices).subspan(first));
  } else {
    response.encode(out, version);
  }
  end_frame(out, begin);
}

/// Like message.decode(), but false also when bytes are left over. Not for a gateway: brokers ignore what follows a
/// request, and clients rely on it (librdkafka adds three bytes to a flexible Metadata request for all topics).
template <class Message>
[[nodiscard]] bool decode_exact(Message& message, bytes::Reader& body, std::int16_t version) {
  return message.decode(body, version) && body.at_end();
}

}  // namespace millrace::wire::kafka

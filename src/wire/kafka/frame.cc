#include "wire/kafka/frame.h"

#include <limits>

namespace millrace::wire::kafka {

namespace {

bool is_flexible(std::int16_t api_key, std::int16_t version) {
  const ApiInfo* info = find_api(api_key);
  return info != nullptr && version >= info->flexible_from;
}

}  // namespace

FrameState find_frame(bytes::ByteView input, std::size_t max_size, bytes::ByteView& frame) {
  bytes::Reader in(input);
  const std::int32_t size = in.i32();
  if (!in.ok()) return FrameState::incomplete;
  if (size <= 0 || static_cast<std::size_t>(size) > max_size) return FrameState::malformed;
  if (in.remaining() < static_cast<std::size_t>(size)) return FrameState::incomplete;
  frame = in.view(static_cast<std::size_t>(size));
  return FrameState::complete;
}

bool RequestHeader::decode(bytes::Reader& in) {
  api_key = in.i16();
  api_version = in.i16();
  correlation_id = in.i32();
  client_id = Decoder(in, 1, false).nullable_text();
  if (is_flexible(api_key, api_version)) Decoder(in, 2, true).skip_tagged_fields();
  return in.ok();
}

void RequestHeader::encode(bytes::Writer& out) const {
  out.i16(api_key);
  out.i16(api_version);
  out.i32(correlation_id);
  Encoder(out, 1, false).nullable_text(client_id);
  if (is_flexible(api_key, api_version)) out.u8(0);
}

bool ResponseHeader::decode(bytes::Reader& in, ApiKey key, std::int16_t api_version) {
  correlation_id = in.i32();
  if (key != ApiKey::api_versions && is_flexible(static_cast<std::int16_t>(key), api_version)) {
    Decoder(in, 1, true).skip_tagged_fields();
  }
  return in.ok();
}

void ResponseHeader::encode(bytes::Writer& out, ApiKey key, std::int16_t api_version) const {
  out.i32(correlation_id);
  if (key != ApiKey::api_versions && is_flexible(static_cast<std::int16_t>(key), api_version)) out.u8(0);
}

std::size_t begin_frame(bytes::Writer& out) {
  const std::size_t begin = out.size();
  out.i32(0);
  return begin;
}

void end_frame(bytes::Writer& out, std::size_t begin, std::span<const RecordSplice> splices) {
  std::size_t size = out.size() - begin - kFrameSizeBytes;
  for (const RecordSplice& splice : splices) size += splice.size;
  MILLRACE_ASSERT(size <= std::size_t{std::numeric_limits<std::int32_t>::max()});
  out.patch_be(begin, static_cast<std::int32_t>(size));
}

}  // namespace millrace::wire::kafka

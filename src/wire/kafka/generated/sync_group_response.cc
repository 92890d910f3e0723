// Made by tools/kafka/generate.py from tools/kafka/messages/sync_group.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/sync_group_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void SyncGroupResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 1 ? in.i32() : 0;
  error_code = in.error();
  if (in.version() >= 5) protocol_type = in.nullable_text();
  else protocol_type = std::nullopt;
  if (in.version() >= 5) protocol_name = in.nullable_text();
  else protocol_name = std::nullopt;
  assignment = in.blob();
  in.skip_tagged_fields();
}

void SyncGroupResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 1) out.i32(throttle_time_ms);
  out.error(error_code);
  if (out.version() >= 5) out.nullable_text(protocol_type);
  if (out.version() >= 5) out.nullable_text(protocol_name);
  out.blob(assignment);
  out.no_tagged_fields();
}

bool SyncGroupResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void SyncGroupResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string SyncGroupResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/heartbeat.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/heartbeat_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void HeartbeatRequest::decode_fields(Decoder& in) {
  group_id = in.text();
  generation_id = in.i32();
  member_id = in.text();
  if (in.version() >= 3) group_instance_id = in.nullable_text();
  else group_instance_id = std::nullopt;
  in.skip_tagged_fields();
}

void HeartbeatRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(group_id);
  out.i32(generation_id);
  out.text(member_id);
  if (out.version() >= 3) out.nullable_text(group_instance_id);
  out.no_tagged_fields();
}

bool HeartbeatRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void HeartbeatRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string HeartbeatRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

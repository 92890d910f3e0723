// Made by tools/kafka/generate.py from tools/kafka/messages/join_group.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/join_group_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void JoinGroupResponse::Member::decode_fields(Decoder& in) {
  member_id = in.text();
  if (in.version() >= 5) group_instance_id = in.nullable_text();
  else group_instance_id = std::nullopt;
  metadata = in.blob();
  in.skip_tagged_fields();
}

void JoinGroupResponse::Member::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(member_id);
  if (out.version() >= 5) out.nullable_text(group_instance_id);
  out.blob(metadata);
  out.no_tagged_fields();
}

void JoinGroupResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 2 ? in.i32() : 0;
  error_code = in.error();
  generation_id = in.i32();
  if (in.version() >= 7) protocol_type = in.nullable_text();
  else protocol_type = std::nullopt;
  protocol_name = (in.version() >= 7 ? in.nullable_text() : in.text());
  leader = in.text();
  skip_assignment = in.version() >= 9 ? in.boolean() : false;
  member_id = in.text();
  in.structs(members);
  in.skip_tagged_fields();
}

void JoinGroupResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 2) out.i32(throttle_time_ms);
  out.error(error_code);
  out.i32(generation_id);
  if (out.version() >= 7) out.nullable_text(protocol_type);
  (out.version() >= 7) ? out.nullable_text(protocol_name) : out.text(protocol_name);
  out.text(leader);
  if (out.version() >= 9) out.boolean(skip_assignment);
  out.text(member_id);
  out.structs(members);
  out.no_tagged_fields();
}

bool JoinGroupResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void JoinGroupResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string JoinGroupResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

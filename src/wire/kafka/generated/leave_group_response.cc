// Made by tools/kafka/generate.py from tools/kafka/messages/leave_group.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/leave_group_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void LeaveGroupResponse::MemberResponse::decode_fields(Decoder& in) {
  member_id = in.text();
  group_instance_id = in.nullable_text();
  error_code = in.error();
  in.skip_tagged_fields();
}

void LeaveGroupResponse::MemberResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(member_id);
  out.nullable_text(group_instance_id);
  out.error(error_code);
  out.no_tagged_fields();
}

void LeaveGroupResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 1 ? in.i32() : 0;
  error_code = in.error();
  if (in.version() >= 3) in.structs(members);
  else members.clear();
  in.skip_tagged_fields();
}

void LeaveGroupResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 1) out.i32(throttle_time_ms);
  out.error(error_code);
  if (out.version() >= 3) out.structs(members);
  out.no_tagged_fields();
}

bool LeaveGroupResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void LeaveGroupResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string LeaveGroupResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/leave_group.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/leave_group_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void LeaveGroupRequest::MemberIdentity::decode_fields(Decoder& in) {
  member_id = in.text();
  group_instance_id = in.nullable_text();
  if (in.version() >= 5) reason = in.nullable_text();
  else reason = std::nullopt;
  in.skip_tagged_fields();
}

void LeaveGroupRequest::MemberIdentity::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(member_id);
  out.nullable_text(group_instance_id);
  if (out.version() >= 5) out.nullable_text(reason);
  out.no_tagged_fields();
}

void LeaveGroupRequest::decode_fields(Decoder& in) {
  group_id = in.text();
  member_id = in.version() <= 2 ? in.text() : Text{};
  if (in.version() >= 3) in.structs(members);
  else members.clear();
  in.skip_tagged_fields();
}

void LeaveGroupRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(group_id);
  if (out.version() <= 2) out.text(member_id);
  if (out.version() >= 3) out.structs(members);
  out.no_tagged_fields();
}

bool LeaveGroupRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void LeaveGroupRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string LeaveGroupRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

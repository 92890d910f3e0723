// Made by tools/kafka/generate.py from tools/kafka/messages/join_group.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/join_group_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void JoinGroupRequest::Protocol::decode_fields(Decoder& in) {
  name = in.text();
  metadata = in.blob();
  in.skip_tagged_fields();
}

void JoinGroupRequest::Protocol::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.blob(metadata);
  out.no_tagged_fields();
}

void JoinGroupRequest::decode_fields(Decoder& in) {
  group_id = in.text();
  session_timeout_ms = in.i32();
  rebalance_timeout_ms = in.version() >= 1 ? in.i32() : -1;
  member_id = in.text();
  if (in.version() >= 5) group_instance_id = in.nullable_text();
  else group_instance_id = std::nullopt;
  protocol_type = in.text();
  in.structs(protocols);
  if (in.version() >= 8) reason = in.nullable_text();
  else reason = std::nullopt;
  in.skip_tagged_fields();
}

void JoinGroupRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(group_id);
  out.i32(session_timeout_ms);
  if (out.version() >= 1) out.i32(rebalance_timeout_ms);
  out.text(member_id);
  if (out.version() >= 5) out.nullable_text(group_instance_id);
  out.text(protocol_type);
  out.structs(protocols);
  if (out.version() >= 8) out.nullable_text(reason);
  out.no_tagged_fields();
}

bool JoinGroupRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void JoinGroupRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string JoinGroupRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

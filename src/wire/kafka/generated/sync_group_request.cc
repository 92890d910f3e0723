// Made by tools/kafka/generate.py from tools/kafka/messages/sync_group.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/sync_group_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void SyncGroupRequest::Assignment::decode_fields(Decoder& in) {
  member_id = in.text();
  assignment = in.blob();
  in.skip_tagged_fields();
}

void SyncGroupRequest::Assignment::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(member_id);
  out.blob(assignment);
  out.no_tagged_fields();
}

void SyncGroupRequest::decode_fields(Decoder& in) {
  group_id = in.text();
  generation_id = in.i32();
  member_id = in.text();
  if (in.version() >= 3) group_instance_id = in.nullable_text();
  else group_instance_id = std::nullopt;
  if (in.version() >= 5) protocol_type = in.nullable_text();
  else protocol_type = std::nullopt;
  if (in.version() >= 5) protocol_name = in.nullable_text();
  else protocol_name = std::nullopt;
  in.structs(assignments);
  in.skip_tagged_fields();
}

void SyncGroupRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(group_id);
  out.i32(generation_id);
  out.text(member_id);
  if (out.version() >= 3) out.nullable_text(group_instance_id);
  if (out.version() >= 5) out.nullable_text(protocol_type);
  if (out.version() >= 5) out.nullable_text(protocol_name);
  out.structs(assignments);
  out.no_tagged_fields();
}

bool SyncGroupRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void SyncGroupRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string SyncGroupRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

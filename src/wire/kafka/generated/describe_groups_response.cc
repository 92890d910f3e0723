// Made by tools/kafka/generate.py from tools/kafka/messages/describe_groups.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_groups_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeGroupsResponse::Member::decode_fields(Decoder& in) {
  member_id = in.text();
  if (in.version() >= 4) group_instance_id = in.nullable_text();
  else group_instance_id = std::nullopt;
  client_id = in.text();
  client_host = in.text();
  member_metadata = in.blob();
  member_assignment = in.blob();
  in.skip_tagged_fields();
}

void DescribeGroupsResponse::Member::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(member_id);
  if (out.version() >= 4) out.nullable_text(group_instance_id);
  out.text(client_id);
  out.text(client_host);
  out.blob(member_metadata);
  out.blob(member_assignment);
  out.no_tagged_fields();
}

void DescribeGroupsResponse::Group::decode_fields(Decoder& in) {
  error_code = in.error();
  if (in.version() >= 6) error_message = in.nullable_text();
  else error_message = std::nullopt;
  group_id = in.text();
  group_state = in.text();
  protocol_type = in.text();
  protocol_data = in.text();
  in.structs(members);
  authorized_operations = in.version() >= 3 ? in.i32() : std::numeric_limits<std::int32_t>::min();
  in.skip_tagged_fields();
}

void DescribeGroupsResponse::Group::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  if (out.version() >= 6) out.nullable_text(error_message);
  out.text(group_id);
  out.text(group_state);
  out.text(protocol_type);
  out.text(protocol_data);
  out.structs(members);
  if (out.version() >= 3) out.i32(authorized_operations);
  out.no_tagged_fields();
}

void DescribeGroupsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 1 ? in.i32() : 0;
  in.structs(groups);
  in.skip_tagged_fields();
}

void DescribeGroupsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 1) out.i32(throttle_time_ms);
  out.structs(groups);
  out.no_tagged_fields();
}

bool DescribeGroupsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeGroupsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeGroupsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

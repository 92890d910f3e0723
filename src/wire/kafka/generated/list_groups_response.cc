// Made by tools/kafka/generate.py from tools/kafka/messages/list_groups.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/list_groups_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ListGroupsResponse::ListedGroup::decode_fields(Decoder& in) {
  group_id = in.text();
  protocol_type = in.text();
  group_state = in.version() >= 4 ? in.text() : Text{};
  group_type = in.version() >= 5 ? in.text() : Text{};
  in.skip_tagged_fields();
}

void ListGroupsResponse::ListedGroup::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(group_id);
  out.text(protocol_type);
  if (out.version() >= 4) out.text(group_state);
  if (out.version() >= 5) out.text(group_type);
  out.no_tagged_fields();
}

void ListGroupsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 1 ? in.i32() : 0;
  error_code = in.error();
  in.structs(groups);
  in.skip_tagged_fields();
}

void ListGroupsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 1) out.i32(throttle_time_ms);
  out.error(error_code);
  out.structs(groups);
  out.no_tagged_fields();
}

bool ListGroupsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ListGroupsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ListGroupsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

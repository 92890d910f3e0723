// Made by tools/kafka/generate.py from tools/kafka/messages/delete_groups.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/delete_groups_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DeleteGroupsResponse::GroupResult::decode_fields(Decoder& in) {
  group_id = in.text();
  error_code = in.error();
  in.skip_tagged_fields();
}

void DeleteGroupsResponse::GroupResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(group_id);
  out.error(error_code);
  out.no_tagged_fields();
}

void DeleteGroupsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(results);
  in.skip_tagged_fields();
}

void DeleteGroupsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(results);
  out.no_tagged_fields();
}

bool DeleteGroupsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DeleteGroupsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DeleteGroupsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

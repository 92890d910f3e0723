// Made by tools/kafka/generate.py from tools/kafka/messages/delete_groups.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/delete_groups_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DeleteGroupsRequest::decode_fields(Decoder& in) {
  in.array(groups_names);
  in.skip_tagged_fields();
}

void DeleteGroupsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.array(groups_names);
  out.no_tagged_fields();
}

bool DeleteGroupsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DeleteGroupsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DeleteGroupsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

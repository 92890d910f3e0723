// Made by tools/kafka/generate.py from tools/kafka/messages/list_groups.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/list_groups_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ListGroupsRequest::decode_fields(Decoder& in) {
  if (in.version() >= 4) in.array(states_filter);
  else states_filter.clear();
  if (in.version() >= 5) in.array(types_filter);
  else types_filter.clear();
  in.skip_tagged_fields();
}

void ListGroupsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 4) out.array(states_filter);
  if (out.version() >= 5) out.array(types_filter);
  out.no_tagged_fields();
}

bool ListGroupsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ListGroupsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ListGroupsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

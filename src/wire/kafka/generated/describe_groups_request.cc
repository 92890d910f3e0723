// Made by tools/kafka/generate.py from tools/kafka/messages/describe_groups.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_groups_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeGroupsRequest::decode_fields(Decoder& in) {
  in.array(groups);
  include_authorized_operations = in.version() >= 3 ? in.boolean() : false;
  in.skip_tagged_fields();
}

void DescribeGroupsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.array(groups);
  if (out.version() >= 3) out.boolean(include_authorized_operations);
  out.no_tagged_fields();
}

bool DescribeGroupsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeGroupsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeGroupsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

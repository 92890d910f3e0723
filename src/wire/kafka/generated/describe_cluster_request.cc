// Made by tools/kafka/generate.py from tools/kafka/messages/describe_cluster.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_cluster_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeClusterRequest::decode_fields(Decoder& in) {
  include_cluster_authorized_operations = in.boolean();
  endpoint_type = in.version() >= 1 ? in.i8() : std::int8_t{1};
  include_fenced_brokers = in.version() >= 2 ? in.boolean() : false;
  in.skip_tagged_fields();
}

void DescribeClusterRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.boolean(include_cluster_authorized_operations);
  if (out.version() >= 1) out.i8(endpoint_type);
  if (out.version() >= 2) out.boolean(include_fenced_brokers);
  out.no_tagged_fields();
}

bool DescribeClusterRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeClusterRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeClusterRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/describe_cluster.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_cluster_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeClusterResponse::Broker::decode_fields(Decoder& in) {
  broker_id = in.i32();
  host = in.text();
  port = in.i32();
  rack = in.nullable_text();
  is_fenced = in.version() >= 2 ? in.boolean() : false;
  in.skip_tagged_fields();
}

void DescribeClusterResponse::Broker::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(broker_id);
  out.text(host);
  out.i32(port);
  out.nullable_text(rack);
  if (out.version() >= 2) out.boolean(is_fenced);
  out.no_tagged_fields();
}

void DescribeClusterResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.error();
  error_message = in.nullable_text();
  endpoint_type = in.version() >= 1 ? in.i8() : std::int8_t{1};
  cluster_id = in.text();
  controller_id = in.i32();
  in.structs(brokers);
  cluster_authorized_operations = in.i32();
  in.skip_tagged_fields();
}

void DescribeClusterResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.error(error_code);
  out.nullable_text(error_message);
  if (out.version() >= 1) out.i8(endpoint_type);
  out.text(cluster_id);
  out.i32(controller_id);
  out.structs(brokers);
  out.i32(cluster_authorized_operations);
  out.no_tagged_fields();
}

bool DescribeClusterResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeClusterResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeClusterResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

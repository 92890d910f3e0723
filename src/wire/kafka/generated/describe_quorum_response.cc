// Made by tools/kafka/generate.py from tools/kafka/messages/describe_quorum.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_quorum_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeQuorumResponse::Replica::decode_fields(Decoder& in) {
  replica_id = in.i32();
  replica_directory_id = in.version() >= 2 ? in.uuid() : Uuid{};
  log_end_offset = in.i64();
  last_fetch_timestamp = in.version() >= 1 ? in.i64() : -1;
  last_caught_up_timestamp = in.version() >= 1 ? in.i64() : -1;
  in.skip_tagged_fields();
}

void DescribeQuorumResponse::Replica::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(replica_id);
  if (out.version() >= 2) out.uuid(replica_directory_id);
  out.i64(log_end_offset);
  if (out.version() >= 1) out.i64(last_fetch_timestamp);
  if (out.version() >= 1) out.i64(last_caught_up_timestamp);
  out.no_tagged_fields();
}

void DescribeQuorumResponse::PartitionResult::decode_fields(Decoder& in) {
  partition_index = in.i32();
  error_code = in.error();
  if (in.version() >= 2) error_message = in.nullable_text();
  else error_message = std::nullopt;
  leader_id = in.i32();
  leader_epoch = in.i32();
  high_watermark = in.i64();
  in.structs(current_voters);
  in.structs(observers);
  in.skip_tagged_fields();
}

void DescribeQuorumResponse::PartitionResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.error(error_code);
  if (out.version() >= 2) out.nullable_text(error_message);
  out.i32(leader_id);
  out.i32(leader_epoch);
  out.i64(high_watermark);
  out.structs(current_voters);
  out.structs(observers);
  out.no_tagged_fields();
}

void DescribeQuorumResponse::TopicResult::decode_fields(Decoder& in) {
  topic_name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void DescribeQuorumResponse::TopicResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic_name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void DescribeQuorumResponse::Listener::decode_fields(Decoder& in) {
  name = in.text();
  host = in.text();
  port = in.u16();
  in.skip_tagged_fields();
}

void DescribeQuorumResponse::Listener::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.text(host);
  out.u16(port);
  out.no_tagged_fields();
}

void DescribeQuorumResponse::Node::decode_fields(Decoder& in) {
  node_id = in.i32();
  in.structs(listeners);
  in.skip_tagged_fields();
}

void DescribeQuorumResponse::Node::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(node_id);
  out.structs(listeners);
  out.no_tagged_fields();
}

void DescribeQuorumResponse::decode_fields(Decoder& in) {
  error_code = in.error();
  if (in.version() >= 2) error_message = in.nullable_text();
  else error_message = std::nullopt;
  in.structs(topics);
  if (in.version() >= 2) in.structs(nodes);
  else nodes.clear();
  in.skip_tagged_fields();
}

void DescribeQuorumResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  if (out.version() >= 2) out.nullable_text(error_message);
  out.structs(topics);
  if (out.version() >= 2) out.structs(nodes);
  out.no_tagged_fields();
}

bool DescribeQuorumResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeQuorumResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeQuorumResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

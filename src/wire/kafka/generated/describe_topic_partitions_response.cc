// Made by tools/kafka/generate.py from tools/kafka/messages/describe_topic_partitions.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_topic_partitions_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeTopicPartitionsResponse::Partition::decode_fields(Decoder& in) {
  error_code = in.error();
  partition_index = in.i32();
  leader_id = in.i32();
  leader_epoch = in.i32();
  in.array(replica_nodes);
  in.array(isr_nodes);
  in.nullable_array(eligible_leader_replicas);
  in.nullable_array(last_known_elr);
  in.array(offline_replicas);
  in.skip_tagged_fields();
}

void DescribeTopicPartitionsResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.i32(partition_index);
  out.i32(leader_id);
  out.i32(leader_epoch);
  out.array(replica_nodes);
  out.array(isr_nodes);
  out.nullable_array(eligible_leader_replicas);
  out.nullable_array(last_known_elr);
  out.array(offline_replicas);
  out.no_tagged_fields();
}

void DescribeTopicPartitionsResponse::Topic::decode_fields(Decoder& in) {
  error_code = in.error();
  name = in.nullable_text();
  topic_id = in.uuid();
  is_internal = in.boolean();
  in.structs(partitions);
  topic_authorized_operations = in.i32();
  in.skip_tagged_fields();
}

void DescribeTopicPartitionsResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.nullable_text(name);
  out.uuid(topic_id);
  out.boolean(is_internal);
  out.structs(partitions);
  out.i32(topic_authorized_operations);
  out.no_tagged_fields();
}

void DescribeTopicPartitionsResponse::Cursor::decode_fields(Decoder& in) {
  topic_name = in.text();
  partition_index = in.i32();
  in.skip_tagged_fields();
}

void DescribeTopicPartitionsResponse::Cursor::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic_name);
  out.i32(partition_index);
  out.no_tagged_fields();
}

void DescribeTopicPartitionsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(topics);
  in.nullable_structure(next_cursor);
  in.skip_tagged_fields();
}

void DescribeTopicPartitionsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(topics);
  out.nullable_structure(next_cursor);
  out.no_tagged_fields();
}

bool DescribeTopicPartitionsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeTopicPartitionsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeTopicPartitionsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/describe_topic_partitions.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_topic_partitions_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeTopicPartitionsRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.skip_tagged_fields();
}

void DescribeTopicPartitionsRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.no_tagged_fields();
}

void DescribeTopicPartitionsRequest::Cursor::decode_fields(Decoder& in) {
  topic_name = in.text();
  partition_index = in.i32();
  in.skip_tagged_fields();
}

void DescribeTopicPartitionsRequest::Cursor::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic_name);
  out.i32(partition_index);
  out.no_tagged_fields();
}

void DescribeTopicPartitionsRequest::decode_fields(Decoder& in) {
  in.structs(topics);
  response_partition_limit = in.i32();
  in.nullable_structure(cursor);
  in.skip_tagged_fields();
}

void DescribeTopicPartitionsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(topics);
  out.i32(response_partition_limit);
  out.nullable_structure(cursor);
  out.no_tagged_fields();
}

bool DescribeTopicPartitionsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeTopicPartitionsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeTopicPartitionsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

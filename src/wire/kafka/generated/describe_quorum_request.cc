// Made by tools/kafka/generate.py from tools/kafka/messages/describe_quorum.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_quorum_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeQuorumRequest::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  in.skip_tagged_fields();
}

void DescribeQuorumRequest::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.no_tagged_fields();
}

void DescribeQuorumRequest::Topic::decode_fields(Decoder& in) {
  topic_name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void DescribeQuorumRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic_name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void DescribeQuorumRequest::decode_fields(Decoder& in) {
  in.structs(topics);
  in.skip_tagged_fields();
}

void DescribeQuorumRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(topics);
  out.no_tagged_fields();
}

bool DescribeQuorumRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeQuorumRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeQuorumRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

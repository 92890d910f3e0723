// Made by tools/kafka/generate.py from tools/kafka/messages/describe_log_dirs.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_log_dirs_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeLogDirsRequest::Topic::decode_fields(Decoder& in) {
  topic = in.text();
  in.array(partitions);
  in.skip_tagged_fields();
}

void DescribeLogDirsRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic);
  out.array(partitions);
  out.no_tagged_fields();
}

void DescribeLogDirsRequest::decode_fields(Decoder& in) {
  in.nullable_structs(topics);
  in.skip_tagged_fields();
}

void DescribeLogDirsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.nullable_structs(topics);
  out.no_tagged_fields();
}

bool DescribeLogDirsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeLogDirsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeLogDirsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

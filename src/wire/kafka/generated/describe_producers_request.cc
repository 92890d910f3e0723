// Made by tools/kafka/generate.py from tools/kafka/messages/describe_producers.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_producers_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeProducersRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.array(partition_indexes);
  in.skip_tagged_fields();
}

void DescribeProducersRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.array(partition_indexes);
  out.no_tagged_fields();
}

void DescribeProducersRequest::decode_fields(Decoder& in) {
  in.structs(topics);
  in.skip_tagged_fields();
}

void DescribeProducersRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(topics);
  out.no_tagged_fields();
}

bool DescribeProducersRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeProducersRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeProducersRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

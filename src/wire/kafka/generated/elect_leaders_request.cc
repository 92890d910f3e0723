// Made by tools/kafka/generate.py from tools/kafka/messages/elect_leaders.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/elect_leaders_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ElectLeadersRequest::TopicPartitions::decode_fields(Decoder& in) {
  topic = in.text();
  in.array(partitions);
  in.skip_tagged_fields();
}

void ElectLeadersRequest::TopicPartitions::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic);
  out.array(partitions);
  out.no_tagged_fields();
}

void ElectLeadersRequest::decode_fields(Decoder& in) {
  election_type = in.version() >= 1 ? in.i8() : std::int8_t{0};
  in.nullable_structs(topic_partitions);
  timeout_ms = in.i32();
  in.skip_tagged_fields();
}

void ElectLeadersRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 1) out.i8(election_type);
  out.nullable_structs(topic_partitions);
  out.i32(timeout_ms);
  out.no_tagged_fields();
}

bool ElectLeadersRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ElectLeadersRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ElectLeadersRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/consumer_protocol_assignment.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/consumer_protocol_assignment.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ConsumerProtocolAssignment::TopicPartition::decode_fields(Decoder& in) {
  topic = in.text();
  in.array(partitions);
}

void ConsumerProtocolAssignment::TopicPartition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic);
  out.array(partitions);
}

void ConsumerProtocolAssignment::decode_fields(Decoder& in) {
  in.structs(assigned_partitions);
  user_data = in.nullable_blob();
}

void ConsumerProtocolAssignment::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(assigned_partitions);
  out.nullable_blob(user_data);
}

bool ConsumerProtocolAssignment::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ConsumerProtocolAssignment::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ConsumerProtocolAssignment::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/consumer_protocol_subscription.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/consumer_protocol_subscription.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ConsumerProtocolSubscription::TopicPartition::decode_fields(Decoder& in) {
  topic = in.text();
  in.array(partitions);
}

void ConsumerProtocolSubscription::TopicPartition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic);
  out.array(partitions);
}

void ConsumerProtocolSubscription::decode_fields(Decoder& in) {
  in.array(topics);
  user_data = in.nullable_blob();
  if (in.version() >= 1) in.structs(owned_partitions);
  else owned_partitions.clear();
  generation_id = in.version() >= 2 ? in.i32() : -1;
  if (in.version() >= 3) rack_id = in.nullable_text();
  else rack_id = std::nullopt;
}

void ConsumerProtocolSubscription::encode_fields([[maybe_unused]] Encoder& out) const {
  out.array(topics);
  out.nullable_blob(user_data);
  if (out.version() >= 1) out.structs(owned_partitions);
  if (out.version() >= 2) out.i32(generation_id);
  if (out.version() >= 3) out.nullable_text(rack_id);
}

bool ConsumerProtocolSubscription::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ConsumerProtocolSubscription::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ConsumerProtocolSubscription::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

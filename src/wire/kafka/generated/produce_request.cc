// Made by tools/kafka/generate.py from tools/kafka/messages/produce.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/produce_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ProduceRequest::PartitionData::decode_fields(Decoder& in) {
  index = in.i32();
  records = in.nullable_records();
  in.skip_tagged_fields();
}

void ProduceRequest::PartitionData::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(index);
  out.nullable_records(records);
  out.no_tagged_fields();
}

void ProduceRequest::TopicData::decode_fields(Decoder& in) {
  name = in.version() <= 12 ? in.text() : Text{};
  topic_id = in.version() >= 13 ? in.uuid() : Uuid{};
  in.structs(partition_data);
  in.skip_tagged_fields();
}

void ProduceRequest::TopicData::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 12) out.text(name);
  if (out.version() >= 13) out.uuid(topic_id);
  out.structs(partition_data);
  out.no_tagged_fields();
}

void ProduceRequest::decode_fields(Decoder& in) {
  if (in.version() >= 3) transactional_id = in.nullable_text();
  else transactional_id = std::nullopt;
  acks = in.i16();
  timeout_ms = in.i32();
  in.structs(topic_data);
  in.skip_tagged_fields();
}

void ProduceRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 3) out.nullable_text(transactional_id);
  out.i16(acks);
  out.i32(timeout_ms);
  out.structs(topic_data);
  out.no_tagged_fields();
}

bool ProduceRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ProduceRequest::encode(bytes::Writer& writer, std::int16_t wire_version, std::vector<RecordSplice>* splices) const {
  encode_message(*this, writer, wire_version, splices);
}

std::string ProduceRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

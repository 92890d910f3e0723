// Made by tools/kafka/generate.py from tools/kafka/messages/create_topics.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/create_topics_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void CreateTopicsRequest::Assignment::decode_fields(Decoder& in) {
  partition_index = in.i32();
  in.array(broker_ids);
  in.skip_tagged_fields();
}

void CreateTopicsRequest::Assignment::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.array(broker_ids);
  out.no_tagged_fields();
}

void CreateTopicsRequest::Config::decode_fields(Decoder& in) {
  name = in.text();
  value = in.nullable_text();
  in.skip_tagged_fields();
}

void CreateTopicsRequest::Config::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.nullable_text(value);
  out.no_tagged_fields();
}

void CreateTopicsRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  num_partitions = in.i32();
  replication_factor = in.i16();
  in.structs(assignments);
  in.structs(configs);
  in.skip_tagged_fields();
}

void CreateTopicsRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.i32(num_partitions);
  out.i16(replication_factor);
  out.structs(assignments);
  out.structs(configs);
  out.no_tagged_fields();
}

void CreateTopicsRequest::decode_fields(Decoder& in) {
  in.structs(topics);
  timeout_ms = in.i32();
  validate_only = in.version() >= 1 ? in.boolean() : false;
  in.skip_tagged_fields();
}

void CreateTopicsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(topics);
  out.i32(timeout_ms);
  if (out.version() >= 1) out.boolean(validate_only);
  out.no_tagged_fields();
}

bool CreateTopicsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void CreateTopicsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string CreateTopicsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

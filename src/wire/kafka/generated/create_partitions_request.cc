// Made by tools/kafka/generate.py from tools/kafka/messages/create_partitions.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/create_partitions_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void CreatePartitionsRequest::Assignment::decode_fields(Decoder& in) {
  in.array(broker_ids);
  in.skip_tagged_fields();
}

void CreatePartitionsRequest::Assignment::encode_fields([[maybe_unused]] Encoder& out) const {
  out.array(broker_ids);
  out.no_tagged_fields();
}

void CreatePartitionsRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  count = in.i32();
  in.nullable_structs(assignments);
  in.skip_tagged_fields();
}

void CreatePartitionsRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.i32(count);
  out.nullable_structs(assignments);
  out.no_tagged_fields();
}

void CreatePartitionsRequest::decode_fields(Decoder& in) {
  in.structs(topics);
  timeout_ms = in.i32();
  validate_only = in.boolean();
  in.skip_tagged_fields();
}

void CreatePartitionsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(topics);
  out.i32(timeout_ms);
  out.boolean(validate_only);
  out.no_tagged_fields();
}

bool CreatePartitionsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void CreatePartitionsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string CreatePartitionsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

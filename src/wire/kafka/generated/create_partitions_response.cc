// Made by tools/kafka/generate.py from tools/kafka/messages/create_partitions.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/create_partitions_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void CreatePartitionsResponse::Result::decode_fields(Decoder& in) {
  name = in.text();
  error_code = in.error();
  error_message = in.nullable_text();
  in.skip_tagged_fields();
}

void CreatePartitionsResponse::Result::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.error(error_code);
  out.nullable_text(error_message);
  out.no_tagged_fields();
}

void CreatePartitionsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(results);
  in.skip_tagged_fields();
}

void CreatePartitionsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(results);
  out.no_tagged_fields();
}

bool CreatePartitionsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void CreatePartitionsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string CreatePartitionsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

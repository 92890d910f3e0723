// Made by tools/kafka/generate.py from tools/kafka/messages/incremental_alter_configs.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/incremental_alter_configs_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void IncrementalAlterConfigsResponse::ResourceResponse::decode_fields(Decoder& in) {
  error_code = in.error();
  error_message = in.nullable_text();
  resource_type = in.i8();
  resource_name = in.text();
  in.skip_tagged_fields();
}

void IncrementalAlterConfigsResponse::ResourceResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.nullable_text(error_message);
  out.i8(resource_type);
  out.text(resource_name);
  out.no_tagged_fields();
}

void IncrementalAlterConfigsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(responses);
  in.skip_tagged_fields();
}

void IncrementalAlterConfigsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(responses);
  out.no_tagged_fields();
}

bool IncrementalAlterConfigsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void IncrementalAlterConfigsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string IncrementalAlterConfigsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

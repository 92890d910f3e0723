// Made by tools/kafka/generate.py from tools/kafka/messages/list_config_resources.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/list_config_resources_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ListConfigResourcesResponse::ConfigResource::decode_fields(Decoder& in) {
  resource_name = in.text();
  resource_type = in.version() >= 1 ? in.i8() : std::int8_t{16};
  in.skip_tagged_fields();
}

void ListConfigResourcesResponse::ConfigResource::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(resource_name);
  if (out.version() >= 1) out.i8(resource_type);
  out.no_tagged_fields();
}

void ListConfigResourcesResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.error();
  in.structs(config_resources);
  in.skip_tagged_fields();
}

void ListConfigResourcesResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.error(error_code);
  out.structs(config_resources);
  out.no_tagged_fields();
}

bool ListConfigResourcesResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ListConfigResourcesResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ListConfigResourcesResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

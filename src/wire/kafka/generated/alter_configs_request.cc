// Made by tools/kafka/generate.py from tools/kafka/messages/alter_configs.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/alter_configs_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void AlterConfigsRequest::Config::decode_fields(Decoder& in) {
  name = in.text();
  value = in.nullable_text();
  in.skip_tagged_fields();
}

void AlterConfigsRequest::Config::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.nullable_text(value);
  out.no_tagged_fields();
}

void AlterConfigsRequest::Resource::decode_fields(Decoder& in) {
  resource_type = in.i8();
  resource_name = in.text();
  in.structs(configs);
  in.skip_tagged_fields();
}

void AlterConfigsRequest::Resource::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i8(resource_type);
  out.text(resource_name);
  out.structs(configs);
  out.no_tagged_fields();
}

void AlterConfigsRequest::decode_fields(Decoder& in) {
  in.structs(resources);
  validate_only = in.boolean();
  in.skip_tagged_fields();
}

void AlterConfigsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(resources);
  out.boolean(validate_only);
  out.no_tagged_fields();
}

bool AlterConfigsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void AlterConfigsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string AlterConfigsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/describe_configs.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_configs_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeConfigsResponse::Synonym::decode_fields(Decoder& in) {
  name = in.text();
  value = in.nullable_text();
  source = in.i8();
  in.skip_tagged_fields();
}

void DescribeConfigsResponse::Synonym::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.nullable_text(value);
  out.i8(source);
  out.no_tagged_fields();
}

void DescribeConfigsResponse::Config::decode_fields(Decoder& in) {
  name = in.text();
  value = in.nullable_text();
  read_only = in.boolean();
  is_default = in.version() <= 0 ? in.boolean() : false;
  config_source = in.version() >= 1 ? in.i8() : std::int8_t{-1};
  is_sensitive = in.boolean();
  if (in.version() >= 1) in.structs(synonyms);
  else synonyms.clear();
  config_type = in.version() >= 3 ? in.i8() : std::int8_t{0};
  if (in.version() >= 3) documentation = in.nullable_text();
  else documentation = std::nullopt;
  in.skip_tagged_fields();
}

void DescribeConfigsResponse::Config::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.nullable_text(value);
  out.boolean(read_only);
  if (out.version() <= 0) out.boolean(is_default);
  if (out.version() >= 1) out.i8(config_source);
  out.boolean(is_sensitive);
  if (out.version() >= 1) out.structs(synonyms);
  if (out.version() >= 3) out.i8(config_type);
  if (out.version() >= 3) out.nullable_text(documentation);
  out.no_tagged_fields();
}

void DescribeConfigsResponse::Result::decode_fields(Decoder& in) {
  error_code = in.error();
  error_message = in.nullable_text();
  resource_type = in.i8();
  resource_name = in.text();
  in.structs(configs);
  in.skip_tagged_fields();
}

void DescribeConfigsResponse::Result::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.nullable_text(error_message);
  out.i8(resource_type);
  out.text(resource_name);
  out.structs(configs);
  out.no_tagged_fields();
}

void DescribeConfigsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(results);
  in.skip_tagged_fields();
}

void DescribeConfigsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(results);
  out.no_tagged_fields();
}

bool DescribeConfigsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeConfigsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeConfigsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

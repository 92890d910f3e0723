// Made by tools/kafka/generate.py from tools/kafka/messages/describe_client_quotas.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_client_quotas_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeClientQuotasResponse::Entity::decode_fields(Decoder& in) {
  entity_type = in.text();
  entity_name = in.nullable_text();
  in.skip_tagged_fields();
}

void DescribeClientQuotasResponse::Entity::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(entity_type);
  out.nullable_text(entity_name);
  out.no_tagged_fields();
}

void DescribeClientQuotasResponse::Value::decode_fields(Decoder& in) {
  key = in.text();
  value = in.f64();
  in.skip_tagged_fields();
}

void DescribeClientQuotasResponse::Value::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(key);
  out.f64(value);
  out.no_tagged_fields();
}

void DescribeClientQuotasResponse::Entry::decode_fields(Decoder& in) {
  in.structs(entity);
  in.structs(values);
  in.skip_tagged_fields();
}

void DescribeClientQuotasResponse::Entry::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(entity);
  out.structs(values);
  out.no_tagged_fields();
}

void DescribeClientQuotasResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.error();
  error_message = in.nullable_text();
  in.nullable_structs(entries);
  in.skip_tagged_fields();
}

void DescribeClientQuotasResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.error(error_code);
  out.nullable_text(error_message);
  out.nullable_structs(entries);
  out.no_tagged_fields();
}

bool DescribeClientQuotasResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeClientQuotasResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeClientQuotasResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

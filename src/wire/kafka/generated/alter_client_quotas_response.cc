// Made by tools/kafka/generate.py from tools/kafka/messages/alter_client_quotas.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/alter_client_quotas_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void AlterClientQuotasResponse::ResultEntity::decode_fields(Decoder& in) {
  entity_type = in.text();
  entity_name = in.nullable_text();
  in.skip_tagged_fields();
}

void AlterClientQuotasResponse::ResultEntity::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(entity_type);
  out.nullable_text(entity_name);
  out.no_tagged_fields();
}

void AlterClientQuotasResponse::EntryResult::decode_fields(Decoder& in) {
  error_code = in.error();
  error_message = in.nullable_text();
  in.structs(entity);
  in.skip_tagged_fields();
}

void AlterClientQuotasResponse::EntryResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.nullable_text(error_message);
  out.structs(entity);
  out.no_tagged_fields();
}

void AlterClientQuotasResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(entries);
  in.skip_tagged_fields();
}

void AlterClientQuotasResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(entries);
  out.no_tagged_fields();
}

bool AlterClientQuotasResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void AlterClientQuotasResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string AlterClientQuotasResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

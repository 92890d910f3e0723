// Made by tools/kafka/generate.py from tools/kafka/messages/alter_client_quotas.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/alter_client_quotas_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void AlterClientQuotasRequest::Entity::decode_fields(Decoder& in) {
  entity_type = in.text();
  entity_name = in.nullable_text();
  in.skip_tagged_fields();
}

void AlterClientQuotasRequest::Entity::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(entity_type);
  out.nullable_text(entity_name);
  out.no_tagged_fields();
}

void AlterClientQuotasRequest::Op::decode_fields(Decoder& in) {
  key = in.text();
  value = in.f64();
  remove = in.boolean();
  in.skip_tagged_fields();
}

void AlterClientQuotasRequest::Op::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(key);
  out.f64(value);
  out.boolean(remove);
  out.no_tagged_fields();
}

void AlterClientQuotasRequest::Entry::decode_fields(Decoder& in) {
  in.structs(entity);
  in.structs(ops);
  in.skip_tagged_fields();
}

void AlterClientQuotasRequest::Entry::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(entity);
  out.structs(ops);
  out.no_tagged_fields();
}

void AlterClientQuotasRequest::decode_fields(Decoder& in) {
  in.structs(entries);
  validate_only = in.boolean();
  in.skip_tagged_fields();
}

void AlterClientQuotasRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(entries);
  out.boolean(validate_only);
  out.no_tagged_fields();
}

bool AlterClientQuotasRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void AlterClientQuotasRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string AlterClientQuotasRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

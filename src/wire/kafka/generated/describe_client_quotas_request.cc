// Made by tools/kafka/generate.py from tools/kafka/messages/describe_client_quotas.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_client_quotas_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeClientQuotasRequest::Component::decode_fields(Decoder& in) {
  entity_type = in.text();
  match_type = in.i8();
  match = in.nullable_text();
  in.skip_tagged_fields();
}

void DescribeClientQuotasRequest::Component::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(entity_type);
  out.i8(match_type);
  out.nullable_text(match);
  out.no_tagged_fields();
}

void DescribeClientQuotasRequest::decode_fields(Decoder& in) {
  in.structs(components);
  strict = in.boolean();
  in.skip_tagged_fields();
}

void DescribeClientQuotasRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(components);
  out.boolean(strict);
  out.no_tagged_fields();
}

bool DescribeClientQuotasRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeClientQuotasRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeClientQuotasRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

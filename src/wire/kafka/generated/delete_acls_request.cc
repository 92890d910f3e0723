// Made by tools/kafka/generate.py from tools/kafka/messages/delete_acls.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/delete_acls_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DeleteAclsRequest::Filter::decode_fields(Decoder& in) {
  resource_type_filter = in.i8();
  resource_name_filter = in.nullable_text();
  pattern_type_filter = in.i8();
  principal_filter = in.nullable_text();
  host_filter = in.nullable_text();
  operation = in.i8();
  permission_type = in.i8();
  in.skip_tagged_fields();
}

void DeleteAclsRequest::Filter::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i8(resource_type_filter);
  out.nullable_text(resource_name_filter);
  out.i8(pattern_type_filter);
  out.nullable_text(principal_filter);
  out.nullable_text(host_filter);
  out.i8(operation);
  out.i8(permission_type);
  out.no_tagged_fields();
}

void DeleteAclsRequest::decode_fields(Decoder& in) {
  in.structs(filters);
  in.skip_tagged_fields();
}

void DeleteAclsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(filters);
  out.no_tagged_fields();
}

bool DeleteAclsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DeleteAclsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DeleteAclsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/create_acls.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/create_acls_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void CreateAclsRequest::Creation::decode_fields(Decoder& in) {
  resource_type = in.i8();
  resource_name = in.text();
  resource_pattern_type = in.i8();
  principal = in.text();
  host = in.text();
  operation = in.i8();
  permission_type = in.i8();
  in.skip_tagged_fields();
}

void CreateAclsRequest::Creation::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i8(resource_type);
  out.text(resource_name);
  out.i8(resource_pattern_type);
  out.text(principal);
  out.text(host);
  out.i8(operation);
  out.i8(permission_type);
  out.no_tagged_fields();
}

void CreateAclsRequest::decode_fields(Decoder& in) {
  in.structs(creations);
  in.skip_tagged_fields();
}

void CreateAclsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(creations);
  out.no_tagged_fields();
}

bool CreateAclsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void CreateAclsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string CreateAclsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

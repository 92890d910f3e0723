// Made by tools/kafka/generate.py from tools/kafka/messages/describe_acls.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_acls_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeAclsResponse::Acl::decode_fields(Decoder& in) {
  principal = in.text();
  host = in.text();
  operation = in.i8();
  permission_type = in.i8();
  in.skip_tagged_fields();
}

void DescribeAclsResponse::Acl::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(principal);
  out.text(host);
  out.i8(operation);
  out.i8(permission_type);
  out.no_tagged_fields();
}

void DescribeAclsResponse::Resource::decode_fields(Decoder& in) {
  resource_type = in.i8();
  resource_name = in.text();
  pattern_type = in.i8();
  in.structs(acls);
  in.skip_tagged_fields();
}

void DescribeAclsResponse::Resource::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i8(resource_type);
  out.text(resource_name);
  out.i8(pattern_type);
  out.structs(acls);
  out.no_tagged_fields();
}

void DescribeAclsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.error();
  error_message = in.nullable_text();
  in.structs(resources);
  in.skip_tagged_fields();
}

void DescribeAclsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.error(error_code);
  out.nullable_text(error_message);
  out.structs(resources);
  out.no_tagged_fields();
}

bool DescribeAclsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeAclsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeAclsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

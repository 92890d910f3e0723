// Made by tools/kafka/generate.py from tools/kafka/messages/delete_acls.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/delete_acls_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DeleteAclsResponse::MatchingAcl::decode_fields(Decoder& in) {
  error_code = in.error();
  error_message = in.nullable_text();
  resource_type = in.i8();
  resource_name = in.text();
  pattern_type = in.i8();
  principal = in.text();
  host = in.text();
  operation = in.i8();
  permission_type = in.i8();
  in.skip_tagged_fields();
}

void DeleteAclsResponse::MatchingAcl::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.nullable_text(error_message);
  out.i8(resource_type);
  out.text(resource_name);
  out.i8(pattern_type);
  out.text(principal);
  out.text(host);
  out.i8(operation);
  out.i8(permission_type);
  out.no_tagged_fields();
}

void DeleteAclsResponse::FilterResult::decode_fields(Decoder& in) {
  error_code = in.error();
  error_message = in.nullable_text();
  in.structs(matching_acls);
  in.skip_tagged_fields();
}

void DeleteAclsResponse::FilterResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.nullable_text(error_message);
  out.structs(matching_acls);
  out.no_tagged_fields();
}

void DeleteAclsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(filter_results);
  in.skip_tagged_fields();
}

void DeleteAclsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(filter_results);
  out.no_tagged_fields();
}

bool DeleteAclsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DeleteAclsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DeleteAclsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

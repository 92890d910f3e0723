// Made by tools/kafka/generate.py from tools/kafka/messages/describe_user_scram_credentials.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_user_scram_credentials_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeUserScramCredentialsResponse::CredentialInfo::decode_fields(Decoder& in) {
  mechanism = in.i8();
  iterations = in.i32();
  in.skip_tagged_fields();
}

void DescribeUserScramCredentialsResponse::CredentialInfo::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i8(mechanism);
  out.i32(iterations);
  out.no_tagged_fields();
}

void DescribeUserScramCredentialsResponse::Result::decode_fields(Decoder& in) {
  user = in.text();
  error_code = in.error();
  error_message = in.nullable_text();
  in.structs(credential_infos);
  in.skip_tagged_fields();
}

void DescribeUserScramCredentialsResponse::Result::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(user);
  out.error(error_code);
  out.nullable_text(error_message);
  out.structs(credential_infos);
  out.no_tagged_fields();
}

void DescribeUserScramCredentialsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.error();
  error_message = in.nullable_text();
  in.structs(results);
  in.skip_tagged_fields();
}

void DescribeUserScramCredentialsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.error(error_code);
  out.nullable_text(error_message);
  out.structs(results);
  out.no_tagged_fields();
}

bool DescribeUserScramCredentialsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeUserScramCredentialsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeUserScramCredentialsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/alter_user_scram_credentials.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/alter_user_scram_credentials_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void AlterUserScramCredentialsResponse::Result::decode_fields(Decoder& in) {
  user = in.text();
  error_code = in.error();
  error_message = in.nullable_text();
  in.skip_tagged_fields();
}

void AlterUserScramCredentialsResponse::Result::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(user);
  out.error(error_code);
  out.nullable_text(error_message);
  out.no_tagged_fields();
}

void AlterUserScramCredentialsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(results);
  in.skip_tagged_fields();
}

void AlterUserScramCredentialsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(results);
  out.no_tagged_fields();
}

bool AlterUserScramCredentialsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void AlterUserScramCredentialsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string AlterUserScramCredentialsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

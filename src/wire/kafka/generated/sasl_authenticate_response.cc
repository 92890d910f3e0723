// Made by tools/kafka/generate.py from tools/kafka/messages/sasl_authenticate.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/sasl_authenticate_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void SaslAuthenticateResponse::decode_fields(Decoder& in) {
  error_code = in.error();
  error_message = in.nullable_text();
  auth_bytes = in.blob();
  session_lifetime_ms = in.version() >= 1 ? in.i64() : 0;
  in.skip_tagged_fields();
}

void SaslAuthenticateResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.nullable_text(error_message);
  out.blob(auth_bytes);
  if (out.version() >= 1) out.i64(session_lifetime_ms);
  out.no_tagged_fields();
}

bool SaslAuthenticateResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void SaslAuthenticateResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string SaslAuthenticateResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

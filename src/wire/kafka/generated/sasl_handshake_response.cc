// Made by tools/kafka/generate.py from tools/kafka/messages/sasl_handshake.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/sasl_handshake_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void SaslHandshakeResponse::decode_fields(Decoder& in) {
  error_code = in.error();
  in.array(mechanisms);
}

void SaslHandshakeResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.array(mechanisms);
}

bool SaslHandshakeResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void SaslHandshakeResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string SaslHandshakeResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/sasl_handshake.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/sasl_handshake_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void SaslHandshakeRequest::decode_fields(Decoder& in) {
  mechanism = in.text();
}

void SaslHandshakeRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(mechanism);
}

bool SaslHandshakeRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void SaslHandshakeRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string SaslHandshakeRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

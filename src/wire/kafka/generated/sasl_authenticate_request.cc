// Made by tools/kafka/generate.py from tools/kafka/messages/sasl_authenticate.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/sasl_authenticate_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void SaslAuthenticateRequest::decode_fields(Decoder& in) {
  auth_bytes = in.blob();
  in.skip_tagged_fields();
}

void SaslAuthenticateRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.blob(auth_bytes);
  out.no_tagged_fields();
}

bool SaslAuthenticateRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void SaslAuthenticateRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string SaslAuthenticateRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

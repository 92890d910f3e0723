// Made by tools/kafka/generate.py from tools/kafka/messages/api_versions.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/api_versions_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ApiVersionsRequest::decode_fields(Decoder& in) {
  client_software_name = in.version() >= 3 ? in.text() : Text{};
  client_software_version = in.version() >= 3 ? in.text() : Text{};
  in.skip_tagged_fields();
}

void ApiVersionsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 3) out.text(client_software_name);
  if (out.version() >= 3) out.text(client_software_version);
  out.no_tagged_fields();
}

bool ApiVersionsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ApiVersionsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ApiVersionsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

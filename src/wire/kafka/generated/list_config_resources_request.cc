// Made by tools/kafka/generate.py from tools/kafka/messages/list_config_resources.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/list_config_resources_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ListConfigResourcesRequest::decode_fields(Decoder& in) {
  if (in.version() >= 1) in.array(resource_types);
  else resource_types.clear();
  in.skip_tagged_fields();
}

void ListConfigResourcesRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 1) out.array(resource_types);
  out.no_tagged_fields();
}

bool ListConfigResourcesRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ListConfigResourcesRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ListConfigResourcesRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

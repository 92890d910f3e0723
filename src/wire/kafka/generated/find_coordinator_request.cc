// Made by tools/kafka/generate.py from tools/kafka/messages/find_coordinator.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/find_coordinator_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void FindCoordinatorRequest::decode_fields(Decoder& in) {
  key = in.version() <= 3 ? in.text() : Text{};
  key_type = in.version() >= 1 ? in.i8() : std::int8_t{0};
  if (in.version() >= 4) in.array(coordinator_keys);
  else coordinator_keys.clear();
  in.skip_tagged_fields();
}

void FindCoordinatorRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 3) out.text(key);
  if (out.version() >= 1) out.i8(key_type);
  if (out.version() >= 4) out.array(coordinator_keys);
  out.no_tagged_fields();
}

bool FindCoordinatorRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void FindCoordinatorRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string FindCoordinatorRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

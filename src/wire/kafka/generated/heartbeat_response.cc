// Made by tools/kafka/generate.py from tools/kafka/messages/heartbeat.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/heartbeat_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void HeartbeatResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 1 ? in.i32() : 0;
  error_code = in.error();
  in.skip_tagged_fields();
}

void HeartbeatResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 1) out.i32(throttle_time_ms);
  out.error(error_code);
  out.no_tagged_fields();
}

bool HeartbeatResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void HeartbeatResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string HeartbeatResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/find_coordinator.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/find_coordinator_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void FindCoordinatorResponse::Coordinator::decode_fields(Decoder& in) {
  key = in.text();
  node_id = in.i32();
  host = in.text();
  port = in.i32();
  error_code = in.error();
  error_message = in.nullable_text();
  in.skip_tagged_fields();
}

void FindCoordinatorResponse::Coordinator::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(key);
  out.i32(node_id);
  out.text(host);
  out.i32(port);
  out.error(error_code);
  out.nullable_text(error_message);
  out.no_tagged_fields();
}

void FindCoordinatorResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 1 ? in.i32() : 0;
  error_code = in.version() <= 3 ? in.error() : ErrorCode::none;
  if (in.version() >= 1 && in.version() <= 3) error_message = in.nullable_text();
  else error_message = std::nullopt;
  node_id = in.version() <= 3 ? in.i32() : 0;
  host = in.version() <= 3 ? in.text() : Text{};
  port = in.version() <= 3 ? in.i32() : 0;
  if (in.version() >= 4) in.structs(coordinators);
  else coordinators.clear();
  in.skip_tagged_fields();
}

void FindCoordinatorResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 1) out.i32(throttle_time_ms);
  if (out.version() <= 3) out.error(error_code);
  if (out.version() >= 1 && out.version() <= 3) out.nullable_text(error_message);
  if (out.version() <= 3) out.i32(node_id);
  if (out.version() <= 3) out.text(host);
  if (out.version() <= 3) out.i32(port);
  if (out.version() >= 4) out.structs(coordinators);
  out.no_tagged_fields();
}

bool FindCoordinatorResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void FindCoordinatorResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string FindCoordinatorResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

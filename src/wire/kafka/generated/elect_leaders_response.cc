// Made by tools/kafka/generate.py from tools/kafka/messages/elect_leaders.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/elect_leaders_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ElectLeadersResponse::PartitionResult::decode_fields(Decoder& in) {
  partition_id = in.i32();
  error_code = in.error();
  error_message = in.nullable_text();
  in.skip_tagged_fields();
}

void ElectLeadersResponse::PartitionResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_id);
  out.error(error_code);
  out.nullable_text(error_message);
  out.no_tagged_fields();
}

void ElectLeadersResponse::Result::decode_fields(Decoder& in) {
  topic = in.text();
  in.structs(partition_result);
  in.skip_tagged_fields();
}

void ElectLeadersResponse::Result::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic);
  out.structs(partition_result);
  out.no_tagged_fields();
}

void ElectLeadersResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.version() >= 1 ? in.error() : ErrorCode::none;
  in.structs(replica_election_results);
  in.skip_tagged_fields();
}

void ElectLeadersResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  if (out.version() >= 1) out.error(error_code);
  out.structs(replica_election_results);
  out.no_tagged_fields();
}

bool ElectLeadersResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ElectLeadersResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ElectLeadersResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/offset_for_leader_epoch.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/offset_for_leader_epoch_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void OffsetForLeaderEpochResponse::EpochEndOffset::decode_fields(Decoder& in) {
  error_code = in.error();
  partition = in.i32();
  leader_epoch = in.version() >= 1 ? in.i32() : -1;
  end_offset = in.i64();
  in.skip_tagged_fields();
}

void OffsetForLeaderEpochResponse::EpochEndOffset::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.i32(partition);
  if (out.version() >= 1) out.i32(leader_epoch);
  out.i64(end_offset);
  out.no_tagged_fields();
}

void OffsetForLeaderEpochResponse::TopicResult::decode_fields(Decoder& in) {
  topic = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void OffsetForLeaderEpochResponse::TopicResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic);
  out.structs(partitions);
  out.no_tagged_fields();
}

void OffsetForLeaderEpochResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 2 ? in.i32() : 0;
  in.structs(topics);
  in.skip_tagged_fields();
}

void OffsetForLeaderEpochResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 2) out.i32(throttle_time_ms);
  out.structs(topics);
  out.no_tagged_fields();
}

bool OffsetForLeaderEpochResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void OffsetForLeaderEpochResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string OffsetForLeaderEpochResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/offset_commit.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/offset_commit_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void OffsetCommitResponse::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  error_code = in.error();
  in.skip_tagged_fields();
}

void OffsetCommitResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.error(error_code);
  out.no_tagged_fields();
}

void OffsetCommitResponse::Topic::decode_fields(Decoder& in) {
  name = in.version() <= 9 ? in.text() : Text{};
  topic_id = in.version() >= 10 ? in.uuid() : Uuid{};
  in.structs(partitions);
  in.skip_tagged_fields();
}

void OffsetCommitResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 9) out.text(name);
  if (out.version() >= 10) out.uuid(topic_id);
  out.structs(partitions);
  out.no_tagged_fields();
}

void OffsetCommitResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 3 ? in.i32() : 0;
  in.structs(topics);
  in.skip_tagged_fields();
}

void OffsetCommitResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 3) out.i32(throttle_time_ms);
  out.structs(topics);
  out.no_tagged_fields();
}

bool OffsetCommitResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void OffsetCommitResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string OffsetCommitResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

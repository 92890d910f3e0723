// Made by tools/kafka/generate.py from tools/kafka/messages/offset_commit.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/offset_commit_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void OffsetCommitRequest::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  committed_offset = in.i64();
  committed_leader_epoch = in.version() >= 6 ? in.i32() : -1;
  commit_timestamp = in.version() >= 1 && in.version() <= 1 ? in.i64() : -1;
  committed_metadata = in.nullable_text();
  in.skip_tagged_fields();
}

void OffsetCommitRequest::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.i64(committed_offset);
  if (out.version() >= 6) out.i32(committed_leader_epoch);
  if (out.version() >= 1 && out.version() <= 1) out.i64(commit_timestamp);
  out.nullable_text(committed_metadata);
  out.no_tagged_fields();
}

void OffsetCommitRequest::Topic::decode_fields(Decoder& in) {
  name = in.version() <= 9 ? in.text() : Text{};
  topic_id = in.version() >= 10 ? in.uuid() : Uuid{};
  in.structs(partitions);
  in.skip_tagged_fields();
}

void OffsetCommitRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 9) out.text(name);
  if (out.version() >= 10) out.uuid(topic_id);
  out.structs(partitions);
  out.no_tagged_fields();
}

void OffsetCommitRequest::decode_fields(Decoder& in) {
  group_id = in.text();
  generation_id_or_member_epoch = in.version() >= 1 ? in.i32() : -1;
  member_id = in.version() >= 1 ? in.text() : Text{};
  if (in.version() >= 7) group_instance_id = in.nullable_text();
  else group_instance_id = std::nullopt;
  retention_time_ms = in.version() >= 2 && in.version() <= 4 ? in.i64() : -1;
  in.structs(topics);
  in.skip_tagged_fields();
}

void OffsetCommitRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(group_id);
  if (out.version() >= 1) out.i32(generation_id_or_member_epoch);
  if (out.version() >= 1) out.text(member_id);
  if (out.version() >= 7) out.nullable_text(group_instance_id);
  if (out.version() >= 2 && out.version() <= 4) out.i64(retention_time_ms);
  out.structs(topics);
  out.no_tagged_fields();
}

bool OffsetCommitRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void OffsetCommitRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string OffsetCommitRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

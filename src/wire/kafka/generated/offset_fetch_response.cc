// Made by tools/kafka/generate.py from tools/kafka/messages/offset_fetch.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/offset_fetch_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void OffsetFetchResponse::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  committed_offset = in.i64();
  committed_leader_epoch = in.version() >= 5 ? in.i32() : -1;
  metadata = in.nullable_text();
  error_code = in.error();
  in.skip_tagged_fields();
}

void OffsetFetchResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.i64(committed_offset);
  if (out.version() >= 5) out.i32(committed_leader_epoch);
  out.nullable_text(metadata);
  out.error(error_code);
  out.no_tagged_fields();
}

void OffsetFetchResponse::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void OffsetFetchResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void OffsetFetchResponse::GroupPartition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  committed_offset = in.i64();
  committed_leader_epoch = in.i32();
  metadata = in.nullable_text();
  error_code = in.error();
  in.skip_tagged_fields();
}

void OffsetFetchResponse::GroupPartition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.i64(committed_offset);
  out.i32(committed_leader_epoch);
  out.nullable_text(metadata);
  out.error(error_code);
  out.no_tagged_fields();
}

void OffsetFetchResponse::GroupTopic::decode_fields(Decoder& in) {
  name = in.version() <= 9 ? in.text() : Text{};
  topic_id = in.version() >= 10 ? in.uuid() : Uuid{};
  in.structs(partitions);
  in.skip_tagged_fields();
}

void OffsetFetchResponse::GroupTopic::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 9) out.text(name);
  if (out.version() >= 10) out.uuid(topic_id);
  out.structs(partitions);
  out.no_tagged_fields();
}

void OffsetFetchResponse::Group::decode_fields(Decoder& in) {
  group_id = in.text();
  in.structs(topics);
  error_code = in.error();
  in.skip_tagged_fields();
}

void OffsetFetchResponse::Group::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(group_id);
  out.structs(topics);
  out.error(error_code);
  out.no_tagged_fields();
}

void OffsetFetchResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 3 ? in.i32() : 0;
  if (in.version() <= 7) in.structs(topics);
  else topics.clear();
  error_code = in.version() >= 2 && in.version() <= 7 ? in.error() : ErrorCode::none;
  if (in.version() >= 8) in.structs(groups);
  else groups.clear();
  in.skip_tagged_fields();
}

void OffsetFetchResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 3) out.i32(throttle_time_ms);
  if (out.version() <= 7) out.structs(topics);
  if (out.version() >= 2 && out.version() <= 7) out.error(error_code);
  if (out.version() >= 8) out.structs(groups);
  out.no_tagged_fields();
}

bool OffsetFetchResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void OffsetFetchResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string OffsetFetchResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

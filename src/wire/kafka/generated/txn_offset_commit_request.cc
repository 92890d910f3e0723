// Made by tools/kafka/generate.py from tools/kafka/messages/txn_offset_commit.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/txn_offset_commit_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void TxnOffsetCommitRequest::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  committed_offset = in.i64();
  committed_leader_epoch = in.version() >= 2 ? in.i32() : -1;
  committed_metadata = in.nullable_text();
  in.skip_tagged_fields();
}

void TxnOffsetCommitRequest::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.i64(committed_offset);
  if (out.version() >= 2) out.i32(committed_leader_epoch);
  out.nullable_text(committed_metadata);
  out.no_tagged_fields();
}

void TxnOffsetCommitRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void TxnOffsetCommitRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void TxnOffsetCommitRequest::decode_fields(Decoder& in) {
  transactional_id = in.text();
  group_id = in.text();
  producer_id = in.i64();
  producer_epoch = in.i16();
  generation_id = in.version() >= 3 ? in.i32() : -1;
  member_id = in.version() >= 3 ? in.text() : Text{};
  if (in.version() >= 3) group_instance_id = in.nullable_text();
  else group_instance_id = std::nullopt;
  in.structs(topics);
  in.skip_tagged_fields();
}

void TxnOffsetCommitRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(transactional_id);
  out.text(group_id);
  out.i64(producer_id);
  out.i16(producer_epoch);
  if (out.version() >= 3) out.i32(generation_id);
  if (out.version() >= 3) out.text(member_id);
  if (out.version() >= 3) out.nullable_text(group_instance_id);
  out.structs(topics);
  out.no_tagged_fields();
}

bool TxnOffsetCommitRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void TxnOffsetCommitRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string TxnOffsetCommitRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

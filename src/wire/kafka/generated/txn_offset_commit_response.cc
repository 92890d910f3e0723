// Made by tools/kafka/generate.py from tools/kafka/messages/txn_offset_commit.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/txn_offset_commit_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void TxnOffsetCommitResponse::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  error_code = in.error();
  in.skip_tagged_fields();
}

void TxnOffsetCommitResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.error(error_code);
  out.no_tagged_fields();
}

void TxnOffsetCommitResponse::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void TxnOffsetCommitResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void TxnOffsetCommitResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(topics);
  in.skip_tagged_fields();
}

void TxnOffsetCommitResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(topics);
  out.no_tagged_fields();
}

bool TxnOffsetCommitResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void TxnOffsetCommitResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string TxnOffsetCommitResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/offset_for_leader_epoch.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/offset_for_leader_epoch_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void OffsetForLeaderEpochRequest::Partition::decode_fields(Decoder& in) {
  partition = in.i32();
  current_leader_epoch = in.version() >= 2 ? in.i32() : -1;
  leader_epoch = in.i32();
  in.skip_tagged_fields();
}

void OffsetForLeaderEpochRequest::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition);
  if (out.version() >= 2) out.i32(current_leader_epoch);
  out.i32(leader_epoch);
  out.no_tagged_fields();
}

void OffsetForLeaderEpochRequest::Topic::decode_fields(Decoder& in) {
  topic = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void OffsetForLeaderEpochRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic);
  out.structs(partitions);
  out.no_tagged_fields();
}

void OffsetForLeaderEpochRequest::decode_fields(Decoder& in) {
  replica_id = in.version() >= 3 ? in.i32() : -2;
  in.structs(topics);
  in.skip_tagged_fields();
}

void OffsetForLeaderEpochRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 3) out.i32(replica_id);
  out.structs(topics);
  out.no_tagged_fields();
}

bool OffsetForLeaderEpochRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void OffsetForLeaderEpochRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string OffsetForLeaderEpochRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/list_offsets.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/list_offsets_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ListOffsetsRequest::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  current_leader_epoch = in.version() >= 4 ? in.i32() : -1;
  timestamp = in.i64();
  max_num_offsets = in.version() <= 0 ? in.i32() : 1;
  in.skip_tagged_fields();
}

void ListOffsetsRequest::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  if (out.version() >= 4) out.i32(current_leader_epoch);
  out.i64(timestamp);
  if (out.version() <= 0) out.i32(max_num_offsets);
  out.no_tagged_fields();
}

void ListOffsetsRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void ListOffsetsRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void ListOffsetsRequest::decode_fields(Decoder& in) {
  replica_id = in.i32();
  isolation_level = in.version() >= 2 ? in.i8() : std::int8_t{0};
  in.structs(topics);
  timeout_ms = in.version() >= 10 ? in.i32() : 0;
  in.skip_tagged_fields();
}

void ListOffsetsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(replica_id);
  if (out.version() >= 2) out.i8(isolation_level);
  out.structs(topics);
  if (out.version() >= 10) out.i32(timeout_ms);
  out.no_tagged_fields();
}

bool ListOffsetsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ListOffsetsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ListOffsetsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

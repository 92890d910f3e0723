// Made by tools/kafka/generate.py from tools/kafka/messages/list_offsets.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/list_offsets_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ListOffsetsResponse::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  error_code = in.error();
  if (in.version() <= 0) in.array(old_style_offsets);
  else old_style_offsets.clear();
  timestamp = in.version() >= 1 ? in.i64() : -1;
  offset = in.version() >= 1 ? in.i64() : -1;
  leader_epoch = in.version() >= 4 ? in.i32() : -1;
  in.skip_tagged_fields();
}

void ListOffsetsResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.error(error_code);
  if (out.version() <= 0) out.array(old_style_offsets);
  if (out.version() >= 1) out.i64(timestamp);
  if (out.version() >= 1) out.i64(offset);
  if (out.version() >= 4) out.i32(leader_epoch);
  out.no_tagged_fields();
}

void ListOffsetsResponse::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void ListOffsetsResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void ListOffsetsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 2 ? in.i32() : 0;
  in.structs(topics);
  in.skip_tagged_fields();
}

void ListOffsetsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 2) out.i32(throttle_time_ms);
  out.structs(topics);
  out.no_tagged_fields();
}

bool ListOffsetsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ListOffsetsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ListOffsetsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

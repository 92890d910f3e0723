// Made by tools/kafka/generate.py from tools/kafka/messages/offset_delete.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/offset_delete_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void OffsetDeleteResponse::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  error_code = in.error();
}

void OffsetDeleteResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.error(error_code);
}

void OffsetDeleteResponse::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
}

void OffsetDeleteResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
}

void OffsetDeleteResponse::decode_fields(Decoder& in) {
  error_code = in.error();
  throttle_time_ms = in.i32();
  in.structs(topics);
}

void OffsetDeleteResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.i32(throttle_time_ms);
  out.structs(topics);
}

bool OffsetDeleteResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void OffsetDeleteResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string OffsetDeleteResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

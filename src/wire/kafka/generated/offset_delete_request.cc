// Made by tools/kafka/generate.py from tools/kafka/messages/offset_delete.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/offset_delete_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void OffsetDeleteRequest::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
}

void OffsetDeleteRequest::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
}

void OffsetDeleteRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
}

void OffsetDeleteRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
}

void OffsetDeleteRequest::decode_fields(Decoder& in) {
  group_id = in.text();
  in.structs(topics);
}

void OffsetDeleteRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(group_id);
  out.structs(topics);
}

bool OffsetDeleteRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void OffsetDeleteRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string OffsetDeleteRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

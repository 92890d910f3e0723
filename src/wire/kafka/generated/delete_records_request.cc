// Made by tools/kafka/generate.py from tools/kafka/messages/delete_records.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/delete_records_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DeleteRecordsRequest::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  offset = in.i64();
  in.skip_tagged_fields();
}

void DeleteRecordsRequest::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.i64(offset);
  out.no_tagged_fields();
}

void DeleteRecordsRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void DeleteRecordsRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void DeleteRecordsRequest::decode_fields(Decoder& in) {
  in.structs(topics);
  timeout_ms = in.i32();
  in.skip_tagged_fields();
}

void DeleteRecordsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(topics);
  out.i32(timeout_ms);
  out.no_tagged_fields();
}

bool DeleteRecordsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DeleteRecordsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DeleteRecordsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

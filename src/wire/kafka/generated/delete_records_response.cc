// Made by tools/kafka/generate.py from tools/kafka/messages/delete_records.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/delete_records_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DeleteRecordsResponse::PartitionResult::decode_fields(Decoder& in) {
  partition_index = in.i32();
  low_watermark = in.i64();
  error_code = in.error();
  in.skip_tagged_fields();
}

void DeleteRecordsResponse::PartitionResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.i64(low_watermark);
  out.error(error_code);
  out.no_tagged_fields();
}

void DeleteRecordsResponse::TopicResult::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void DeleteRecordsResponse::TopicResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void DeleteRecordsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(topics);
  in.skip_tagged_fields();
}

void DeleteRecordsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(topics);
  out.no_tagged_fields();
}

bool DeleteRecordsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DeleteRecordsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DeleteRecordsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

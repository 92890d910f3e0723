// Made by tools/kafka/generate.py from tools/kafka/messages/describe_log_dirs.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_log_dirs_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeLogDirsResponse::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  partition_size = in.i64();
  offset_lag = in.i64();
  is_future_key = in.boolean();
  in.skip_tagged_fields();
}

void DescribeLogDirsResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.i64(partition_size);
  out.i64(offset_lag);
  out.boolean(is_future_key);
  out.no_tagged_fields();
}

void DescribeLogDirsResponse::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void DescribeLogDirsResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void DescribeLogDirsResponse::Result::decode_fields(Decoder& in) {
  error_code = in.error();
  log_dir = in.text();
  in.structs(topics);
  total_bytes = in.version() >= 4 ? in.i64() : -1;
  usable_bytes = in.version() >= 4 ? in.i64() : -1;
  is_cordoned = in.version() >= 5 ? in.boolean() : false;
  in.skip_tagged_fields();
}

void DescribeLogDirsResponse::Result::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.text(log_dir);
  out.structs(topics);
  if (out.version() >= 4) out.i64(total_bytes);
  if (out.version() >= 4) out.i64(usable_bytes);
  if (out.version() >= 5) out.boolean(is_cordoned);
  out.no_tagged_fields();
}

void DescribeLogDirsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.version() >= 3 ? in.error() : ErrorCode::none;
  in.structs(results);
  in.skip_tagged_fields();
}

void DescribeLogDirsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  if (out.version() >= 3) out.error(error_code);
  out.structs(results);
  out.no_tagged_fields();
}

bool DescribeLogDirsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeLogDirsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeLogDirsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/describe_producers.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_producers_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeProducersResponse::Producer::decode_fields(Decoder& in) {
  producer_id = in.i64();
  producer_epoch = in.i32();
  last_sequence = in.i32();
  last_timestamp = in.i64();
  coordinator_epoch = in.i32();
  current_txn_start_offset = in.i64();
  in.skip_tagged_fields();
}

void DescribeProducersResponse::Producer::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i64(producer_id);
  out.i32(producer_epoch);
  out.i32(last_sequence);
  out.i64(last_timestamp);
  out.i32(coordinator_epoch);
  out.i64(current_txn_start_offset);
  out.no_tagged_fields();
}

void DescribeProducersResponse::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  error_code = in.error();
  error_message = in.nullable_text();
  in.structs(active_producers);
  in.skip_tagged_fields();
}

void DescribeProducersResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.error(error_code);
  out.nullable_text(error_message);
  out.structs(active_producers);
  out.no_tagged_fields();
}

void DescribeProducersResponse::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void DescribeProducersResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void DescribeProducersResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(topics);
  in.skip_tagged_fields();
}

void DescribeProducersResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(topics);
  out.no_tagged_fields();
}

bool DescribeProducersResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeProducersResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeProducersResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

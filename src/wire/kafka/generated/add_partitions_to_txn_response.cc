// Made by tools/kafka/generate.py from tools/kafka/messages/add_partitions_to_txn.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/add_partitions_to_txn_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void AddPartitionsToTxnResponse::PartitionResult::decode_fields(Decoder& in) {
  partition_index = in.i32();
  partition_error_code = in.error();
  in.skip_tagged_fields();
}

void AddPartitionsToTxnResponse::PartitionResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.error(partition_error_code);
  out.no_tagged_fields();
}

void AddPartitionsToTxnResponse::TopicResult::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(results_by_partition);
  in.skip_tagged_fields();
}

void AddPartitionsToTxnResponse::TopicResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(results_by_partition);
  out.no_tagged_fields();
}

void AddPartitionsToTxnResponse::Result::decode_fields(Decoder& in) {
  transactional_id = in.text();
  in.structs(topic_results);
  in.skip_tagged_fields();
}

void AddPartitionsToTxnResponse::Result::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(transactional_id);
  out.structs(topic_results);
  out.no_tagged_fields();
}

void AddPartitionsToTxnResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.version() >= 4 ? in.error() : ErrorCode::none;
  if (in.version() >= 4) in.structs(results_by_transaction);
  else results_by_transaction.clear();
  if (in.version() <= 3) in.structs(results_by_topic_v3_and_below);
  else results_by_topic_v3_and_below.clear();
  in.skip_tagged_fields();
}

void AddPartitionsToTxnResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  if (out.version() >= 4) out.error(error_code);
  if (out.version() >= 4) out.structs(results_by_transaction);
  if (out.version() <= 3) out.structs(results_by_topic_v3_and_below);
  out.no_tagged_fields();
}

bool AddPartitionsToTxnResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void AddPartitionsToTxnResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string AddPartitionsToTxnResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/describe_transactions.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_transactions_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeTransactionsResponse::Topic::decode_fields(Decoder& in) {
  topic = in.text();
  in.array(partitions);
  in.skip_tagged_fields();
}

void DescribeTransactionsResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(topic);
  out.array(partitions);
  out.no_tagged_fields();
}

void DescribeTransactionsResponse::State::decode_fields(Decoder& in) {
  error_code = in.error();
  transactional_id = in.text();
  transaction_state = in.text();
  transaction_timeout_ms = in.i32();
  transaction_start_time_ms = in.i64();
  producer_id = in.i64();
  producer_epoch = in.i16();
  in.structs(topics);
  in.skip_tagged_fields();
}

void DescribeTransactionsResponse::State::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.text(transactional_id);
  out.text(transaction_state);
  out.i32(transaction_timeout_ms);
  out.i64(transaction_start_time_ms);
  out.i64(producer_id);
  out.i16(producer_epoch);
  out.structs(topics);
  out.no_tagged_fields();
}

void DescribeTransactionsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  in.structs(transaction_states);
  in.skip_tagged_fields();
}

void DescribeTransactionsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.structs(transaction_states);
  out.no_tagged_fields();
}

bool DescribeTransactionsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeTransactionsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeTransactionsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/list_transactions.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/list_transactions_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ListTransactionsResponse::State::decode_fields(Decoder& in) {
  transactional_id = in.text();
  producer_id = in.i64();
  transaction_state = in.text();
  in.skip_tagged_fields();
}

void ListTransactionsResponse::State::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(transactional_id);
  out.i64(producer_id);
  out.text(transaction_state);
  out.no_tagged_fields();
}

void ListTransactionsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.error();
  in.array(unknown_state_filters);
  in.structs(transaction_states);
  in.skip_tagged_fields();
}

void ListTransactionsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.error(error_code);
  out.array(unknown_state_filters);
  out.structs(transaction_states);
  out.no_tagged_fields();
}

bool ListTransactionsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ListTransactionsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ListTransactionsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/list_transactions.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/list_transactions_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ListTransactionsRequest::decode_fields(Decoder& in) {
  in.array(state_filters);
  in.array(producer_id_filters);
  duration_filter = in.version() >= 1 ? in.i64() : -1;
  if (in.version() >= 2) transactional_id_pattern = in.nullable_text();
  else transactional_id_pattern = std::nullopt;
  in.skip_tagged_fields();
}

void ListTransactionsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.array(state_filters);
  out.array(producer_id_filters);
  if (out.version() >= 1) out.i64(duration_filter);
  if (out.version() >= 2) out.nullable_text(transactional_id_pattern);
  out.no_tagged_fields();
}

bool ListTransactionsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ListTransactionsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ListTransactionsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

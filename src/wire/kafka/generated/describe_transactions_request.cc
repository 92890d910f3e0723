// Made by tools/kafka/generate.py from tools/kafka/messages/describe_transactions.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_transactions_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeTransactionsRequest::decode_fields(Decoder& in) {
  in.array(transactional_ids);
  in.skip_tagged_fields();
}

void DescribeTransactionsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.array(transactional_ids);
  out.no_tagged_fields();
}

bool DescribeTransactionsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeTransactionsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeTransactionsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/end_txn.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/end_txn_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void EndTxnRequest::decode_fields(Decoder& in) {
  transactional_id = in.text();
  producer_id = in.i64();
  producer_epoch = in.i16();
  committed = in.boolean();
  in.skip_tagged_fields();
}

void EndTxnRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(transactional_id);
  out.i64(producer_id);
  out.i16(producer_epoch);
  out.boolean(committed);
  out.no_tagged_fields();
}

bool EndTxnRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void EndTxnRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string EndTxnRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

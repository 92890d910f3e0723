// Made by tools/kafka/generate.py from tools/kafka/messages/end_txn.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/end_txn_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void EndTxnResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.error();
  producer_id = in.version() >= 5 ? in.i64() : -1;
  producer_epoch = in.version() >= 5 ? in.i16() : std::int16_t{-1};
  in.skip_tagged_fields();
}

void EndTxnResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.error(error_code);
  if (out.version() >= 5) out.i64(producer_id);
  if (out.version() >= 5) out.i16(producer_epoch);
  out.no_tagged_fields();
}

bool EndTxnResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void EndTxnResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string EndTxnResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

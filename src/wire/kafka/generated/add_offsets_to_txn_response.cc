// Made by tools/kafka/generate.py from tools/kafka/messages/add_offsets_to_txn.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/add_offsets_to_txn_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void AddOffsetsToTxnResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.error();
  in.skip_tagged_fields();
}

void AddOffsetsToTxnResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.error(error_code);
  out.no_tagged_fields();
}

bool AddOffsetsToTxnResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void AddOffsetsToTxnResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string AddOffsetsToTxnResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

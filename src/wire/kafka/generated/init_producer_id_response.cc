// Made by tools/kafka/generate.py from tools/kafka/messages/init_producer_id.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/init_producer_id_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void InitProducerIdResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.error();
  producer_id = in.i64();
  producer_epoch = in.i16();
  ongoing_txn_producer_id = in.version() >= 6 ? in.i64() : -1;
  ongoing_txn_producer_epoch = in.version() >= 6 ? in.i16() : std::int16_t{-1};
  in.skip_tagged_fields();
}

void InitProducerIdResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  out.error(error_code);
  out.i64(producer_id);
  out.i16(producer_epoch);
  if (out.version() >= 6) out.i64(ongoing_txn_producer_id);
  if (out.version() >= 6) out.i16(ongoing_txn_producer_epoch);
  out.no_tagged_fields();
}

bool InitProducerIdResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void InitProducerIdResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string InitProducerIdResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

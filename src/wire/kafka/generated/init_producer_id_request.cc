// Made by tools/kafka/generate.py from tools/kafka/messages/init_producer_id.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/init_producer_id_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void InitProducerIdRequest::decode_fields(Decoder& in) {
  transactional_id = in.nullable_text();
  transaction_timeout_ms = in.i32();
  producer_id = in.version() >= 3 ? in.i64() : -1;
  producer_epoch = in.version() >= 3 ? in.i16() : std::int16_t{-1};
  enable_2pc = in.version() >= 6 ? in.boolean() : false;
  keep_prepared_txn = in.version() >= 6 ? in.boolean() : false;
  in.skip_tagged_fields();
}

void InitProducerIdRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.nullable_text(transactional_id);
  out.i32(transaction_timeout_ms);
  if (out.version() >= 3) out.i64(producer_id);
  if (out.version() >= 3) out.i16(producer_epoch);
  if (out.version() >= 6) out.boolean(enable_2pc);
  if (out.version() >= 6) out.boolean(keep_prepared_txn);
  out.no_tagged_fields();
}

bool InitProducerIdRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void InitProducerIdRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string InitProducerIdRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

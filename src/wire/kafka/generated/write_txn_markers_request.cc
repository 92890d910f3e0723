// Made by tools/kafka/generate.py from tools/kafka/messages/write_txn_markers.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/write_txn_markers_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void WriteTxnMarkersRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.array(partition_indexes);
  in.skip_tagged_fields();
}

void WriteTxnMarkersRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.array(partition_indexes);
  out.no_tagged_fields();
}

void WriteTxnMarkersRequest::Marker::decode_fields(Decoder& in) {
  producer_id = in.i64();
  producer_epoch = in.i16();
  transaction_result = in.boolean();
  in.structs(topics);
  coordinator_epoch = in.i32();
  transaction_version = in.version() >= 2 ? in.i8() : std::int8_t{0};
  in.skip_tagged_fields();
}

void WriteTxnMarkersRequest::Marker::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i64(producer_id);
  out.i16(producer_epoch);
  out.boolean(transaction_result);
  out.structs(topics);
  out.i32(coordinator_epoch);
  if (out.version() >= 2) out.i8(transaction_version);
  out.no_tagged_fields();
}

void WriteTxnMarkersRequest::decode_fields(Decoder& in) {
  in.structs(markers);
  in.skip_tagged_fields();
}

void WriteTxnMarkersRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(markers);
  out.no_tagged_fields();
}

bool WriteTxnMarkersRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void WriteTxnMarkersRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string WriteTxnMarkersRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

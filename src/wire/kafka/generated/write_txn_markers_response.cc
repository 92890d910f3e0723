// Made by tools/kafka/generate.py from tools/kafka/messages/write_txn_markers.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/write_txn_markers_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void WriteTxnMarkersResponse::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  error_code = in.error();
  in.skip_tagged_fields();
}

void WriteTxnMarkersResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.error(error_code);
  out.no_tagged_fields();
}

void WriteTxnMarkersResponse::TopicResult::decode_fields(Decoder& in) {
  name = in.text();
  in.structs(partitions);
  in.skip_tagged_fields();
}

void WriteTxnMarkersResponse::TopicResult::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.structs(partitions);
  out.no_tagged_fields();
}

void WriteTxnMarkersResponse::Result::decode_fields(Decoder& in) {
  producer_id = in.i64();
  in.structs(topics);
  in.skip_tagged_fields();
}

void WriteTxnMarkersResponse::Result::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i64(producer_id);
  out.structs(topics);
  out.no_tagged_fields();
}

void WriteTxnMarkersResponse::decode_fields(Decoder& in) {
  in.structs(markers);
  in.skip_tagged_fields();
}

void WriteTxnMarkersResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(markers);
  out.no_tagged_fields();
}

bool WriteTxnMarkersResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void WriteTxnMarkersResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string WriteTxnMarkersResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

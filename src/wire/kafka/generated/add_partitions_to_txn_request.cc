// Made by tools/kafka/generate.py from tools/kafka/messages/add_partitions_to_txn.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/add_partitions_to_txn_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void AddPartitionsToTxnRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.array(partitions);
  in.skip_tagged_fields();
}

void AddPartitionsToTxnRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.array(partitions);
  out.no_tagged_fields();
}

void AddPartitionsToTxnRequest::Transaction::decode_fields(Decoder& in) {
  transactional_id = in.text();
  producer_id = in.i64();
  producer_epoch = in.i16();
  verify_only = in.boolean();
  in.structs(topics);
  in.skip_tagged_fields();
}

void AddPartitionsToTxnRequest::Transaction::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(transactional_id);
  out.i64(producer_id);
  out.i16(producer_epoch);
  out.boolean(verify_only);
  out.structs(topics);
  out.no_tagged_fields();
}

void AddPartitionsToTxnRequest::decode_fields(Decoder& in) {
  if (in.version() >= 4) in.structs(transactions);
  else transactions.clear();
  v3_and_below_transactional_id = in.version() <= 3 ? in.text() : Text{};
  v3_and_below_producer_id = in.version() <= 3 ? in.i64() : 0;
  v3_and_below_producer_epoch = in.version() <= 3 ? in.i16() : std::int16_t{0};
  if (in.version() <= 3) in.structs(v3_and_below_topics);
  else v3_and_below_topics.clear();
  in.skip_tagged_fields();
}

void AddPartitionsToTxnRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 4) out.structs(transactions);
  if (out.version() <= 3) out.text(v3_and_below_transactional_id);
  if (out.version() <= 3) out.i64(v3_and_below_producer_id);
  if (out.version() <= 3) out.i16(v3_and_below_producer_epoch);
  if (out.version() <= 3) out.structs(v3_and_below_topics);
  out.no_tagged_fields();
}

bool AddPartitionsToTxnRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void AddPartitionsToTxnRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string AddPartitionsToTxnRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/metadata.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/metadata_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void MetadataResponse::Broker::decode_fields(Decoder& in) {
  node_id = in.i32();
  host = in.text();
  port = in.i32();
  if (in.version() >= 1) rack = in.nullable_text();
  else rack = std::nullopt;
  in.skip_tagged_fields();
}

void MetadataResponse::Broker::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(node_id);
  out.text(host);
  out.i32(port);
  if (out.version() >= 1) out.nullable_text(rack);
  out.no_tagged_fields();
}

void MetadataResponse::Partition::decode_fields(Decoder& in) {
  error_code = in.error();
  partition_index = in.i32();
  leader_id = in.i32();
  leader_epoch = in.version() >= 7 ? in.i32() : -1;
  in.array(replica_nodes);
  in.array(isr_nodes);
  if (in.version() >= 5) in.array(offline_replicas);
  else offline_replicas.clear();
  in.skip_tagged_fields();
}

void MetadataResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.i32(partition_index);
  out.i32(leader_id);
  if (out.version() >= 7) out.i32(leader_epoch);
  out.array(replica_nodes);
  out.array(isr_nodes);
  if (out.version() >= 5) out.array(offline_replicas);
  out.no_tagged_fields();
}

void MetadataResponse::Topic::decode_fields(Decoder& in) {
  error_code = in.error();
  name = (in.version() >= 12 ? in.nullable_text() : in.text());
  topic_id = in.version() >= 10 ? in.uuid() : Uuid{};
  is_internal = in.version() >= 1 ? in.boolean() : false;
  in.structs(partitions);
  topic_authorized_operations = in.version() >= 8 ? in.i32() : std::numeric_limits<std::int32_t>::min();
  in.skip_tagged_fields();
}

void MetadataResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  (out.version() >= 12) ? out.nullable_text(name) : out.text(name);
  if (out.version() >= 10) out.uuid(topic_id);
  if (out.version() >= 1) out.boolean(is_internal);
  out.structs(partitions);
  if (out.version() >= 8) out.i32(topic_authorized_operations);
  out.no_tagged_fields();
}

void MetadataResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 3 ? in.i32() : 0;
  in.structs(brokers);
  if (in.version() >= 2) cluster_id = in.nullable_text();
  else cluster_id = std::nullopt;
  controller_id = in.version() >= 1 ? in.i32() : -1;
  in.structs(topics);
  cluster_authorized_operations = in.version() >= 8 && in.version() <= 10 ? in.i32() : std::numeric_limits<std::int32_t>::min();
  error_code = in.version() >= 13 ? in.error() : ErrorCode::none;
  in.skip_tagged_fields();
}

void MetadataResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 3) out.i32(throttle_time_ms);
  out.structs(brokers);
  if (out.version() >= 2) out.nullable_text(cluster_id);
  if (out.version() >= 1) out.i32(controller_id);
  out.structs(topics);
  if (out.version() >= 8 && out.version() <= 10) out.i32(cluster_authorized_operations);
  if (out.version() >= 13) out.error(error_code);
  out.no_tagged_fields();
}

bool MetadataResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void MetadataResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string MetadataResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

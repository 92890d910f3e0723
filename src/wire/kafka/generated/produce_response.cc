// Made by tools/kafka/generate.py from tools/kafka/messages/produce.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/produce_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ProduceResponse::RecordError::decode_fields(Decoder& in) {
  batch_index = in.i32();
  batch_index_error_message = in.nullable_text();
  in.skip_tagged_fields();
}

void ProduceResponse::RecordError::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(batch_index);
  out.nullable_text(batch_index_error_message);
  out.no_tagged_fields();
}

void ProduceResponse::LeaderIdAndEpoch::decode_fields(Decoder& in) {
  leader_id = in.i32();
  leader_epoch = in.i32();
  in.skip_tagged_fields();
}

void ProduceResponse::LeaderIdAndEpoch::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(leader_id);
  out.i32(leader_epoch);
  out.no_tagged_fields();
}

void ProduceResponse::PartitionResponse::decode_fields(Decoder& in) {
  index = in.i32();
  error_code = in.error();
  base_offset = in.i64();
  log_append_time_ms = in.version() >= 2 ? in.i64() : -1;
  log_start_offset = in.version() >= 5 ? in.i64() : -1;
  if (in.version() >= 8) in.structs(record_errors);
  else record_errors.clear();
  if (in.version() >= 8) error_message = in.nullable_text();
  else error_message = std::nullopt;
  current_leader = LeaderIdAndEpoch{};
  in.tagged_fields([this](std::uint32_t tag, Decoder& field) {
    switch (tag) {
      case 0:
        if (!(field.version() >= 10)) return false;
        current_leader.decode_fields(field);
        return true;
      default:
        return false;
    }
  });
}

void ProduceResponse::PartitionResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(index);
  out.error(error_code);
  out.i64(base_offset);
  if (out.version() >= 2) out.i64(log_append_time_ms);
  if (out.version() >= 5) out.i64(log_start_offset);
  if (out.version() >= 8) out.structs(record_errors);
  if (out.version() >= 8) out.nullable_text(error_message);
  if (!out.flexible()) return;
  const bool has_current_leader = out.version() >= 10 && !(current_leader == LeaderIdAndEpoch{});
  out.uvarint((has_current_leader ? 1u : 0u));
  if (has_current_leader) {
    out.tagged_field(0, [this](Encoder& field) { current_leader.encode_fields(field); });
  }
}

void ProduceResponse::TopicResponse::decode_fields(Decoder& in) {
  name = in.version() <= 12 ? in.text() : Text{};
  topic_id = in.version() >= 13 ? in.uuid() : Uuid{};
  in.structs(partition_responses);
  in.skip_tagged_fields();
}

void ProduceResponse::TopicResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 12) out.text(name);
  if (out.version() >= 13) out.uuid(topic_id);
  out.structs(partition_responses);
  out.no_tagged_fields();
}

void ProduceResponse::NodeEndpoint::decode_fields(Decoder& in) {
  node_id = in.i32();
  host = in.text();
  port = in.i32();
  rack = in.nullable_text();
  in.skip_tagged_fields();
}

void ProduceResponse::NodeEndpoint::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(node_id);
  out.text(host);
  out.i32(port);
  out.nullable_text(rack);
  out.no_tagged_fields();
}

void ProduceResponse::decode_fields(Decoder& in) {
  in.structs(responses);
  throttle_time_ms = in.version() >= 1 ? in.i32() : 0;
  node_endpoints.clear();
  in.tagged_fields([this](std::uint32_t tag, Decoder& field) {
    switch (tag) {
      case 0:
        if (!(field.version() >= 10)) return false;
        field.structs(node_endpoints);
        return true;
      default:
        return false;
    }
  });
}

void ProduceResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(responses);
  if (out.version() >= 1) out.i32(throttle_time_ms);
  if (!out.flexible()) return;
  const bool has_node_endpoints = out.version() >= 10 && !node_endpoints.empty();
  out.uvarint((has_node_endpoints ? 1u : 0u));
  if (has_node_endpoints) {
    out.tagged_field(0, [this](Encoder& field) { field.structs(node_endpoints); });
  }
}

bool ProduceResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ProduceResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ProduceResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

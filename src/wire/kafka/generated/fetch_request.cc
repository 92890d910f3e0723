// Made by tools/kafka/generate.py from tools/kafka/messages/fetch.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/fetch_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void FetchRequest::ReplicaState::decode_fields(Decoder& in) {
  replica_id = in.i32();
  replica_epoch = in.i64();
  in.skip_tagged_fields();
}

void FetchRequest::ReplicaState::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(replica_id);
  out.i64(replica_epoch);
  out.no_tagged_fields();
}

void FetchRequest::Partition::decode_fields(Decoder& in) {
  partition = in.i32();
  current_leader_epoch = in.version() >= 9 ? in.i32() : -1;
  fetch_offset = in.i64();
  last_fetched_epoch = in.version() >= 12 ? in.i32() : -1;
  log_start_offset = in.version() >= 5 ? in.i64() : -1;
  partition_max_bytes = in.i32();
  replica_directory_id = Uuid{};
  high_watermark = std::numeric_limits<std::int64_t>::max();
  in.tagged_fields([this](std::uint32_t tag, Decoder& field) {
    switch (tag) {
      case 0:
        if (!(field.version() >= 17)) return false;
        replica_directory_id = field.uuid();
        return true;
      case 1:
        if (!(field.version() >= 18)) return false;
        high_watermark = field.i64();
        return true;
      default:
        return false;
    }
  });
}

void FetchRequest::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition);
  if (out.version() >= 9) out.i32(current_leader_epoch);
  out.i64(fetch_offset);
  if (out.version() >= 12) out.i32(last_fetched_epoch);
  if (out.version() >= 5) out.i64(log_start_offset);
  out.i32(partition_max_bytes);
  if (!out.flexible()) return;
  const bool has_replica_directory_id = out.version() >= 17 && replica_directory_id != Uuid{};
  const bool has_high_watermark = out.version() >= 18 && high_watermark != std::numeric_limits<std::int64_t>::max();
  out.uvarint((has_replica_directory_id ? 1u : 0u) + (has_high_watermark ? 1u : 0u));
  if (has_replica_directory_id) {
    out.tagged_field(0, [this](Encoder& field) { field.uuid(replica_directory_id); });
  }
  if (has_high_watermark) {
    out.tagged_field(1, [this](Encoder& field) { field.i64(high_watermark); });
  }
}

void FetchRequest::Topic::decode_fields(Decoder& in) {
  topic = in.version() <= 12 ? in.text() : Text{};
  topic_id = in.version() >= 13 ? in.uuid() : Uuid{};
  in.structs(partitions);
  in.skip_tagged_fields();
}

void FetchRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 12) out.text(topic);
  if (out.version() >= 13) out.uuid(topic_id);
  out.structs(partitions);
  out.no_tagged_fields();
}

void FetchRequest::ForgottenTopic::decode_fields(Decoder& in) {
  topic = in.version() <= 12 ? in.text() : Text{};
  topic_id = in.version() >= 13 ? in.uuid() : Uuid{};
  in.array(partitions);
  in.skip_tagged_fields();
}

void FetchRequest::ForgottenTopic::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 12) out.text(topic);
  if (out.version() >= 13) out.uuid(topic_id);
  out.array(partitions);
  out.no_tagged_fields();
}

void FetchRequest::decode_fields(Decoder& in) {
  replica_id = in.version() <= 14 ? in.i32() : -1;
  max_wait_ms = in.i32();
  min_bytes = in.i32();
  max_bytes = in.i32();
  isolation_level = in.i8();
  session_id = in.version() >= 7 ? in.i32() : 0;
  session_epoch = in.version() >= 7 ? in.i32() : -1;
  in.structs(topics);
  if (in.version() >= 7) in.structs(forgotten_topics_data);
  else forgotten_topics_data.clear();
  rack_id = in.version() >= 11 ? in.text() : Text{};
  cluster_id = std::nullopt;
  replica_state = ReplicaState{};
  in.tagged_fields([this](std::uint32_t tag, Decoder& field) {
    switch (tag) {
      case 0:
        cluster_id = field.nullable_text();
        return true;
      case 1:
        if (!(field.version() >= 15)) return false;
        replica_state.decode_fields(field);
        return true;
      default:
        return false;
    }
  });
}

void FetchRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 14) out.i32(replica_id);
  out.i32(max_wait_ms);
  out.i32(min_bytes);
  out.i32(max_bytes);
  out.i8(isolation_level);
  if (out.version() >= 7) out.i32(session_id);
  if (out.version() >= 7) out.i32(session_epoch);
  out.structs(topics);
  if (out.version() >= 7) out.structs(forgotten_topics_data);
  if (out.version() >= 11) out.text(rack_id);
  if (!out.flexible()) return;
  const bool has_cluster_id = cluster_id.has_value();
  const bool has_replica_state = out.version() >= 15 && !(replica_state == ReplicaState{});
  out.uvarint((has_cluster_id ? 1u : 0u) + (has_replica_state ? 1u : 0u));
  if (has_cluster_id) {
    out.tagged_field(0, [this](Encoder& field) { field.nullable_text(cluster_id); });
  }
  if (has_replica_state) {
    out.tagged_field(1, [this](Encoder& field) { replica_state.encode_fields(field); });
  }
}

bool FetchRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void FetchRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string FetchRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/fetch.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/fetch_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void FetchResponse::EpochEndOffset::decode_fields(Decoder& in) {
  epoch = in.i32();
  end_offset = in.i64();
  in.skip_tagged_fields();
}

void FetchResponse::EpochEndOffset::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(epoch);
  out.i64(end_offset);
  out.no_tagged_fields();
}

void FetchResponse::LeaderIdAndEpoch::decode_fields(Decoder& in) {
  leader_id = in.i32();
  leader_epoch = in.i32();
  in.skip_tagged_fields();
}

void FetchResponse::LeaderIdAndEpoch::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(leader_id);
  out.i32(leader_epoch);
  out.no_tagged_fields();
}

void FetchResponse::SnapshotId::decode_fields(Decoder& in) {
  end_offset = in.i64();
  epoch = in.i32();
  in.skip_tagged_fields();
}

void FetchResponse::SnapshotId::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i64(end_offset);
  out.i32(epoch);
  out.no_tagged_fields();
}

void FetchResponse::AbortedTransaction::decode_fields(Decoder& in) {
  producer_id = in.i64();
  first_offset = in.i64();
  in.skip_tagged_fields();
}

void FetchResponse::AbortedTransaction::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i64(producer_id);
  out.i64(first_offset);
  out.no_tagged_fields();
}

void FetchResponse::Partition::decode_fields(Decoder& in) {
  partition_index = in.i32();
  error_code = in.error();
  high_watermark = in.i64();
  last_stable_offset = in.i64();
  log_start_offset = in.version() >= 5 ? in.i64() : -1;
  in.nullable_structs(aborted_transactions);
  preferred_read_replica = in.version() >= 11 ? in.i32() : -1;
  records = in.nullable_records();
  diverging_epoch = EpochEndOffset{};
  current_leader = LeaderIdAndEpoch{};
  snapshot_id = SnapshotId{};
  in.tagged_fields([this](std::uint32_t tag, Decoder& field) {
    switch (tag) {
      case 0:
        diverging_epoch.decode_fields(field);
        return true;
      case 1:
        current_leader.decode_fields(field);
        return true;
      case 2:
        snapshot_id.decode_fields(field);
        return true;
      default:
        return false;
    }
  });
}

void FetchResponse::Partition::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(partition_index);
  out.error(error_code);
  out.i64(high_watermark);
  out.i64(last_stable_offset);
  if (out.version() >= 5) out.i64(log_start_offset);
  out.nullable_structs(aborted_transactions);
  if (out.version() >= 11) out.i32(preferred_read_replica);
  out.nullable_records(records);
  if (!out.flexible()) return;
  const bool has_diverging_epoch = !(diverging_epoch == EpochEndOffset{});
  const bool has_current_leader = !(current_leader == LeaderIdAndEpoch{});
  const bool has_snapshot_id = !(snapshot_id == SnapshotId{});
  out.uvarint((has_diverging_epoch ? 1u : 0u) + (has_current_leader ? 1u : 0u) + (has_snapshot_id ? 1u : 0u));
  if (has_diverging_epoch) {
    out.tagged_field(0, [this](Encoder& field) { diverging_epoch.encode_fields(field); });
  }
  if (has_current_leader) {
    out.tagged_field(1, [this](Encoder& field) { current_leader.encode_fields(field); });
  }
  if (has_snapshot_id) {
    out.tagged_field(2, [this](Encoder& field) { snapshot_id.encode_fields(field); });
  }
}

void FetchResponse::Topic::decode_fields(Decoder& in) {
  topic = in.version() <= 12 ? in.text() : Text{};
  topic_id = in.version() >= 13 ? in.uuid() : Uuid{};
  in.structs(partitions);
  in.skip_tagged_fields();
}

void FetchResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 12) out.text(topic);
  if (out.version() >= 13) out.uuid(topic_id);
  out.structs(partitions);
  out.no_tagged_fields();
}

void FetchResponse::NodeEndpoint::decode_fields(Decoder& in) {
  node_id = in.i32();
  host = in.text();
  port = in.i32();
  rack = in.nullable_text();
  in.skip_tagged_fields();
}

void FetchResponse::NodeEndpoint::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(node_id);
  out.text(host);
  out.i32(port);
  out.nullable_text(rack);
  out.no_tagged_fields();
}

void FetchResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.i32();
  error_code = in.version() >= 7 ? in.error() : ErrorCode::none;
  session_id = in.version() >= 7 ? in.i32() : 0;
  in.structs(responses);
  node_endpoints.clear();
  in.tagged_fields([this](std::uint32_t tag, Decoder& field) {
    switch (tag) {
      case 0:
        if (!(field.version() >= 16)) return false;
        field.structs(node_endpoints);
        return true;
      default:
        return false;
    }
  });
}

void FetchResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i32(throttle_time_ms);
  if (out.version() >= 7) out.error(error_code);
  if (out.version() >= 7) out.i32(session_id);
  out.structs(responses);
  if (!out.flexible()) return;
  const bool has_node_endpoints = out.version() >= 16 && !node_endpoints.empty();
  out.uvarint((has_node_endpoints ? 1u : 0u));
  if (has_node_endpoints) {
    out.tagged_field(0, [this](Encoder& field) { field.structs(node_endpoints); });
  }
}

bool FetchResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void FetchResponse::encode(bytes::Writer& writer, std::int16_t wire_version, std::vector<RecordSplice>* splices) const {
  encode_message(*this, writer, wire_version, splices);
}

std::string FetchResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka

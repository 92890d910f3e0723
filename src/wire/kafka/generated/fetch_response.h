// Made by tools/kafka/generate.py from tools/kafka/messages/fetch.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct FetchResponse {
  static constexpr ApiKey kApiKey = ApiKey::fetch;
  static constexpr std::int16_t kMinVersion = 4;
  static constexpr std::int16_t kMaxVersion = 18;
  static constexpr std::int16_t kFlexibleFrom = 12;
  static constexpr std::string_view kName = "FetchResponse";

  struct EpochEndOffset {
    std::int32_t epoch = -1;
    std::int64_t end_offset = -1;

    static constexpr std::size_t kMinWireSize = 13;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    bool operator==(const EpochEndOffset&) const = default;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "epoch", .versions = {12, 18}}, self.epoch);
      visitor(FieldInfo{.name = "end_offset", .versions = {12, 18}}, self.end_offset);
    }
  };

  struct LeaderIdAndEpoch {
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;

    static constexpr std::size_t kMinWireSize = 9;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    bool operator==(const LeaderIdAndEpoch&) const = default;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "leader_id", .versions = {12, 18}}, self.leader_id);
      visitor(FieldInfo{.name = "leader_epoch", .versions = {12, 18}}, self.leader_epoch);
    }
  };

  struct SnapshotId {
    std::int64_t end_offset = -1;
    std::int32_t epoch = -1;

    static constexpr std::size_t kMinWireSize = 13;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    bool operator==(const SnapshotId&) const = default;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "end_offset", .versions = {12, 18}}, self.end_offset);
      visitor(FieldInfo{.name = "epoch", .versions = {12, 18}}, self.epoch);
    }
  };

  struct AbortedTransaction {
    std::int64_t producer_id = 0;
    std::int64_t first_offset = 0;

    static constexpr std::size_t kMinWireSize = 16;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "producer_id", .versions = {4, 18}}, self.producer_id);
      visitor(FieldInfo{.name = "first_offset", .versions = {4, 18}}, self.first_offset);
    }
  };

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int64_t high_watermark = 0;
    std::int64_t last_stable_offset = -1;
    std::int64_t log_start_offset = -1;
    EpochEndOffset diverging_epoch;
    LeaderIdAndEpoch current_leader;
    SnapshotId snapshot_id;
    std::optional<std::vector<AbortedTransaction>> aborted_transactions;
    std::int32_t preferred_read_replica = -1;
    std::optional<Records> records;

    static constexpr std::size_t kMinWireSize = 30;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {4, 18}}, self.partition_index);
      visitor(FieldInfo{.name = "error_code", .versions = {4, 18}}, self.error_code);
      visitor(FieldInfo{.name = "high_watermark", .versions = {4, 18}}, self.high_watermark);
      visitor(FieldInfo{.name = "last_stable_offset", .versions = {4, 18}}, self.last_stable_offset);
      visitor(FieldInfo{.name = "log_start_offset", .versions = {5, 18}}, self.log_start_offset);
      visitor(FieldInfo{.name = "diverging_epoch", .versions = {12, 18}}, self.diverging_epoch);
      visitor(FieldInfo{.name = "current_leader", .versions = {12, 18}}, self.current_leader);
      visitor(FieldInfo{.name = "snapshot_id", .versions = {12, 18}}, self.snapshot_id);
      visitor(FieldInfo{.name = "aborted_transactions", .versions = {4, 18}, .nullable = {4, 18}}, self.aborted_transactions);
      visitor(FieldInfo{.name = "preferred_read_replica", .versions = {11, 18}}, self.preferred_read_replica);
      visitor(FieldInfo{.name = "records", .versions = {4, 18}, .nullable = {4, 18}}, self.records);
    }
  };

  struct Topic {
    Text topic;
    Uuid topic_id;
    std::vector<Partition> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic", .versions = {4, 12}}, self.topic);
      visitor(FieldInfo{.name = "topic_id", .versions = {13, 18}}, self.topic_id);
      visitor(FieldInfo{.name = "partitions", .versions = {4, 18}}, self.partitions);
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    Text host;
    std::int32_t port = 0;
    std::optional<Text> rack;

    static constexpr std::size_t kMinWireSize = 11;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "node_id", .versions = {16, 18}}, self.node_id);
      visitor(FieldInfo{.name = "host", .versions = {16, 18}}, self.host);
      visitor(FieldInfo{.name = "port", .versions = {16, 18}}, self.port);
      visitor(FieldInfo{.name = "rack", .versions = {16, 18}, .nullable = {16, 18}}, self.rack);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int32_t session_id = 0;
  std::vector<Topic> responses;
  std::vector<NodeEndpoint> node_endpoints;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version, std::vector<RecordSplice>* splices = nullptr) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {4, 18}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "error_code", .versions = {7, 18}}, self.error_code);
    visitor(FieldInfo{.name = "session_id", .versions = {7, 18}}, self.session_id);
    visitor(FieldInfo{.name = "responses", .versions = {4, 18}}, self.responses);
    visitor(FieldInfo{.name = "node_endpoints", .versions = {16, 18}}, self.node_endpoints);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/describe_quorum.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeQuorumResponse {
  static constexpr ApiKey kApiKey = ApiKey::describe_quorum;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "DescribeQuorumResponse";

  struct Replica {
    std::int32_t replica_id = 0;
    Uuid replica_directory_id;
    std::int64_t log_end_offset = 0;
    std::int64_t last_fetch_timestamp = -1;
    std::int64_t last_caught_up_timestamp = -1;

    static constexpr std::size_t kMinWireSize = 13;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "replica_id", .versions = {0, 2}}, self.replica_id);
      visitor(FieldInfo{.name = "replica_directory_id", .versions = {2, 2}}, self.replica_directory_id);
      visitor(FieldInfo{.name = "log_end_offset", .versions = {0, 2}}, self.log_end_offset);
      visitor(FieldInfo{.name = "last_fetch_timestamp", .versions = {1, 2}}, self.last_fetch_timestamp);
      visitor(FieldInfo{.name = "last_caught_up_timestamp", .versions = {1, 2}}, self.last_caught_up_timestamp);
    }
  };

  struct PartitionResult {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = 0;
    std::int64_t high_watermark = 0;
    std::vector<Replica> current_voters;
    std::vector<Replica> observers;

    static constexpr std::size_t kMinWireSize = 25;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 2}}, self.partition_index);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 2}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {2, 2}, .nullable = {2, 2}}, self.error_message);
      visitor(FieldInfo{.name = "leader_id", .versions = {0, 2}}, self.leader_id);
      visitor(FieldInfo{.name = "leader_epoch", .versions = {0, 2}}, self.leader_epoch);
      visitor(FieldInfo{.name = "high_watermark", .versions = {0, 2}}, self.high_watermark);
      visitor(FieldInfo{.name = "current_voters", .versions = {0, 2}}, self.current_voters);
      visitor(FieldInfo{.name = "observers", .versions = {0, 2}}, self.observers);
    }
  };

  struct TopicResult {
    Text topic_name;
    std::vector<PartitionResult> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic_name", .versions = {0, 2}}, self.topic_name);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 2}}, self.partitions);
    }
  };

  struct Listener {
    Text name;
    Text host;
    std::uint16_t port = 0;

    static constexpr std::size_t kMinWireSize = 5;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {2, 2}}, self.name);
      visitor(FieldInfo{.name = "host", .versions = {2, 2}}, self.host);
      visitor(FieldInfo{.name = "port", .versions = {2, 2}}, self.port);
    }
  };

  struct Node {
    std::int32_t node_id = 0;
    std::vector<Listener> listeners;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "node_id", .versions = {2, 2}}, self.node_id);
      visitor(FieldInfo{.name = "listeners", .versions = {2, 2}}, self.listeners);
    }
  };

  ErrorCode error_code = ErrorCode::none;
  std::optional<Text> error_message;
  std::vector<TopicResult> topics;
  std::vector<Node> nodes;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "error_code", .versions = {0, 2}}, self.error_code);
    visitor(FieldInfo{.name = "error_message", .versions = {2, 2}, .nullable = {2, 2}}, self.error_message);
    visitor(FieldInfo{.name = "topics", .versions = {0, 2}}, self.topics);
    visitor(FieldInfo{.name = "nodes", .versions = {2, 2}}, self.nodes);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/metadata.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct MetadataResponse {
  static constexpr ApiKey kApiKey = ApiKey::metadata;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 13;
  static constexpr std::int16_t kFlexibleFrom = 9;
  static constexpr std::string_view kName = "MetadataResponse";

  struct Broker {
    std::int32_t node_id = 0;
    Text host;
    std::int32_t port = 0;
    std::optional<Text> rack;

    static constexpr std::size_t kMinWireSize = 10;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "node_id", .versions = {0, 13}}, self.node_id);
      visitor(FieldInfo{.name = "host", .versions = {0, 13}}, self.host);
      visitor(FieldInfo{.name = "port", .versions = {0, 13}}, self.port);
      visitor(FieldInfo{.name = "rack", .versions = {1, 13}, .nullable = {1, 13}}, self.rack);
    }
  };

  struct Partition {
    ErrorCode error_code = ErrorCode::none;
    std::int32_t partition_index = 0;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = -1;
    std::vector<std::int32_t> replica_nodes;
    std::vector<std::int32_t> isr_nodes;
    std::vector<std::int32_t> offline_replicas;

    static constexpr std::size_t kMinWireSize = 18;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "error_code", .versions = {0, 13}}, self.error_code);
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 13}}, self.partition_index);
      visitor(FieldInfo{.name = "leader_id", .versions = {0, 13}}, self.leader_id);
      visitor(FieldInfo{.name = "leader_epoch", .versions = {7, 13}}, self.leader_epoch);
      visitor(FieldInfo{.name = "replica_nodes", .versions = {0, 13}}, self.replica_nodes);
      visitor(FieldInfo{.name = "isr_nodes", .versions = {0, 13}}, self.isr_nodes);
      visitor(FieldInfo{.name = "offline_replicas", .versions = {5, 13}}, self.offline_replicas);
    }
  };

  struct Topic {
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> name;
    Uuid topic_id;
    bool is_internal = false;
    std::vector<Partition> partitions;
    std::int32_t topic_authorized_operations = std::numeric_limits<std::int32_t>::min();

    static constexpr std::size_t kMinWireSize = 8;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "error_code", .versions = {0, 13}}, self.error_code);
      visitor(FieldInfo{.name = "name", .versions = {0, 13}, .nullable = {12, 13}}, self.name);
      visitor(FieldInfo{.name = "topic_id", .versions = {10, 13}}, self.topic_id);
      visitor(FieldInfo{.name = "is_internal", .versions = {1, 13}}, self.is_internal);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 13}}, self.partitions);
      visitor(FieldInfo{.name = "topic_authorized_operations", .versions = {8, 13}}, self.topic_authorized_operations);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers;
  std::optional<Text> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Topic> topics;
  std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();
  ErrorCode error_code = ErrorCode::none;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {3, 13}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "brokers", .versions = {0, 13}}, self.brokers);
    visitor(FieldInfo{.name = "cluster_id", .versions = {2, 13}, .nullable = {2, 13}}, self.cluster_id);
    visitor(FieldInfo{.name = "controller_id", .versions = {1, 13}}, self.controller_id);
    visitor(FieldInfo{.name = "topics", .versions = {0, 13}}, self.topics);
    visitor(FieldInfo{.name = "cluster_authorized_operations", .versions = {8, 10}}, self.cluster_authorized_operations);
    visitor(FieldInfo{.name = "error_code", .versions = {13, 13}}, self.error_code);
  }
};

}  // namespace millrace::wire::kafka

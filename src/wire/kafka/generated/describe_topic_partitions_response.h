// Made by tools/kafka/generate.py from tools/kafka/messages/describe_topic_partitions.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeTopicPartitionsResponse {
  static constexpr ApiKey kApiKey = ApiKey::describe_topic_partitions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "DescribeTopicPartitionsResponse";

  struct Partition {
    ErrorCode error_code = ErrorCode::none;
    std::int32_t partition_index = 0;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = -1;
    std::vector<std::int32_t> replica_nodes;
    std::vector<std::int32_t> isr_nodes;
    std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
    std::optional<std::vector<std::int32_t>> last_known_elr;
    std::vector<std::int32_t> offline_replicas;

    static constexpr std::size_t kMinWireSize = 20;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "error_code", .versions = {0, 0}}, self.error_code);
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 0}}, self.partition_index);
      visitor(FieldInfo{.name = "leader_id", .versions = {0, 0}}, self.leader_id);
      visitor(FieldInfo{.name = "leader_epoch", .versions = {0, 0}}, self.leader_epoch);
      visitor(FieldInfo{.name = "replica_nodes", .versions = {0, 0}}, self.replica_nodes);
      visitor(FieldInfo{.name = "isr_nodes", .versions = {0, 0}}, self.isr_nodes);
      visitor(FieldInfo{.name = "eligible_leader_replicas", .versions = {0, 0}, .nullable = {0, 0}}, self.eligible_leader_replicas);
      visitor(FieldInfo{.name = "last_known_elr", .versions = {0, 0}, .nullable = {0, 0}}, self.last_known_elr);
      visitor(FieldInfo{.name = "offline_replicas", .versions = {0, 0}}, self.offline_replicas);
    }
  };

  struct Topic {
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> name = Text{};
    Uuid topic_id;
    bool is_internal = false;
    std::vector<Partition> partitions;
    std::int32_t topic_authorized_operations = std::numeric_limits<std::int32_t>::min();

    static constexpr std::size_t kMinWireSize = 26;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "error_code", .versions = {0, 0}}, self.error_code);
      visitor(FieldInfo{.name = "name", .versions = {0, 0}, .nullable = {0, 0}}, self.name);
      visitor(FieldInfo{.name = "topic_id", .versions = {0, 0}}, self.topic_id);
      visitor(FieldInfo{.name = "is_internal", .versions = {0, 0}}, self.is_internal);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 0}}, self.partitions);
      visitor(FieldInfo{.name = "topic_authorized_operations", .versions = {0, 0}}, self.topic_authorized_operations);
    }
  };

  struct Cursor {
    Text topic_name;
    std::int32_t partition_index = 0;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic_name", .versions = {0, 0}}, self.topic_name);
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 0}}, self.partition_index);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  std::optional<Cursor> next_cursor;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {0, 0}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "topics", .versions = {0, 0}}, self.topics);
    visitor(FieldInfo{.name = "next_cursor", .versions = {0, 0}, .nullable = {0, 0}}, self.next_cursor);
  }
};

}  // namespace millrace::wire::kafka

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

struct FetchRequest {
  static constexpr ApiKey kApiKey = ApiKey::fetch;
  static constexpr std::int16_t kMinVersion = 4;
  static constexpr std::int16_t kMaxVersion = 18;
  static constexpr std::int16_t kFlexibleFrom = 12;
  static constexpr std::string_view kName = "FetchRequest";

  struct ReplicaState {
    std::int32_t replica_id = -1;
    std::int64_t replica_epoch = -1;

    static constexpr std::size_t kMinWireSize = 13;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    bool operator==(const ReplicaState&) const = default;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "replica_id", .versions = {15, 18}}, self.replica_id);
      visitor(FieldInfo{.name = "replica_epoch", .versions = {15, 18}}, self.replica_epoch);
    }
  };

  struct Partition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t fetch_offset = 0;
    std::int32_t last_fetched_epoch = -1;
    std::int64_t log_start_offset = -1;
    std::int32_t partition_max_bytes = 0;
    Uuid replica_directory_id;
    std::int64_t high_watermark = std::numeric_limits<std::int64_t>::max();

    static constexpr std::size_t kMinWireSize = 16;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition", .versions = {4, 18}}, self.partition);
      visitor(FieldInfo{.name = "current_leader_epoch", .versions = {9, 18}}, self.current_leader_epoch);
      visitor(FieldInfo{.name = "fetch_offset", .versions = {4, 18}}, self.fetch_offset);
      visitor(FieldInfo{.name = "last_fetched_epoch", .versions = {12, 18}}, self.last_fetched_epoch);
      visitor(FieldInfo{.name = "log_start_offset", .versions = {5, 18}}, self.log_start_offset);
      visitor(FieldInfo{.name = "partition_max_bytes", .versions = {4, 18}}, self.partition_max_bytes);
      visitor(FieldInfo{.name = "replica_directory_id", .versions = {17, 18}}, self.replica_directory_id);
      visitor(FieldInfo{.name = "high_watermark", .versions = {18, 18}}, self.high_watermark);
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

  struct ForgottenTopic {
    Text topic;
    Uuid topic_id;
    std::vector<std::int32_t> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic", .versions = {7, 12}}, self.topic);
      visitor(FieldInfo{.name = "topic_id", .versions = {13, 18}}, self.topic_id);
      visitor(FieldInfo{.name = "partitions", .versions = {7, 18}}, self.partitions);
    }
  };

  std::optional<Text> cluster_id;
  std::int32_t replica_id = -1;
  ReplicaState replica_state;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = 2147483647;
  std::int8_t isolation_level = 0;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  Text rack_id;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "cluster_id", .versions = {12, 18}, .nullable = {12, 18}}, self.cluster_id);
    visitor(FieldInfo{.name = "replica_id", .versions = {4, 14}}, self.replica_id);
    visitor(FieldInfo{.name = "replica_state", .versions = {15, 18}}, self.replica_state);
    visitor(FieldInfo{.name = "max_wait_ms", .versions = {4, 18}}, self.max_wait_ms);
    visitor(FieldInfo{.name = "min_bytes", .versions = {4, 18}}, self.min_bytes);
    visitor(FieldInfo{.name = "max_bytes", .versions = {4, 18}}, self.max_bytes);
    visitor(FieldInfo{.name = "isolation_level", .versions = {4, 18}}, self.isolation_level);
    visitor(FieldInfo{.name = "session_id", .versions = {7, 18}}, self.session_id);
    visitor(FieldInfo{.name = "session_epoch", .versions = {7, 18}}, self.session_epoch);
    visitor(FieldInfo{.name = "topics", .versions = {4, 18}}, self.topics);
    visitor(FieldInfo{.name = "forgotten_topics_data", .versions = {7, 18}}, self.forgotten_topics_data);
    visitor(FieldInfo{.name = "rack_id", .versions = {11, 18}}, self.rack_id);
  }
};

}  // namespace millrace::wire::kafka

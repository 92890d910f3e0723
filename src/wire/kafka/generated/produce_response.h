// Made by tools/kafka/generate.py from tools/kafka/messages/produce.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ProduceResponse {
  static constexpr ApiKey kApiKey = ApiKey::produce;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 13;
  static constexpr std::int16_t kFlexibleFrom = 9;
  static constexpr std::string_view kName = "ProduceResponse";

  struct RecordError {
    std::int32_t batch_index = 0;
    std::optional<Text> batch_index_error_message;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "batch_index", .versions = {8, 13}}, self.batch_index);
      visitor(FieldInfo{.name = "batch_index_error_message", .versions = {8, 13}, .nullable = {8, 13}}, self.batch_index_error_message);
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
      visitor(FieldInfo{.name = "leader_id", .versions = {10, 13}}, self.leader_id);
      visitor(FieldInfo{.name = "leader_epoch", .versions = {10, 13}}, self.leader_epoch);
    }
  };

  struct PartitionResponse {
    std::int32_t index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int64_t base_offset = 0;
    std::int64_t log_append_time_ms = -1;
    std::int64_t log_start_offset = -1;
    std::vector<RecordError> record_errors;
    std::optional<Text> error_message;
    LeaderIdAndEpoch current_leader;

    static constexpr std::size_t kMinWireSize = 14;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "index", .versions = {0, 13}}, self.index);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 13}}, self.error_code);
      visitor(FieldInfo{.name = "base_offset", .versions = {0, 13}}, self.base_offset);
      visitor(FieldInfo{.name = "log_append_time_ms", .versions = {2, 13}}, self.log_append_time_ms);
      visitor(FieldInfo{.name = "log_start_offset", .versions = {5, 13}}, self.log_start_offset);
      visitor(FieldInfo{.name = "record_errors", .versions = {8, 13}}, self.record_errors);
      visitor(FieldInfo{.name = "error_message", .versions = {8, 13}, .nullable = {8, 13}}, self.error_message);
      visitor(FieldInfo{.name = "current_leader", .versions = {10, 13}}, self.current_leader);
    }
  };

  struct TopicResponse {
    Text name;
    Uuid topic_id;
    std::vector<PartitionResponse> partition_responses;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 12}}, self.name);
      visitor(FieldInfo{.name = "topic_id", .versions = {13, 13}}, self.topic_id);
      visitor(FieldInfo{.name = "partition_responses", .versions = {0, 13}}, self.partition_responses);
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
      visitor(FieldInfo{.name = "node_id", .versions = {10, 13}}, self.node_id);
      visitor(FieldInfo{.name = "host", .versions = {10, 13}}, self.host);
      visitor(FieldInfo{.name = "port", .versions = {10, 13}}, self.port);
      visitor(FieldInfo{.name = "rack", .versions = {10, 13}, .nullable = {10, 13}}, self.rack);
    }
  };

  std::vector<TopicResponse> responses;
  std::int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "responses", .versions = {0, 13}}, self.responses);
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {1, 13}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "node_endpoints", .versions = {10, 13}}, self.node_endpoints);
  }
};

}  // namespace millrace::wire::kafka

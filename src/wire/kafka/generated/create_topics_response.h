// Made by tools/kafka/generate.py from tools/kafka/messages/create_topics.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct CreateTopicsResponse {
  static constexpr ApiKey kApiKey = ApiKey::create_topics;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 7;
  static constexpr std::int16_t kFlexibleFrom = 5;
  static constexpr std::string_view kName = "CreateTopicsResponse";

  struct Config {
    Text name;
    std::optional<Text> value;
    bool read_only = false;
    std::int8_t config_source = -1;
    bool is_sensitive = false;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {5, 7}}, self.name);
      visitor(FieldInfo{.name = "value", .versions = {5, 7}, .nullable = {5, 7}}, self.value);
      visitor(FieldInfo{.name = "read_only", .versions = {5, 7}}, self.read_only);
      visitor(FieldInfo{.name = "config_source", .versions = {5, 7}}, self.config_source);
      visitor(FieldInfo{.name = "is_sensitive", .versions = {5, 7}}, self.is_sensitive);
    }
  };

  struct Topic {
    Text name;
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;
    ErrorCode topic_config_error_code = ErrorCode::none;
    std::int32_t num_partitions = -1;
    std::int16_t replication_factor = -1;
    std::optional<std::vector<Config>> configs = std::vector<Config>{};

    static constexpr std::size_t kMinWireSize = 4;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 7}}, self.name);
      visitor(FieldInfo{.name = "topic_id", .versions = {7, 7}}, self.topic_id);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 7}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {1, 7}, .nullable = {1, 7}}, self.error_message);
      visitor(FieldInfo{.name = "topic_config_error_code", .versions = {5, 7}}, self.topic_config_error_code);
      visitor(FieldInfo{.name = "num_partitions", .versions = {5, 7}}, self.num_partitions);
      visitor(FieldInfo{.name = "replication_factor", .versions = {5, 7}}, self.replication_factor);
      visitor(FieldInfo{.name = "configs", .versions = {5, 7}, .nullable = {5, 7}}, self.configs);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {2, 7}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "topics", .versions = {0, 7}}, self.topics);
  }
};

}  // namespace millrace::wire::kafka

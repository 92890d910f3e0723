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

struct CreateTopicsRequest {
  static constexpr ApiKey kApiKey = ApiKey::create_topics;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 7;
  static constexpr std::int16_t kFlexibleFrom = 5;
  static constexpr std::string_view kName = "CreateTopicsRequest";

  struct Assignment {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> broker_ids;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 7}}, self.partition_index);
      visitor(FieldInfo{.name = "broker_ids", .versions = {0, 7}}, self.broker_ids);
    }
  };

  struct Config {
    Text name;
    std::optional<Text> value;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 7}}, self.name);
      visitor(FieldInfo{.name = "value", .versions = {0, 7}, .nullable = {0, 7}}, self.value);
    }
  };

  struct Topic {
    Text name;
    std::int32_t num_partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<Assignment> assignments;
    std::vector<Config> configs;

    static constexpr std::size_t kMinWireSize = 10;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 7}}, self.name);
      visitor(FieldInfo{.name = "num_partitions", .versions = {0, 7}}, self.num_partitions);
      visitor(FieldInfo{.name = "replication_factor", .versions = {0, 7}}, self.replication_factor);
      visitor(FieldInfo{.name = "assignments", .versions = {0, 7}}, self.assignments);
      visitor(FieldInfo{.name = "configs", .versions = {0, 7}}, self.configs);
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 60000;
  bool validate_only = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "topics", .versions = {0, 7}}, self.topics);
    visitor(FieldInfo{.name = "timeout_ms", .versions = {0, 7}}, self.timeout_ms);
    visitor(FieldInfo{.name = "validate_only", .versions = {1, 7}}, self.validate_only);
  }
};

}  // namespace millrace::wire::kafka

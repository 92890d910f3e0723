// Made by tools/kafka/generate.py from tools/kafka/messages/elect_leaders.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ElectLeadersRequest {
  static constexpr ApiKey kApiKey = ApiKey::elect_leaders;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "ElectLeadersRequest";

  struct TopicPartitions {
    Text topic;
    std::vector<std::int32_t> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic", .versions = {0, 2}}, self.topic);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 2}}, self.partitions);
    }
  };

  std::int8_t election_type = 0;
  std::optional<std::vector<TopicPartitions>> topic_partitions;
  std::int32_t timeout_ms = 60000;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "election_type", .versions = {1, 2}}, self.election_type);
    visitor(FieldInfo{.name = "topic_partitions", .versions = {0, 2}, .nullable = {0, 2}}, self.topic_partitions);
    visitor(FieldInfo{.name = "timeout_ms", .versions = {0, 2}}, self.timeout_ms);
  }
};

}  // namespace millrace::wire::kafka

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

struct DescribeTopicPartitionsRequest {
  static constexpr ApiKey kApiKey = ApiKey::describe_topic_partitions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "DescribeTopicPartitionsRequest";

  struct Topic {
    Text name;

    static constexpr std::size_t kMinWireSize = 2;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 0}}, self.name);
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

  std::vector<Topic> topics;
  std::int32_t response_partition_limit = 2000;
  std::optional<Cursor> cursor;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "topics", .versions = {0, 0}}, self.topics);
    visitor(FieldInfo{.name = "response_partition_limit", .versions = {0, 0}}, self.response_partition_limit);
    visitor(FieldInfo{.name = "cursor", .versions = {0, 0}, .nullable = {0, 0}}, self.cursor);
  }
};

}  // namespace millrace::wire::kafka

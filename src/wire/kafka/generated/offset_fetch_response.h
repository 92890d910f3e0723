// Made by tools/kafka/generate.py from tools/kafka/messages/offset_fetch.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct OffsetFetchResponse {
  static constexpr ApiKey kApiKey = ApiKey::offset_fetch;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 10;
  static constexpr std::int16_t kFlexibleFrom = 6;
  static constexpr std::string_view kName = "OffsetFetchResponse";

  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<Text> metadata;
    ErrorCode error_code = ErrorCode::none;

    static constexpr std::size_t kMinWireSize = 16;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 7}}, self.partition_index);
      visitor(FieldInfo{.name = "committed_offset", .versions = {0, 7}}, self.committed_offset);
      visitor(FieldInfo{.name = "committed_leader_epoch", .versions = {5, 7}}, self.committed_leader_epoch);
      visitor(FieldInfo{.name = "metadata", .versions = {0, 7}, .nullable = {0, 7}}, self.metadata);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 7}}, self.error_code);
    }
  };

  struct Topic {
    Text name;
    std::vector<Partition> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 7}}, self.name);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 7}}, self.partitions);
    }
  };

  struct GroupPartition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<Text> metadata;
    ErrorCode error_code = ErrorCode::none;

    static constexpr std::size_t kMinWireSize = 20;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {8, 10}}, self.partition_index);
      visitor(FieldInfo{.name = "committed_offset", .versions = {8, 10}}, self.committed_offset);
      visitor(FieldInfo{.name = "committed_leader_epoch", .versions = {8, 10}}, self.committed_leader_epoch);
      visitor(FieldInfo{.name = "metadata", .versions = {8, 10}, .nullable = {8, 10}}, self.metadata);
      visitor(FieldInfo{.name = "error_code", .versions = {8, 10}}, self.error_code);
    }
  };

  struct GroupTopic {
    Text name;
    Uuid topic_id;
    std::vector<GroupPartition> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {8, 9}}, self.name);
      visitor(FieldInfo{.name = "topic_id", .versions = {10, 10}}, self.topic_id);
      visitor(FieldInfo{.name = "partitions", .versions = {8, 10}}, self.partitions);
    }
  };

  struct Group {
    Text group_id;
    std::vector<GroupTopic> topics;
    ErrorCode error_code = ErrorCode::none;

    static constexpr std::size_t kMinWireSize = 5;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "group_id", .versions = {8, 10}}, self.group_id);
      visitor(FieldInfo{.name = "topics", .versions = {8, 10}}, self.topics);
      visitor(FieldInfo{.name = "error_code", .versions = {8, 10}}, self.error_code);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  ErrorCode error_code = ErrorCode::none;
  std::vector<Group> groups;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {3, 10}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "topics", .versions = {0, 7}}, self.topics);
    visitor(FieldInfo{.name = "error_code", .versions = {2, 7}}, self.error_code);
    visitor(FieldInfo{.name = "groups", .versions = {8, 10}}, self.groups);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/offset_commit.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct OffsetCommitRequest {
  static constexpr ApiKey kApiKey = ApiKey::offset_commit;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 10;
  static constexpr std::int16_t kFlexibleFrom = 8;
  static constexpr std::string_view kName = "OffsetCommitRequest";

  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::int64_t commit_timestamp = -1;
    std::optional<Text> committed_metadata;

    static constexpr std::size_t kMinWireSize = 14;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 10}}, self.partition_index);
      visitor(FieldInfo{.name = "committed_offset", .versions = {0, 10}}, self.committed_offset);
      visitor(FieldInfo{.name = "committed_leader_epoch", .versions = {6, 10}}, self.committed_leader_epoch);
      visitor(FieldInfo{.name = "commit_timestamp", .versions = {1, 1}}, self.commit_timestamp);
      visitor(FieldInfo{.name = "committed_metadata", .versions = {0, 10}, .nullable = {0, 10}}, self.committed_metadata);
    }
  };

  struct Topic {
    Text name;
    Uuid topic_id;
    std::vector<Partition> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 9}}, self.name);
      visitor(FieldInfo{.name = "topic_id", .versions = {10, 10}}, self.topic_id);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 10}}, self.partitions);
    }
  };

  Text group_id;
  std::int32_t generation_id_or_member_epoch = -1;
  Text member_id;
  std::optional<Text> group_instance_id;
  std::int64_t retention_time_ms = -1;
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
    visitor(FieldInfo{.name = "group_id", .versions = {0, 10}}, self.group_id);
    visitor(FieldInfo{.name = "generation_id_or_member_epoch", .versions = {1, 10}}, self.generation_id_or_member_epoch);
    visitor(FieldInfo{.name = "member_id", .versions = {1, 10}}, self.member_id);
    visitor(FieldInfo{.name = "group_instance_id", .versions = {7, 10}, .nullable = {7, 10}}, self.group_instance_id);
    visitor(FieldInfo{.name = "retention_time_ms", .versions = {2, 4}}, self.retention_time_ms);
    visitor(FieldInfo{.name = "topics", .versions = {0, 10}}, self.topics);
  }
};

}  // namespace millrace::wire::kafka

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

struct OffsetFetchRequest {
  static constexpr ApiKey kApiKey = ApiKey::offset_fetch;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 10;
  static constexpr std::int16_t kFlexibleFrom = 6;
  static constexpr std::string_view kName = "OffsetFetchRequest";

  struct Topic {
    Text name;
    std::vector<std::int32_t> partition_indexes;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 7}}, self.name);
      visitor(FieldInfo{.name = "partition_indexes", .versions = {0, 7}}, self.partition_indexes);
    }
  };

  struct GroupTopic {
    Text name;
    Uuid topic_id;
    std::vector<std::int32_t> partition_indexes;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {8, 9}}, self.name);
      visitor(FieldInfo{.name = "topic_id", .versions = {10, 10}}, self.topic_id);
      visitor(FieldInfo{.name = "partition_indexes", .versions = {8, 10}}, self.partition_indexes);
    }
  };

  struct Group {
    Text group_id;
    std::optional<Text> member_id;
    std::int32_t member_epoch = -1;
    std::optional<std::vector<GroupTopic>> topics = std::vector<GroupTopic>{};

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "group_id", .versions = {8, 10}}, self.group_id);
      visitor(FieldInfo{.name = "member_id", .versions = {9, 10}, .nullable = {9, 10}}, self.member_id);
      visitor(FieldInfo{.name = "member_epoch", .versions = {9, 10}}, self.member_epoch);
      visitor(FieldInfo{.name = "topics", .versions = {8, 10}, .nullable = {8, 10}}, self.topics);
    }
  };

  Text group_id;
  std::optional<std::vector<Topic>> topics = std::vector<Topic>{};
  std::vector<Group> groups;
  bool require_stable = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "group_id", .versions = {0, 7}}, self.group_id);
    visitor(FieldInfo{.name = "topics", .versions = {0, 7}, .nullable = {2, 7}}, self.topics);
    visitor(FieldInfo{.name = "groups", .versions = {8, 10}}, self.groups);
    visitor(FieldInfo{.name = "require_stable", .versions = {7, 10}}, self.require_stable);
  }
};

}  // namespace millrace::wire::kafka

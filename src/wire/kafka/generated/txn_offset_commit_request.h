// Made by tools/kafka/generate.py from tools/kafka/messages/txn_offset_commit.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct TxnOffsetCommitRequest {
  static constexpr ApiKey kApiKey = ApiKey::txn_offset_commit;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFlexibleFrom = 3;
  static constexpr std::string_view kName = "TxnOffsetCommitRequest";

  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<Text> committed_metadata;

    static constexpr std::size_t kMinWireSize = 14;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 5}}, self.partition_index);
      visitor(FieldInfo{.name = "committed_offset", .versions = {0, 5}}, self.committed_offset);
      visitor(FieldInfo{.name = "committed_leader_epoch", .versions = {2, 5}}, self.committed_leader_epoch);
      visitor(FieldInfo{.name = "committed_metadata", .versions = {0, 5}, .nullable = {0, 5}}, self.committed_metadata);
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
      visitor(FieldInfo{.name = "name", .versions = {0, 5}}, self.name);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 5}}, self.partitions);
    }
  };

  Text transactional_id;
  Text group_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::int32_t generation_id = -1;
  Text member_id;
  std::optional<Text> group_instance_id;
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
    visitor(FieldInfo{.name = "transactional_id", .versions = {0, 5}}, self.transactional_id);
    visitor(FieldInfo{.name = "group_id", .versions = {0, 5}}, self.group_id);
    visitor(FieldInfo{.name = "producer_id", .versions = {0, 5}}, self.producer_id);
    visitor(FieldInfo{.name = "producer_epoch", .versions = {0, 5}}, self.producer_epoch);
    visitor(FieldInfo{.name = "generation_id", .versions = {3, 5}}, self.generation_id);
    visitor(FieldInfo{.name = "member_id", .versions = {3, 5}}, self.member_id);
    visitor(FieldInfo{.name = "group_instance_id", .versions = {3, 5}, .nullable = {3, 5}}, self.group_instance_id);
    visitor(FieldInfo{.name = "topics", .versions = {0, 5}}, self.topics);
  }
};

}  // namespace millrace::wire::kafka

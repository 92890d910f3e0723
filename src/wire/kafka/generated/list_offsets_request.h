// Made by tools/kafka/generate.py from tools/kafka/messages/list_offsets.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ListOffsetsRequest {
  static constexpr ApiKey kApiKey = ApiKey::list_offsets;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 11;
  static constexpr std::int16_t kFlexibleFrom = 6;
  static constexpr std::string_view kName = "ListOffsetsRequest";

  struct Partition {
    std::int32_t partition_index = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t timestamp = 0;
    std::int32_t max_num_offsets = 1;

    static constexpr std::size_t kMinWireSize = 12;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 11}}, self.partition_index);
      visitor(FieldInfo{.name = "current_leader_epoch", .versions = {4, 11}}, self.current_leader_epoch);
      visitor(FieldInfo{.name = "timestamp", .versions = {0, 11}}, self.timestamp);
      visitor(FieldInfo{.name = "max_num_offsets", .versions = {0, 0}}, self.max_num_offsets);
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
      visitor(FieldInfo{.name = "name", .versions = {0, 11}}, self.name);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 11}}, self.partitions);
    }
  };

  std::int32_t replica_id = 0;
  std::int8_t isolation_level = 0;
  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "replica_id", .versions = {0, 11}}, self.replica_id);
    visitor(FieldInfo{.name = "isolation_level", .versions = {2, 11}}, self.isolation_level);
    visitor(FieldInfo{.name = "topics", .versions = {0, 11}}, self.topics);
    visitor(FieldInfo{.name = "timeout_ms", .versions = {10, 11}}, self.timeout_ms);
  }
};

}  // namespace millrace::wire::kafka

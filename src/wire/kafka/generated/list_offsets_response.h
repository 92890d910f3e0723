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

struct ListOffsetsResponse {
  static constexpr ApiKey kApiKey = ApiKey::list_offsets;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 11;
  static constexpr std::int16_t kFlexibleFrom = 6;
  static constexpr std::string_view kName = "ListOffsetsResponse";

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<std::int64_t> old_style_offsets;
    std::int64_t timestamp = -1;
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;

    static constexpr std::size_t kMinWireSize = 10;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 11}}, self.partition_index);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 11}}, self.error_code);
      visitor(FieldInfo{.name = "old_style_offsets", .versions = {0, 0}}, self.old_style_offsets);
      visitor(FieldInfo{.name = "timestamp", .versions = {1, 11}}, self.timestamp);
      visitor(FieldInfo{.name = "offset", .versions = {1, 11}}, self.offset);
      visitor(FieldInfo{.name = "leader_epoch", .versions = {4, 11}}, self.leader_epoch);
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
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {2, 11}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "topics", .versions = {0, 11}}, self.topics);
  }
};

}  // namespace millrace::wire::kafka

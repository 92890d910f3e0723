// Made by tools/kafka/generate.py from tools/kafka/messages/delete_records.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DeleteRecordsResponse {
  static constexpr ApiKey kApiKey = ApiKey::delete_records;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "DeleteRecordsResponse";

  struct PartitionResult {
    std::int32_t partition_index = 0;
    std::int64_t low_watermark = 0;
    ErrorCode error_code = ErrorCode::none;

    static constexpr std::size_t kMinWireSize = 14;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 2}}, self.partition_index);
      visitor(FieldInfo{.name = "low_watermark", .versions = {0, 2}}, self.low_watermark);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 2}}, self.error_code);
    }
  };

  struct TopicResult {
    Text name;
    std::vector<PartitionResult> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 2}}, self.name);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 2}}, self.partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResult> topics;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {0, 2}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "topics", .versions = {0, 2}}, self.topics);
  }
};

}  // namespace millrace::wire::kafka

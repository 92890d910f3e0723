// Made by tools/kafka/generate.py from tools/kafka/messages/offset_delete.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct OffsetDeleteResponse {
  static constexpr ApiKey kApiKey = ApiKey::offset_delete;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFlexibleFrom = kNeverFlexible;
  static constexpr std::string_view kName = "OffsetDeleteResponse";

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 0}}, self.partition_index);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 0}}, self.error_code);
    }
  };

  struct Topic {
    Text name;
    std::vector<Partition> partitions;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 0}}, self.name);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 0}}, self.partitions);
    }
  };

  ErrorCode error_code = ErrorCode::none;
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
    visitor(FieldInfo{.name = "error_code", .versions = {0, 0}}, self.error_code);
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {0, 0}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "topics", .versions = {0, 0}}, self.topics);
  }
};

}  // namespace millrace::wire::kafka

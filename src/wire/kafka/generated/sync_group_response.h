// Made by tools/kafka/generate.py from tools/kafka/messages/sync_group.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct SyncGroupResponse {
  static constexpr ApiKey kApiKey = ApiKey::sync_group;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFlexibleFrom = 4;
  static constexpr std::string_view kName = "SyncGroupResponse";

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<Text> protocol_type;
  std::optional<Text> protocol_name;
  bytes::ByteView assignment;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {1, 5}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "error_code", .versions = {0, 5}}, self.error_code);
    visitor(FieldInfo{.name = "protocol_type", .versions = {5, 5}, .nullable = {5, 5}}, self.protocol_type);
    visitor(FieldInfo{.name = "protocol_name", .versions = {5, 5}, .nullable = {5, 5}}, self.protocol_name);
    visitor(FieldInfo{.name = "assignment", .versions = {0, 5}}, self.assignment);
  }
};

}  // namespace millrace::wire::kafka

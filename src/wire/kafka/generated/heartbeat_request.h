// Made by tools/kafka/generate.py from tools/kafka/messages/heartbeat.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct HeartbeatRequest {
  static constexpr ApiKey kApiKey = ApiKey::heartbeat;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFlexibleFrom = 4;
  static constexpr std::string_view kName = "HeartbeatRequest";

  Text group_id;
  std::int32_t generation_id = 0;
  Text member_id;
  std::optional<Text> group_instance_id;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "group_id", .versions = {0, 4}}, self.group_id);
    visitor(FieldInfo{.name = "generation_id", .versions = {0, 4}}, self.generation_id);
    visitor(FieldInfo{.name = "member_id", .versions = {0, 4}}, self.member_id);
    visitor(FieldInfo{.name = "group_instance_id", .versions = {3, 4}, .nullable = {3, 4}}, self.group_instance_id);
  }
};

}  // namespace millrace::wire::kafka

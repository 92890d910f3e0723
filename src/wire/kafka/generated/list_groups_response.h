// Made by tools/kafka/generate.py from tools/kafka/messages/list_groups.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ListGroupsResponse {
  static constexpr ApiKey kApiKey = ApiKey::list_groups;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFlexibleFrom = 3;
  static constexpr std::string_view kName = "ListGroupsResponse";

  struct ListedGroup {
    Text group_id;
    Text protocol_type;
    Text group_state;
    Text group_type;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "group_id", .versions = {0, 5}}, self.group_id);
      visitor(FieldInfo{.name = "protocol_type", .versions = {0, 5}}, self.protocol_type);
      visitor(FieldInfo{.name = "group_state", .versions = {4, 5}}, self.group_state);
      visitor(FieldInfo{.name = "group_type", .versions = {5, 5}}, self.group_type);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<ListedGroup> groups;

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
    visitor(FieldInfo{.name = "groups", .versions = {0, 5}}, self.groups);
  }
};

}  // namespace millrace::wire::kafka

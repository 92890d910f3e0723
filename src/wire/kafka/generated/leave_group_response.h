// Made by tools/kafka/generate.py from tools/kafka/messages/leave_group.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct LeaveGroupResponse {
  static constexpr ApiKey kApiKey = ApiKey::leave_group;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFlexibleFrom = 4;
  static constexpr std::string_view kName = "LeaveGroupResponse";

  struct MemberResponse {
    Text member_id;
    std::optional<Text> group_instance_id;
    ErrorCode error_code = ErrorCode::none;

    static constexpr std::size_t kMinWireSize = 5;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "member_id", .versions = {3, 5}}, self.member_id);
      visitor(FieldInfo{.name = "group_instance_id", .versions = {3, 5}, .nullable = {3, 5}}, self.group_instance_id);
      visitor(FieldInfo{.name = "error_code", .versions = {3, 5}}, self.error_code);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<MemberResponse> members;

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
    visitor(FieldInfo{.name = "members", .versions = {3, 5}}, self.members);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/join_group.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct JoinGroupResponse {
  static constexpr ApiKey kApiKey = ApiKey::join_group;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFlexibleFrom = 6;
  static constexpr std::string_view kName = "JoinGroupResponse";

  struct Member {
    Text member_id;
    std::optional<Text> group_instance_id;
    bytes::ByteView metadata;

    static constexpr std::size_t kMinWireSize = 4;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "member_id", .versions = {0, 9}}, self.member_id);
      visitor(FieldInfo{.name = "group_instance_id", .versions = {5, 9}, .nullable = {5, 9}}, self.group_instance_id);
      visitor(FieldInfo{.name = "metadata", .versions = {0, 9}}, self.metadata);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int32_t generation_id = -1;
  std::optional<Text> protocol_type;
  std::optional<Text> protocol_name;
  Text leader;
  bool skip_assignment = false;
  Text member_id;
  std::vector<Member> members;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {2, 9}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "error_code", .versions = {0, 9}}, self.error_code);
    visitor(FieldInfo{.name = "generation_id", .versions = {0, 9}}, self.generation_id);
    visitor(FieldInfo{.name = "protocol_type", .versions = {7, 9}, .nullable = {7, 9}}, self.protocol_type);
    visitor(FieldInfo{.name = "protocol_name", .versions = {0, 9}, .nullable = {7, 9}}, self.protocol_name);
    visitor(FieldInfo{.name = "leader", .versions = {0, 9}}, self.leader);
    visitor(FieldInfo{.name = "skip_assignment", .versions = {9, 9}}, self.skip_assignment);
    visitor(FieldInfo{.name = "member_id", .versions = {0, 9}}, self.member_id);
    visitor(FieldInfo{.name = "members", .versions = {0, 9}}, self.members);
  }
};

}  // namespace millrace::wire::kafka

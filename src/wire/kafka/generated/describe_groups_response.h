// Made by tools/kafka/generate.py from tools/kafka/messages/describe_groups.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeGroupsResponse {
  static constexpr ApiKey kApiKey = ApiKey::describe_groups;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFlexibleFrom = 5;
  static constexpr std::string_view kName = "DescribeGroupsResponse";

  struct Member {
    Text member_id;
    std::optional<Text> group_instance_id;
    Text client_id;
    Text client_host;
    bytes::ByteView member_metadata;
    bytes::ByteView member_assignment;

    static constexpr std::size_t kMinWireSize = 7;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "member_id", .versions = {0, 6}}, self.member_id);
      visitor(FieldInfo{.name = "group_instance_id", .versions = {4, 6}, .nullable = {4, 6}}, self.group_instance_id);
      visitor(FieldInfo{.name = "client_id", .versions = {0, 6}}, self.client_id);
      visitor(FieldInfo{.name = "client_host", .versions = {0, 6}}, self.client_host);
      visitor(FieldInfo{.name = "member_metadata", .versions = {0, 6}}, self.member_metadata);
      visitor(FieldInfo{.name = "member_assignment", .versions = {0, 6}}, self.member_assignment);
    }
  };

  struct Group {
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;
    Text group_id;
    Text group_state;
    Text protocol_type;
    Text protocol_data;
    std::vector<Member> members;
    std::int32_t authorized_operations = std::numeric_limits<std::int32_t>::min();

    static constexpr std::size_t kMinWireSize = 12;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "error_code", .versions = {0, 6}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {6, 6}, .nullable = {6, 6}}, self.error_message);
      visitor(FieldInfo{.name = "group_id", .versions = {0, 6}}, self.group_id);
      visitor(FieldInfo{.name = "group_state", .versions = {0, 6}}, self.group_state);
      visitor(FieldInfo{.name = "protocol_type", .versions = {0, 6}}, self.protocol_type);
      visitor(FieldInfo{.name = "protocol_data", .versions = {0, 6}}, self.protocol_data);
      visitor(FieldInfo{.name = "members", .versions = {0, 6}}, self.members);
      visitor(FieldInfo{.name = "authorized_operations", .versions = {3, 6}}, self.authorized_operations);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Group> groups;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {1, 6}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "groups", .versions = {0, 6}}, self.groups);
  }
};

}  // namespace millrace::wire::kafka

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

struct JoinGroupRequest {
  static constexpr ApiKey kApiKey = ApiKey::join_group;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFlexibleFrom = 6;
  static constexpr std::string_view kName = "JoinGroupRequest";

  struct Protocol {
    Text name;
    bytes::ByteView metadata;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 9}}, self.name);
      visitor(FieldInfo{.name = "metadata", .versions = {0, 9}}, self.metadata);
    }
  };

  Text group_id;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;
  Text member_id;
  std::optional<Text> group_instance_id;
  Text protocol_type;
  std::vector<Protocol> protocols;
  std::optional<Text> reason;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "group_id", .versions = {0, 9}}, self.group_id);
    visitor(FieldInfo{.name = "session_timeout_ms", .versions = {0, 9}}, self.session_timeout_ms);
    visitor(FieldInfo{.name = "rebalance_timeout_ms", .versions = {1, 9}}, self.rebalance_timeout_ms);
    visitor(FieldInfo{.name = "member_id", .versions = {0, 9}}, self.member_id);
    visitor(FieldInfo{.name = "group_instance_id", .versions = {5, 9}, .nullable = {5, 9}}, self.group_instance_id);
    visitor(FieldInfo{.name = "protocol_type", .versions = {0, 9}}, self.protocol_type);
    visitor(FieldInfo{.name = "protocols", .versions = {0, 9}}, self.protocols);
    visitor(FieldInfo{.name = "reason", .versions = {8, 9}, .nullable = {8, 9}}, self.reason);
  }
};

}  // namespace millrace::wire::kafka

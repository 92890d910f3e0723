// Made by tools/kafka/generate.py from tools/kafka/messages/describe_acls.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeAclsResponse {
  static constexpr ApiKey kApiKey = ApiKey::describe_acls;
  static constexpr std::int16_t kMinVersion = 1;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "DescribeAclsResponse";

  struct Acl {
    Text principal;
    Text host;
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;

    static constexpr std::size_t kMinWireSize = 5;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "principal", .versions = {1, 3}}, self.principal);
      visitor(FieldInfo{.name = "host", .versions = {1, 3}}, self.host);
      visitor(FieldInfo{.name = "operation", .versions = {1, 3}}, self.operation);
      visitor(FieldInfo{.name = "permission_type", .versions = {1, 3}}, self.permission_type);
    }
  };

  struct Resource {
    std::int8_t resource_type = 0;
    Text resource_name;
    std::int8_t pattern_type = 3;
    std::vector<Acl> acls;

    static constexpr std::size_t kMinWireSize = 5;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "resource_type", .versions = {1, 3}}, self.resource_type);
      visitor(FieldInfo{.name = "resource_name", .versions = {1, 3}}, self.resource_name);
      visitor(FieldInfo{.name = "pattern_type", .versions = {1, 3}}, self.pattern_type);
      visitor(FieldInfo{.name = "acls", .versions = {1, 3}}, self.acls);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<Text> error_message;
  std::vector<Resource> resources;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {1, 3}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "error_code", .versions = {1, 3}}, self.error_code);
    visitor(FieldInfo{.name = "error_message", .versions = {1, 3}, .nullable = {1, 3}}, self.error_message);
    visitor(FieldInfo{.name = "resources", .versions = {1, 3}}, self.resources);
  }
};

}  // namespace millrace::wire::kafka

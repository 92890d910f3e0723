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

struct DescribeAclsRequest {
  static constexpr ApiKey kApiKey = ApiKey::describe_acls;
  static constexpr std::int16_t kMinVersion = 1;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "DescribeAclsRequest";

  std::int8_t resource_type_filter = 0;
  std::optional<Text> resource_name_filter;
  std::int8_t pattern_type_filter = 3;
  std::optional<Text> principal_filter;
  std::optional<Text> host_filter;
  std::int8_t operation = 0;
  std::int8_t permission_type = 0;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "resource_type_filter", .versions = {1, 3}}, self.resource_type_filter);
    visitor(FieldInfo{.name = "resource_name_filter", .versions = {1, 3}, .nullable = {1, 3}}, self.resource_name_filter);
    visitor(FieldInfo{.name = "pattern_type_filter", .versions = {1, 3}}, self.pattern_type_filter);
    visitor(FieldInfo{.name = "principal_filter", .versions = {1, 3}, .nullable = {1, 3}}, self.principal_filter);
    visitor(FieldInfo{.name = "host_filter", .versions = {1, 3}, .nullable = {1, 3}}, self.host_filter);
    visitor(FieldInfo{.name = "operation", .versions = {1, 3}}, self.operation);
    visitor(FieldInfo{.name = "permission_type", .versions = {1, 3}}, self.permission_type);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/create_acls.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct CreateAclsRequest {
  static constexpr ApiKey kApiKey = ApiKey::create_acls;
  static constexpr std::int16_t kMinVersion = 1;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "CreateAclsRequest";

  struct Creation {
    std::int8_t resource_type = 0;
    Text resource_name;
    std::int8_t resource_pattern_type = 3;
    Text principal;
    Text host;
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;

    static constexpr std::size_t kMinWireSize = 8;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "resource_type", .versions = {1, 3}}, self.resource_type);
      visitor(FieldInfo{.name = "resource_name", .versions = {1, 3}}, self.resource_name);
      visitor(FieldInfo{.name = "resource_pattern_type", .versions = {1, 3}}, self.resource_pattern_type);
      visitor(FieldInfo{.name = "principal", .versions = {1, 3}}, self.principal);
      visitor(FieldInfo{.name = "host", .versions = {1, 3}}, self.host);
      visitor(FieldInfo{.name = "operation", .versions = {1, 3}}, self.operation);
      visitor(FieldInfo{.name = "permission_type", .versions = {1, 3}}, self.permission_type);
    }
  };

  std::vector<Creation> creations;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "creations", .versions = {1, 3}}, self.creations);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/describe_configs.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeConfigsRequest {
  static constexpr ApiKey kApiKey = ApiKey::describe_configs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFlexibleFrom = 4;
  static constexpr std::string_view kName = "DescribeConfigsRequest";

  struct Resource {
    std::int8_t resource_type = 0;
    Text resource_name;
    std::optional<std::vector<Text>> configuration_keys;

    static constexpr std::size_t kMinWireSize = 4;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "resource_type", .versions = {0, 4}}, self.resource_type);
      visitor(FieldInfo{.name = "resource_name", .versions = {0, 4}}, self.resource_name);
      visitor(FieldInfo{.name = "configuration_keys", .versions = {0, 4}, .nullable = {0, 4}}, self.configuration_keys);
    }
  };

  std::vector<Resource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "resources", .versions = {0, 4}}, self.resources);
    visitor(FieldInfo{.name = "include_synonyms", .versions = {1, 4}}, self.include_synonyms);
    visitor(FieldInfo{.name = "include_documentation", .versions = {3, 4}}, self.include_documentation);
  }
};

}  // namespace millrace::wire::kafka

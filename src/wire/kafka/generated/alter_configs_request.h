// Made by tools/kafka/generate.py from tools/kafka/messages/alter_configs.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct AlterConfigsRequest {
  static constexpr ApiKey kApiKey = ApiKey::alter_configs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "AlterConfigsRequest";

  struct Config {
    Text name;
    std::optional<Text> value;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 2}}, self.name);
      visitor(FieldInfo{.name = "value", .versions = {0, 2}, .nullable = {0, 2}}, self.value);
    }
  };

  struct Resource {
    std::int8_t resource_type = 0;
    Text resource_name;
    std::vector<Config> configs;

    static constexpr std::size_t kMinWireSize = 4;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "resource_type", .versions = {0, 2}}, self.resource_type);
      visitor(FieldInfo{.name = "resource_name", .versions = {0, 2}}, self.resource_name);
      visitor(FieldInfo{.name = "configs", .versions = {0, 2}}, self.configs);
    }
  };

  std::vector<Resource> resources;
  bool validate_only = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "resources", .versions = {0, 2}}, self.resources);
    visitor(FieldInfo{.name = "validate_only", .versions = {0, 2}}, self.validate_only);
  }
};

}  // namespace millrace::wire::kafka

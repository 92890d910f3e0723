// Made by tools/kafka/generate.py from tools/kafka/messages/list_config_resources.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ListConfigResourcesResponse {
  static constexpr ApiKey kApiKey = ApiKey::list_config_resources;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "ListConfigResourcesResponse";

  struct ConfigResource {
    Text resource_name;
    std::int8_t resource_type = 16;

    static constexpr std::size_t kMinWireSize = 2;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "resource_name", .versions = {0, 1}}, self.resource_name);
      visitor(FieldInfo{.name = "resource_type", .versions = {1, 1}}, self.resource_type);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<ConfigResource> config_resources;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {0, 1}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "error_code", .versions = {0, 1}}, self.error_code);
    visitor(FieldInfo{.name = "config_resources", .versions = {0, 1}}, self.config_resources);
  }
};

}  // namespace millrace::wire::kafka

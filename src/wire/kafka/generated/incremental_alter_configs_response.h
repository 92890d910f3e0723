// Made by tools/kafka/generate.py from tools/kafka/messages/incremental_alter_configs.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct IncrementalAlterConfigsResponse {
  static constexpr ApiKey kApiKey = ApiKey::incremental_alter_configs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFlexibleFrom = 1;
  static constexpr std::string_view kName = "IncrementalAlterConfigsResponse";

  struct ResourceResponse {
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;
    std::int8_t resource_type = 0;
    Text resource_name;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "error_code", .versions = {0, 1}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {0, 1}, .nullable = {0, 1}}, self.error_message);
      visitor(FieldInfo{.name = "resource_type", .versions = {0, 1}}, self.resource_type);
      visitor(FieldInfo{.name = "resource_name", .versions = {0, 1}}, self.resource_name);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<ResourceResponse> responses;

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
    visitor(FieldInfo{.name = "responses", .versions = {0, 1}}, self.responses);
  }
};

}  // namespace millrace::wire::kafka

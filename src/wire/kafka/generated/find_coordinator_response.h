// Made by tools/kafka/generate.py from tools/kafka/messages/find_coordinator.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct FindCoordinatorResponse {
  static constexpr ApiKey kApiKey = ApiKey::find_coordinator;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFlexibleFrom = 3;
  static constexpr std::string_view kName = "FindCoordinatorResponse";

  struct Coordinator {
    Text key;
    std::int32_t node_id = 0;
    Text host;
    std::int32_t port = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;

    static constexpr std::size_t kMinWireSize = 14;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "key", .versions = {4, 6}}, self.key);
      visitor(FieldInfo{.name = "node_id", .versions = {4, 6}}, self.node_id);
      visitor(FieldInfo{.name = "host", .versions = {4, 6}}, self.host);
      visitor(FieldInfo{.name = "port", .versions = {4, 6}}, self.port);
      visitor(FieldInfo{.name = "error_code", .versions = {4, 6}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {4, 6}, .nullable = {4, 6}}, self.error_message);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<Text> error_message;
  std::int32_t node_id = 0;
  Text host;
  std::int32_t port = 0;
  std::vector<Coordinator> coordinators;

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
    visitor(FieldInfo{.name = "error_code", .versions = {0, 3}}, self.error_code);
    visitor(FieldInfo{.name = "error_message", .versions = {1, 3}, .nullable = {1, 3}}, self.error_message);
    visitor(FieldInfo{.name = "node_id", .versions = {0, 3}}, self.node_id);
    visitor(FieldInfo{.name = "host", .versions = {0, 3}}, self.host);
    visitor(FieldInfo{.name = "port", .versions = {0, 3}}, self.port);
    visitor(FieldInfo{.name = "coordinators", .versions = {4, 6}}, self.coordinators);
  }
};

}  // namespace millrace::wire::kafka

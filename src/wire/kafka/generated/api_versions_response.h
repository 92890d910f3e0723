// Made by tools/kafka/generate.py from tools/kafka/messages/api_versions.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ApiVersionsResponse {
  static constexpr ApiKey kApiKey = ApiKey::api_versions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFlexibleFrom = 3;
  static constexpr std::string_view kName = "ApiVersionsResponse";

  struct ApiVersion {
    std::int16_t api_key = 0;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "api_key", .versions = {0, 4}}, self.api_key);
      visitor(FieldInfo{.name = "min_version", .versions = {0, 4}}, self.min_version);
      visitor(FieldInfo{.name = "max_version", .versions = {0, 4}}, self.max_version);
    }
  };

  struct SupportedFeatureKey {
    Text name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {3, 4}}, self.name);
      visitor(FieldInfo{.name = "min_version", .versions = {3, 4}}, self.min_version);
      visitor(FieldInfo{.name = "max_version", .versions = {3, 4}}, self.max_version);
    }
  };

  struct FinalizedFeatureKey {
    Text name;
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {3, 4}}, self.name);
      visitor(FieldInfo{.name = "max_version_level", .versions = {3, 4}}, self.max_version_level);
      visitor(FieldInfo{.name = "min_version_level", .versions = {3, 4}}, self.min_version_level);
    }
  };

  ErrorCode error_code = ErrorCode::none;
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeatureKey> supported_features;
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeatureKey> finalized_features;
  bool zk_migration_ready = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "error_code", .versions = {0, 4}}, self.error_code);
    visitor(FieldInfo{.name = "api_keys", .versions = {0, 4}}, self.api_keys);
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {1, 4}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "supported_features", .versions = {3, 4}}, self.supported_features);
    visitor(FieldInfo{.name = "finalized_features_epoch", .versions = {3, 4}}, self.finalized_features_epoch);
    visitor(FieldInfo{.name = "finalized_features", .versions = {3, 4}}, self.finalized_features);
    visitor(FieldInfo{.name = "zk_migration_ready", .versions = {3, 4}}, self.zk_migration_ready);
  }
};

}  // namespace millrace::wire::kafka

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

struct DescribeConfigsResponse {
  static constexpr ApiKey kApiKey = ApiKey::describe_configs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFlexibleFrom = 4;
  static constexpr std::string_view kName = "DescribeConfigsResponse";

  struct Synonym {
    Text name;
    std::optional<Text> value;
    std::int8_t source = 0;

    static constexpr std::size_t kMinWireSize = 4;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {1, 4}}, self.name);
      visitor(FieldInfo{.name = "value", .versions = {1, 4}, .nullable = {1, 4}}, self.value);
      visitor(FieldInfo{.name = "source", .versions = {1, 4}}, self.source);
    }
  };

  struct Config {
    Text name;
    std::optional<Text> value;
    bool read_only = false;
    bool is_default = false;
    std::int8_t config_source = -1;
    bool is_sensitive = false;
    std::vector<Synonym> synonyms;
    std::int8_t config_type = 0;
    std::optional<Text> documentation;

    static constexpr std::size_t kMinWireSize = 7;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 4}}, self.name);
      visitor(FieldInfo{.name = "value", .versions = {0, 4}, .nullable = {0, 4}}, self.value);
      visitor(FieldInfo{.name = "read_only", .versions = {0, 4}}, self.read_only);
      visitor(FieldInfo{.name = "is_default", .versions = {0, 0}}, self.is_default);
      visitor(FieldInfo{.name = "config_source", .versions = {1, 4}}, self.config_source);
      visitor(FieldInfo{.name = "is_sensitive", .versions = {0, 4}}, self.is_sensitive);
      visitor(FieldInfo{.name = "synonyms", .versions = {1, 4}}, self.synonyms);
      visitor(FieldInfo{.name = "config_type", .versions = {3, 4}}, self.config_type);
      visitor(FieldInfo{.name = "documentation", .versions = {3, 4}, .nullable = {3, 4}}, self.documentation);
    }
  };

  struct Result {
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;
    std::int8_t resource_type = 0;
    Text resource_name;
    std::vector<Config> configs;

    static constexpr std::size_t kMinWireSize = 7;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "error_code", .versions = {0, 4}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {0, 4}, .nullable = {0, 4}}, self.error_message);
      visitor(FieldInfo{.name = "resource_type", .versions = {0, 4}}, self.resource_type);
      visitor(FieldInfo{.name = "resource_name", .versions = {0, 4}}, self.resource_name);
      visitor(FieldInfo{.name = "configs", .versions = {0, 4}}, self.configs);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {0, 4}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "results", .versions = {0, 4}}, self.results);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/describe_user_scram_credentials.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeUserScramCredentialsResponse {
  static constexpr ApiKey kApiKey = ApiKey::describe_user_scram_credentials;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "DescribeUserScramCredentialsResponse";

  struct CredentialInfo {
    std::int8_t mechanism = 0;
    std::int32_t iterations = 0;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "mechanism", .versions = {0, 0}}, self.mechanism);
      visitor(FieldInfo{.name = "iterations", .versions = {0, 0}}, self.iterations);
    }
  };

  struct Result {
    Text user;
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;
    std::vector<CredentialInfo> credential_infos;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "user", .versions = {0, 0}}, self.user);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 0}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {0, 0}, .nullable = {0, 0}}, self.error_message);
      visitor(FieldInfo{.name = "credential_infos", .versions = {0, 0}}, self.credential_infos);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<Text> error_message;
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
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {0, 0}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "error_code", .versions = {0, 0}}, self.error_code);
    visitor(FieldInfo{.name = "error_message", .versions = {0, 0}, .nullable = {0, 0}}, self.error_message);
    visitor(FieldInfo{.name = "results", .versions = {0, 0}}, self.results);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/sasl_authenticate.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct SaslAuthenticateResponse {
  static constexpr ApiKey kApiKey = ApiKey::sasl_authenticate;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "SaslAuthenticateResponse";

  ErrorCode error_code = ErrorCode::none;
  std::optional<Text> error_message;
  bytes::ByteView auth_bytes;
  std::int64_t session_lifetime_ms = 0;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "error_code", .versions = {0, 2}}, self.error_code);
    visitor(FieldInfo{.name = "error_message", .versions = {0, 2}, .nullable = {0, 2}}, self.error_message);
    visitor(FieldInfo{.name = "auth_bytes", .versions = {0, 2}, .secret = true}, self.auth_bytes);
    visitor(FieldInfo{.name = "session_lifetime_ms", .versions = {1, 2}}, self.session_lifetime_ms);
  }
};

}  // namespace millrace::wire::kafka

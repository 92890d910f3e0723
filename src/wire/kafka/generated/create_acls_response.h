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

struct CreateAclsResponse {
  static constexpr ApiKey kApiKey = ApiKey::create_acls;
  static constexpr std::int16_t kMinVersion = 1;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "CreateAclsResponse";

  struct Result {
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;

    static constexpr std::size_t kMinWireSize = 4;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "error_code", .versions = {1, 3}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {1, 3}, .nullable = {1, 3}}, self.error_message);
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
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {1, 3}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "results", .versions = {1, 3}}, self.results);
  }
};

}  // namespace millrace::wire::kafka

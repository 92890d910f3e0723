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

struct DescribeUserScramCredentialsRequest {
  static constexpr ApiKey kApiKey = ApiKey::describe_user_scram_credentials;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "DescribeUserScramCredentialsRequest";

  struct UserName {
    Text name;

    static constexpr std::size_t kMinWireSize = 2;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 0}}, self.name);
    }
  };

  std::optional<std::vector<UserName>> users;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "users", .versions = {0, 0}, .nullable = {0, 0}}, self.users);
  }
};

}  // namespace millrace::wire::kafka

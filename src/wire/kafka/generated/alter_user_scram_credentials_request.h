// Made by tools/kafka/generate.py from tools/kafka/messages/alter_user_scram_credentials.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct AlterUserScramCredentialsRequest {
  static constexpr ApiKey kApiKey = ApiKey::alter_user_scram_credentials;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "AlterUserScramCredentialsRequest";

  struct Deletion {
    Text name;
    std::int8_t mechanism = 0;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 0}}, self.name);
      visitor(FieldInfo{.name = "mechanism", .versions = {0, 0}}, self.mechanism);
    }
  };

  struct Upsertion {
    Text name;
    std::int8_t mechanism = 0;
    std::int32_t iterations = 0;
    bytes::ByteView salt;
    bytes::ByteView salted_password;

    static constexpr std::size_t kMinWireSize = 9;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 0}}, self.name);
      visitor(FieldInfo{.name = "mechanism", .versions = {0, 0}}, self.mechanism);
      visitor(FieldInfo{.name = "iterations", .versions = {0, 0}}, self.iterations);
      visitor(FieldInfo{.name = "salt", .versions = {0, 0}, .secret = true}, self.salt);
      visitor(FieldInfo{.name = "salted_password", .versions = {0, 0}, .secret = true}, self.salted_password);
    }
  };

  std::vector<Deletion> deletions;
  std::vector<Upsertion> upsertions;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "deletions", .versions = {0, 0}}, self.deletions);
    visitor(FieldInfo{.name = "upsertions", .versions = {0, 0}}, self.upsertions);
  }
};

}  // namespace millrace::wire::kafka

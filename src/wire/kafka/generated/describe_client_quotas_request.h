// Made by tools/kafka/generate.py from tools/kafka/messages/describe_client_quotas.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeClientQuotasRequest {
  static constexpr ApiKey kApiKey = ApiKey::describe_client_quotas;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFlexibleFrom = 1;
  static constexpr std::string_view kName = "DescribeClientQuotasRequest";

  struct Component {
    Text entity_type;
    std::int8_t match_type = 0;
    std::optional<Text> match;

    static constexpr std::size_t kMinWireSize = 4;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "entity_type", .versions = {0, 1}}, self.entity_type);
      visitor(FieldInfo{.name = "match_type", .versions = {0, 1}}, self.match_type);
      visitor(FieldInfo{.name = "match", .versions = {0, 1}, .nullable = {0, 1}}, self.match);
    }
  };

  std::vector<Component> components;
  bool strict = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "components", .versions = {0, 1}}, self.components);
    visitor(FieldInfo{.name = "strict", .versions = {0, 1}}, self.strict);
  }
};

}  // namespace millrace::wire::kafka

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

struct ApiVersionsRequest {
  static constexpr ApiKey kApiKey = ApiKey::api_versions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFlexibleFrom = 3;
  static constexpr std::string_view kName = "ApiVersionsRequest";

  Text client_software_name;
  Text client_software_version;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "client_software_name", .versions = {3, 4}}, self.client_software_name);
    visitor(FieldInfo{.name = "client_software_version", .versions = {3, 4}}, self.client_software_version);
  }
};

}  // namespace millrace::wire::kafka

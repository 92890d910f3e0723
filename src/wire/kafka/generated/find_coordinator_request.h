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

struct FindCoordinatorRequest {
  static constexpr ApiKey kApiKey = ApiKey::find_coordinator;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFlexibleFrom = 3;
  static constexpr std::string_view kName = "FindCoordinatorRequest";

  Text key;
  std::int8_t key_type = 0;
  std::vector<Text> coordinator_keys;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "key", .versions = {0, 3}}, self.key);
    visitor(FieldInfo{.name = "key_type", .versions = {1, 6}}, self.key_type);
    visitor(FieldInfo{.name = "coordinator_keys", .versions = {4, 6}}, self.coordinator_keys);
  }
};

}  // namespace millrace::wire::kafka

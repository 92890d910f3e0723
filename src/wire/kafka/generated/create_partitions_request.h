// Made by tools/kafka/generate.py from tools/kafka/messages/create_partitions.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct CreatePartitionsRequest {
  static constexpr ApiKey kApiKey = ApiKey::create_partitions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "CreatePartitionsRequest";

  struct Assignment {
    std::vector<std::int32_t> broker_ids;

    static constexpr std::size_t kMinWireSize = 2;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "broker_ids", .versions = {0, 3}}, self.broker_ids);
    }
  };

  struct Topic {
    Text name;
    std::int32_t count = 0;
    std::optional<std::vector<Assignment>> assignments;

    static constexpr std::size_t kMinWireSize = 7;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 3}}, self.name);
      visitor(FieldInfo{.name = "count", .versions = {0, 3}}, self.count);
      visitor(FieldInfo{.name = "assignments", .versions = {0, 3}, .nullable = {0, 3}}, self.assignments);
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "topics", .versions = {0, 3}}, self.topics);
    visitor(FieldInfo{.name = "timeout_ms", .versions = {0, 3}}, self.timeout_ms);
    visitor(FieldInfo{.name = "validate_only", .versions = {0, 3}}, self.validate_only);
  }
};

}  // namespace millrace::wire::kafka

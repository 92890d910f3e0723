// Made by tools/kafka/generate.py from tools/kafka/messages/metadata.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct MetadataRequest {
  static constexpr ApiKey kApiKey = ApiKey::metadata;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 13;
  static constexpr std::int16_t kFlexibleFrom = 9;
  static constexpr std::string_view kName = "MetadataRequest";

  struct Topic {
    Uuid topic_id;
    std::optional<Text> name;

    static constexpr std::size_t kMinWireSize = 2;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic_id", .versions = {10, 13}}, self.topic_id);
      visitor(FieldInfo{.name = "name", .versions = {0, 13}, .nullable = {10, 13}}, self.name);
    }
  };

  std::optional<std::vector<Topic>> topics = std::vector<Topic>{};
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "topics", .versions = {0, 13}, .nullable = {1, 13}}, self.topics);
    visitor(FieldInfo{.name = "allow_auto_topic_creation", .versions = {4, 13}}, self.allow_auto_topic_creation);
    visitor(FieldInfo{.name = "include_cluster_authorized_operations", .versions = {8, 10}}, self.include_cluster_authorized_operations);
    visitor(FieldInfo{.name = "include_topic_authorized_operations", .versions = {8, 13}}, self.include_topic_authorized_operations);
  }
};

}  // namespace millrace::wire::kafka

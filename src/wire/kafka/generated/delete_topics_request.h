// Made by tools/kafka/generate.py from tools/kafka/messages/delete_topics.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DeleteTopicsRequest {
  static constexpr ApiKey kApiKey = ApiKey::delete_topics;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFlexibleFrom = 4;
  static constexpr std::string_view kName = "DeleteTopicsRequest";

  struct TopicState {
    std::optional<Text> name;
    Uuid topic_id;

    static constexpr std::size_t kMinWireSize = 18;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {6, 6}, .nullable = {6, 6}}, self.name);
      visitor(FieldInfo{.name = "topic_id", .versions = {6, 6}}, self.topic_id);
    }
  };

  std::vector<TopicState> topics;
  std::vector<Text> topic_names;
  std::int32_t timeout_ms = 0;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "topics", .versions = {6, 6}}, self.topics);
    visitor(FieldInfo{.name = "topic_names", .versions = {0, 5}}, self.topic_names);
    visitor(FieldInfo{.name = "timeout_ms", .versions = {0, 6}}, self.timeout_ms);
  }
};

}  // namespace millrace::wire::kafka

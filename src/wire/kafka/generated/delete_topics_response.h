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

struct DeleteTopicsResponse {
  static constexpr ApiKey kApiKey = ApiKey::delete_topics;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFlexibleFrom = 4;
  static constexpr std::string_view kName = "DeleteTopicsResponse";

  struct TopicResult {
    std::optional<Text> name;
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;

    static constexpr std::size_t kMinWireSize = 4;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 6}, .nullable = {6, 6}}, self.name);
      visitor(FieldInfo{.name = "topic_id", .versions = {6, 6}}, self.topic_id);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 6}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {5, 6}, .nullable = {5, 6}}, self.error_message);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResult> responses;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {1, 6}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "responses", .versions = {0, 6}}, self.responses);
  }
};

}  // namespace millrace::wire::kafka

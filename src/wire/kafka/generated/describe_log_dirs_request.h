// Made by tools/kafka/generate.py from tools/kafka/messages/describe_log_dirs.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeLogDirsRequest {
  static constexpr ApiKey kApiKey = ApiKey::describe_log_dirs;
  static constexpr std::int16_t kMinVersion = 1;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "DescribeLogDirsRequest";

  struct Topic {
    Text topic;
    std::vector<std::int32_t> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic", .versions = {1, 5}}, self.topic);
      visitor(FieldInfo{.name = "partitions", .versions = {1, 5}}, self.partitions);
    }
  };

  std::optional<std::vector<Topic>> topics = std::vector<Topic>{};

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "topics", .versions = {1, 5}, .nullable = {1, 5}}, self.topics);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/consumer_protocol_assignment.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ConsumerProtocolAssignment {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFlexibleFrom = kNeverFlexible;
  static constexpr std::string_view kName = "ConsumerProtocolAssignment";

  struct TopicPartition {
    Text topic;
    std::vector<std::int32_t> partitions;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic", .versions = {0, 3}}, self.topic);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 3}}, self.partitions);
    }
  };

  std::vector<TopicPartition> assigned_partitions;
  std::optional<bytes::ByteView> user_data;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "assigned_partitions", .versions = {0, 3}}, self.assigned_partitions);
    visitor(FieldInfo{.name = "user_data", .versions = {0, 3}, .nullable = {0, 3}}, self.user_data);
  }
};

}  // namespace millrace::wire::kafka

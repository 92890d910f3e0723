// Made by tools/kafka/generate.py from tools/kafka/messages/consumer_protocol_subscription.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ConsumerProtocolSubscription {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFlexibleFrom = kNeverFlexible;
  static constexpr std::string_view kName = "ConsumerProtocolSubscription";

  struct TopicPartition {
    Text topic;
    std::vector<std::int32_t> partitions;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic", .versions = {1, 3}}, self.topic);
      visitor(FieldInfo{.name = "partitions", .versions = {1, 3}}, self.partitions);
    }
  };

  std::vector<Text> topics;
  std::optional<bytes::ByteView> user_data;
  std::vector<TopicPartition> owned_partitions;
  std::int32_t generation_id = -1;
  std::optional<Text> rack_id;

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
    visitor(FieldInfo{.name = "user_data", .versions = {0, 3}, .nullable = {0, 3}}, self.user_data);
    visitor(FieldInfo{.name = "owned_partitions", .versions = {1, 3}}, self.owned_partitions);
    visitor(FieldInfo{.name = "generation_id", .versions = {2, 3}}, self.generation_id);
    visitor(FieldInfo{.name = "rack_id", .versions = {3, 3}, .nullable = {3, 3}}, self.rack_id);
  }
};

}  // namespace millrace::wire::kafka

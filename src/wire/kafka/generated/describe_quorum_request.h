// Made by tools/kafka/generate.py from tools/kafka/messages/describe_quorum.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeQuorumRequest {
  static constexpr ApiKey kApiKey = ApiKey::describe_quorum;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "DescribeQuorumRequest";

  struct Partition {
    std::int32_t partition_index = 0;

    static constexpr std::size_t kMinWireSize = 5;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 2}}, self.partition_index);
    }
  };

  struct Topic {
    Text topic_name;
    std::vector<Partition> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic_name", .versions = {0, 2}}, self.topic_name);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 2}}, self.partitions);
    }
  };

  std::vector<Topic> topics;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "topics", .versions = {0, 2}}, self.topics);
  }
};

}  // namespace millrace::wire::kafka

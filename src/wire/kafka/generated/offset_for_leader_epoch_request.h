// Made by tools/kafka/generate.py from tools/kafka/messages/offset_for_leader_epoch.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct OffsetForLeaderEpochRequest {
  static constexpr ApiKey kApiKey = ApiKey::offset_for_leader_epoch;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFlexibleFrom = 4;
  static constexpr std::string_view kName = "OffsetForLeaderEpochRequest";

  struct Partition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int32_t leader_epoch = 0;

    static constexpr std::size_t kMinWireSize = 8;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition", .versions = {0, 4}}, self.partition);
      visitor(FieldInfo{.name = "current_leader_epoch", .versions = {2, 4}}, self.current_leader_epoch);
      visitor(FieldInfo{.name = "leader_epoch", .versions = {0, 4}}, self.leader_epoch);
    }
  };

  struct Topic {
    Text topic;
    std::vector<Partition> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic", .versions = {0, 4}}, self.topic);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 4}}, self.partitions);
    }
  };

  std::int32_t replica_id = -2;
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
    visitor(FieldInfo{.name = "replica_id", .versions = {3, 4}}, self.replica_id);
    visitor(FieldInfo{.name = "topics", .versions = {0, 4}}, self.topics);
  }
};

}  // namespace millrace::wire::kafka

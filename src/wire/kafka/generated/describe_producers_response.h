// Made by tools/kafka/generate.py from tools/kafka/messages/describe_producers.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeProducersResponse {
  static constexpr ApiKey kApiKey = ApiKey::describe_producers;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "DescribeProducersResponse";

  struct Producer {
    std::int64_t producer_id = 0;
    std::int32_t producer_epoch = 0;
    std::int32_t last_sequence = -1;
    std::int64_t last_timestamp = -1;
    std::int32_t coordinator_epoch = 0;
    std::int64_t current_txn_start_offset = -1;

    static constexpr std::size_t kMinWireSize = 37;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "producer_id", .versions = {0, 0}}, self.producer_id);
      visitor(FieldInfo{.name = "producer_epoch", .versions = {0, 0}}, self.producer_epoch);
      visitor(FieldInfo{.name = "last_sequence", .versions = {0, 0}}, self.last_sequence);
      visitor(FieldInfo{.name = "last_timestamp", .versions = {0, 0}}, self.last_timestamp);
      visitor(FieldInfo{.name = "coordinator_epoch", .versions = {0, 0}}, self.coordinator_epoch);
      visitor(FieldInfo{.name = "current_txn_start_offset", .versions = {0, 0}}, self.current_txn_start_offset);
    }
  };

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;
    std::vector<Producer> active_producers;

    static constexpr std::size_t kMinWireSize = 9;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 0}}, self.partition_index);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 0}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {0, 0}, .nullable = {0, 0}}, self.error_message);
      visitor(FieldInfo{.name = "active_producers", .versions = {0, 0}}, self.active_producers);
    }
  };

  struct Topic {
    Text name;
    std::vector<Partition> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 0}}, self.name);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 0}}, self.partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
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
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {0, 0}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "topics", .versions = {0, 0}}, self.topics);
  }
};

}  // namespace millrace::wire::kafka

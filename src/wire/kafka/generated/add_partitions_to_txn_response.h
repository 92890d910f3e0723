// Made by tools/kafka/generate.py from tools/kafka/messages/add_partitions_to_txn.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct AddPartitionsToTxnResponse {
  static constexpr ApiKey kApiKey = ApiKey::add_partitions_to_txn;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFlexibleFrom = 3;
  static constexpr std::string_view kName = "AddPartitionsToTxnResponse";

  struct PartitionResult {
    std::int32_t partition_index = 0;
    ErrorCode partition_error_code = ErrorCode::none;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {0, 5}}, self.partition_index);
      visitor(FieldInfo{.name = "partition_error_code", .versions = {0, 5}}, self.partition_error_code);
    }
  };

  struct TopicResult {
    Text name;
    std::vector<PartitionResult> results_by_partition;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 5}}, self.name);
      visitor(FieldInfo{.name = "results_by_partition", .versions = {0, 5}}, self.results_by_partition);
    }
  };

  struct Result {
    Text transactional_id;
    std::vector<TopicResult> topic_results;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "transactional_id", .versions = {4, 5}}, self.transactional_id);
      visitor(FieldInfo{.name = "topic_results", .versions = {4, 5}}, self.topic_results);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<Result> results_by_transaction;
  std::vector<TopicResult> results_by_topic_v3_and_below;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {0, 5}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "error_code", .versions = {4, 5}}, self.error_code);
    visitor(FieldInfo{.name = "results_by_transaction", .versions = {4, 5}}, self.results_by_transaction);
    visitor(FieldInfo{.name = "results_by_topic_v3_and_below", .versions = {0, 3}}, self.results_by_topic_v3_and_below);
  }
};

}  // namespace millrace::wire::kafka

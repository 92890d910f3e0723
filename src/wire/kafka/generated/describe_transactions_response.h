// Made by tools/kafka/generate.py from tools/kafka/messages/describe_transactions.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeTransactionsResponse {
  static constexpr ApiKey kApiKey = ApiKey::describe_transactions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "DescribeTransactionsResponse";

  struct Topic {
    Text topic;
    std::vector<std::int32_t> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic", .versions = {0, 0}}, self.topic);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 0}}, self.partitions);
    }
  };

  struct State {
    ErrorCode error_code = ErrorCode::none;
    Text transactional_id;
    Text transaction_state;
    std::int32_t transaction_timeout_ms = 0;
    std::int64_t transaction_start_time_ms = 0;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::vector<Topic> topics;

    static constexpr std::size_t kMinWireSize = 28;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "error_code", .versions = {0, 0}}, self.error_code);
      visitor(FieldInfo{.name = "transactional_id", .versions = {0, 0}}, self.transactional_id);
      visitor(FieldInfo{.name = "transaction_state", .versions = {0, 0}}, self.transaction_state);
      visitor(FieldInfo{.name = "transaction_timeout_ms", .versions = {0, 0}}, self.transaction_timeout_ms);
      visitor(FieldInfo{.name = "transaction_start_time_ms", .versions = {0, 0}}, self.transaction_start_time_ms);
      visitor(FieldInfo{.name = "producer_id", .versions = {0, 0}}, self.producer_id);
      visitor(FieldInfo{.name = "producer_epoch", .versions = {0, 0}}, self.producer_epoch);
      visitor(FieldInfo{.name = "topics", .versions = {0, 0}}, self.topics);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<State> transaction_states;

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
    visitor(FieldInfo{.name = "transaction_states", .versions = {0, 0}}, self.transaction_states);
  }
};

}  // namespace millrace::wire::kafka

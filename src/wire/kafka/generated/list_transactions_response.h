// Made by tools/kafka/generate.py from tools/kafka/messages/list_transactions.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ListTransactionsResponse {
  static constexpr ApiKey kApiKey = ApiKey::list_transactions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "ListTransactionsResponse";

  struct State {
    Text transactional_id;
    std::int64_t producer_id = 0;
    Text transaction_state;

    static constexpr std::size_t kMinWireSize = 11;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "transactional_id", .versions = {0, 2}}, self.transactional_id);
      visitor(FieldInfo{.name = "producer_id", .versions = {0, 2}}, self.producer_id);
      visitor(FieldInfo{.name = "transaction_state", .versions = {0, 2}}, self.transaction_state);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<Text> unknown_state_filters;
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
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {0, 2}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "error_code", .versions = {0, 2}}, self.error_code);
    visitor(FieldInfo{.name = "unknown_state_filters", .versions = {0, 2}}, self.unknown_state_filters);
    visitor(FieldInfo{.name = "transaction_states", .versions = {0, 2}}, self.transaction_states);
  }
};

}  // namespace millrace::wire::kafka

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

struct ListTransactionsRequest {
  static constexpr ApiKey kApiKey = ApiKey::list_transactions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "ListTransactionsRequest";

  std::vector<Text> state_filters;
  std::vector<std::int64_t> producer_id_filters;
  std::int64_t duration_filter = -1;
  std::optional<Text> transactional_id_pattern;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "state_filters", .versions = {0, 2}}, self.state_filters);
    visitor(FieldInfo{.name = "producer_id_filters", .versions = {0, 2}}, self.producer_id_filters);
    visitor(FieldInfo{.name = "duration_filter", .versions = {1, 2}}, self.duration_filter);
    visitor(FieldInfo{.name = "transactional_id_pattern", .versions = {2, 2}, .nullable = {2, 2}}, self.transactional_id_pattern);
  }
};

}  // namespace millrace::wire::kafka

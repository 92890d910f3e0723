// Made by tools/kafka/generate.py from tools/kafka/messages/init_producer_id.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct InitProducerIdRequest {
  static constexpr ApiKey kApiKey = ApiKey::init_producer_id;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "InitProducerIdRequest";

  std::optional<Text> transactional_id;
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  bool enable_2pc = false;
  bool keep_prepared_txn = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "transactional_id", .versions = {0, 6}, .nullable = {0, 6}}, self.transactional_id);
    visitor(FieldInfo{.name = "transaction_timeout_ms", .versions = {0, 6}}, self.transaction_timeout_ms);
    visitor(FieldInfo{.name = "producer_id", .versions = {3, 6}}, self.producer_id);
    visitor(FieldInfo{.name = "producer_epoch", .versions = {3, 6}}, self.producer_epoch);
    visitor(FieldInfo{.name = "enable_2pc", .versions = {6, 6}}, self.enable_2pc);
    visitor(FieldInfo{.name = "keep_prepared_txn", .versions = {6, 6}}, self.keep_prepared_txn);
  }
};

}  // namespace millrace::wire::kafka

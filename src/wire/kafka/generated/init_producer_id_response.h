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

struct InitProducerIdResponse {
  static constexpr ApiKey kApiKey = ApiKey::init_producer_id;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "InitProducerIdResponse";

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;
  std::int64_t ongoing_txn_producer_id = -1;
  std::int16_t ongoing_txn_producer_epoch = -1;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {0, 6}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "error_code", .versions = {0, 6}}, self.error_code);
    visitor(FieldInfo{.name = "producer_id", .versions = {0, 6}}, self.producer_id);
    visitor(FieldInfo{.name = "producer_epoch", .versions = {0, 6}}, self.producer_epoch);
    visitor(FieldInfo{.name = "ongoing_txn_producer_id", .versions = {6, 6}}, self.ongoing_txn_producer_id);
    visitor(FieldInfo{.name = "ongoing_txn_producer_epoch", .versions = {6, 6}}, self.ongoing_txn_producer_epoch);
  }
};

}  // namespace millrace::wire::kafka

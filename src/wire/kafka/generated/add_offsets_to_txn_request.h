// Made by tools/kafka/generate.py from tools/kafka/messages/add_offsets_to_txn.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct AddOffsetsToTxnRequest {
  static constexpr ApiKey kApiKey = ApiKey::add_offsets_to_txn;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFlexibleFrom = 3;
  static constexpr std::string_view kName = "AddOffsetsToTxnRequest";

  Text transactional_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  Text group_id;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "transactional_id", .versions = {0, 4}}, self.transactional_id);
    visitor(FieldInfo{.name = "producer_id", .versions = {0, 4}}, self.producer_id);
    visitor(FieldInfo{.name = "producer_epoch", .versions = {0, 4}}, self.producer_epoch);
    visitor(FieldInfo{.name = "group_id", .versions = {0, 4}}, self.group_id);
  }
};

}  // namespace millrace::wire::kafka

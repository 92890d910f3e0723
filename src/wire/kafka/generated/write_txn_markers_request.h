// Made by tools/kafka/generate.py from tools/kafka/messages/write_txn_markers.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct WriteTxnMarkersRequest {
  static constexpr ApiKey kApiKey = ApiKey::write_txn_markers;
  static constexpr std::int16_t kMinVersion = 1;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 1;
  static constexpr std::string_view kName = "WriteTxnMarkersRequest";

  struct Topic {
    Text name;
    std::vector<std::int32_t> partition_indexes;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {1, 2}}, self.name);
      visitor(FieldInfo{.name = "partition_indexes", .versions = {1, 2}}, self.partition_indexes);
    }
  };

  struct Marker {
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool transaction_result = false;
    std::vector<Topic> topics;
    std::int32_t coordinator_epoch = 0;
    std::int8_t transaction_version = 0;

    static constexpr std::size_t kMinWireSize = 17;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "producer_id", .versions = {1, 2}}, self.producer_id);
      visitor(FieldInfo{.name = "producer_epoch", .versions = {1, 2}}, self.producer_epoch);
      visitor(FieldInfo{.name = "transaction_result", .versions = {1, 2}}, self.transaction_result);
      visitor(FieldInfo{.name = "topics", .versions = {1, 2}}, self.topics);
      visitor(FieldInfo{.name = "coordinator_epoch", .versions = {1, 2}}, self.coordinator_epoch);
      visitor(FieldInfo{.name = "transaction_version", .versions = {2, 2}}, self.transaction_version);
    }
  };

  std::vector<Marker> markers;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "markers", .versions = {1, 2}}, self.markers);
  }
};

}  // namespace millrace::wire::kafka

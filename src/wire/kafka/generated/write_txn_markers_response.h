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

struct WriteTxnMarkersResponse {
  static constexpr ApiKey kApiKey = ApiKey::write_txn_markers;
  static constexpr std::int16_t kMinVersion = 1;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 1;
  static constexpr std::string_view kName = "WriteTxnMarkersResponse";

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;

    static constexpr std::size_t kMinWireSize = 7;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {1, 2}}, self.partition_index);
      visitor(FieldInfo{.name = "error_code", .versions = {1, 2}}, self.error_code);
    }
  };

  struct TopicResult {
    Text name;
    std::vector<Partition> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {1, 2}}, self.name);
      visitor(FieldInfo{.name = "partitions", .versions = {1, 2}}, self.partitions);
    }
  };

  struct Result {
    std::int64_t producer_id = 0;
    std::vector<TopicResult> topics;

    static constexpr std::size_t kMinWireSize = 10;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "producer_id", .versions = {1, 2}}, self.producer_id);
      visitor(FieldInfo{.name = "topics", .versions = {1, 2}}, self.topics);
    }
  };

  std::vector<Result> markers;

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

// Made by tools/kafka/generate.py from tools/kafka/messages/produce.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ProduceRequest {
  static constexpr ApiKey kApiKey = ApiKey::produce;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 13;
  static constexpr std::int16_t kFlexibleFrom = 9;
  static constexpr std::string_view kName = "ProduceRequest";

  struct PartitionData {
    std::int32_t index = 0;
    std::optional<Records> records;

    static constexpr std::size_t kMinWireSize = 6;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "index", .versions = {0, 13}}, self.index);
      visitor(FieldInfo{.name = "records", .versions = {0, 13}, .nullable = {0, 13}}, self.records);
    }
  };

  struct TopicData {
    Text name;
    Uuid topic_id;
    std::vector<PartitionData> partition_data;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 12}}, self.name);
      visitor(FieldInfo{.name = "topic_id", .versions = {13, 13}}, self.topic_id);
      visitor(FieldInfo{.name = "partition_data", .versions = {0, 13}}, self.partition_data);
    }
  };

  std::optional<Text> transactional_id;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<TopicData> topic_data;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version, std::vector<RecordSplice>* splices = nullptr) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "transactional_id", .versions = {3, 13}, .nullable = {3, 13}}, self.transactional_id);
    visitor(FieldInfo{.name = "acks", .versions = {0, 13}}, self.acks);
    visitor(FieldInfo{.name = "timeout_ms", .versions = {0, 13}}, self.timeout_ms);
    visitor(FieldInfo{.name = "topic_data", .versions = {0, 13}}, self.topic_data);
  }
};

}  // namespace millrace::wire::kafka

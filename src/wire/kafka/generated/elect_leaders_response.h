// Made by tools/kafka/generate.py from tools/kafka/messages/elect_leaders.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct ElectLeadersResponse {
  static constexpr ApiKey kApiKey = ApiKey::elect_leaders;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "ElectLeadersResponse";

  struct PartitionResult {
    std::int32_t partition_id = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<Text> error_message;

    static constexpr std::size_t kMinWireSize = 8;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_id", .versions = {0, 2}}, self.partition_id);
      visitor(FieldInfo{.name = "error_code", .versions = {0, 2}}, self.error_code);
      visitor(FieldInfo{.name = "error_message", .versions = {0, 2}, .nullable = {0, 2}}, self.error_message);
    }
  };

  struct Result {
    Text topic;
    std::vector<PartitionResult> partition_result;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "topic", .versions = {0, 2}}, self.topic);
      visitor(FieldInfo{.name = "partition_result", .versions = {0, 2}}, self.partition_result);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<Result> replica_election_results;

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
    visitor(FieldInfo{.name = "error_code", .versions = {1, 2}}, self.error_code);
    visitor(FieldInfo{.name = "replica_election_results", .versions = {0, 2}}, self.replica_election_results);
  }
};

}  // namespace millrace::wire::kafka

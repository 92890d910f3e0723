// Made by tools/kafka/generate.py from tools/kafka/messages/describe_log_dirs.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeLogDirsResponse {
  static constexpr ApiKey kApiKey = ApiKey::describe_log_dirs;
  static constexpr std::int16_t kMinVersion = 1;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFlexibleFrom = 2;
  static constexpr std::string_view kName = "DescribeLogDirsResponse";

  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t partition_size = 0;
    std::int64_t offset_lag = 0;
    bool is_future_key = false;

    static constexpr std::size_t kMinWireSize = 21;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "partition_index", .versions = {1, 5}}, self.partition_index);
      visitor(FieldInfo{.name = "partition_size", .versions = {1, 5}}, self.partition_size);
      visitor(FieldInfo{.name = "offset_lag", .versions = {1, 5}}, self.offset_lag);
      visitor(FieldInfo{.name = "is_future_key", .versions = {1, 5}}, self.is_future_key);
    }
  };

  struct Topic {
    Text name;
    std::vector<Partition> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {1, 5}}, self.name);
      visitor(FieldInfo{.name = "partitions", .versions = {1, 5}}, self.partitions);
    }
  };

  struct Result {
    ErrorCode error_code = ErrorCode::none;
    Text log_dir;
    std::vector<Topic> topics;
    std::int64_t total_bytes = -1;
    std::int64_t usable_bytes = -1;
    bool is_cordoned = false;

    static constexpr std::size_t kMinWireSize = 5;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "error_code", .versions = {1, 5}}, self.error_code);
      visitor(FieldInfo{.name = "log_dir", .versions = {1, 5}}, self.log_dir);
      visitor(FieldInfo{.name = "topics", .versions = {1, 5}}, self.topics);
      visitor(FieldInfo{.name = "total_bytes", .versions = {4, 5}}, self.total_bytes);
      visitor(FieldInfo{.name = "usable_bytes", .versions = {4, 5}}, self.usable_bytes);
      visitor(FieldInfo{.name = "is_cordoned", .versions = {5, 5}}, self.is_cordoned);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<Result> results;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "throttle_time_ms", .versions = {1, 5}}, self.throttle_time_ms);
    visitor(FieldInfo{.name = "error_code", .versions = {3, 5}}, self.error_code);
    visitor(FieldInfo{.name = "results", .versions = {1, 5}}, self.results);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/describe_cluster.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct DescribeClusterResponse {
  static constexpr ApiKey kApiKey = ApiKey::describe_cluster;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "DescribeClusterResponse";

  struct Broker {
    std::int32_t broker_id = 0;
    Text host;
    std::int32_t port = 0;
    std::optional<Text> rack;
    bool is_fenced = false;

    static constexpr std::size_t kMinWireSize = 11;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "broker_id", .versions = {0, 2}}, self.broker_id);
      visitor(FieldInfo{.name = "host", .versions = {0, 2}}, self.host);
      visitor(FieldInfo{.name = "port", .versions = {0, 2}}, self.port);
      visitor(FieldInfo{.name = "rack", .versions = {0, 2}, .nullable = {0, 2}}, self.rack);
      visitor(FieldInfo{.name = "is_fenced", .versions = {2, 2}}, self.is_fenced);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<Text> error_message;
  std::int8_t endpoint_type = 1;
  Text cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Broker> brokers;
  std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();

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
    visitor(FieldInfo{.name = "error_message", .versions = {0, 2}, .nullable = {0, 2}}, self.error_message);
    visitor(FieldInfo{.name = "endpoint_type", .versions = {1, 2}}, self.endpoint_type);
    visitor(FieldInfo{.name = "cluster_id", .versions = {0, 2}}, self.cluster_id);
    visitor(FieldInfo{.name = "controller_id", .versions = {0, 2}}, self.controller_id);
    visitor(FieldInfo{.name = "brokers", .versions = {0, 2}}, self.brokers);
    visitor(FieldInfo{.name = "cluster_authorized_operations", .versions = {0, 2}}, self.cluster_authorized_operations);
  }
};

}  // namespace millrace::wire::kafka

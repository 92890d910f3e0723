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

struct DescribeClusterRequest {
  static constexpr ApiKey kApiKey = ApiKey::describe_cluster;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFlexibleFrom = 0;
  static constexpr std::string_view kName = "DescribeClusterRequest";

  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;
  bool include_fenced_brokers = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "include_cluster_authorized_operations", .versions = {0, 2}}, self.include_cluster_authorized_operations);
    visitor(FieldInfo{.name = "endpoint_type", .versions = {1, 2}}, self.endpoint_type);
    visitor(FieldInfo{.name = "include_fenced_brokers", .versions = {2, 2}}, self.include_fenced_brokers);
  }
};

}  // namespace millrace::wire::kafka

// Made by tools/kafka/generate.py from tools/kafka/messages/alter_client_quotas.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct AlterClientQuotasRequest {
  static constexpr ApiKey kApiKey = ApiKey::alter_client_quotas;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFlexibleFrom = 1;
  static constexpr std::string_view kName = "AlterClientQuotasRequest";

  struct Entity {
    Text entity_type;
    std::optional<Text> entity_name;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "entity_type", .versions = {0, 1}}, self.entity_type);
      visitor(FieldInfo{.name = "entity_name", .versions = {0, 1}, .nullable = {0, 1}}, self.entity_name);
    }
  };

  struct Op {
    Text key;
    double value = 0;
    bool remove = false;

    static constexpr std::size_t kMinWireSize = 11;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "key", .versions = {0, 1}}, self.key);
      visitor(FieldInfo{.name = "value", .versions = {0, 1}}, self.value);
      visitor(FieldInfo{.name = "remove", .versions = {0, 1}}, self.remove);
    }
  };

  struct Entry {
    std::vector<Entity> entity;
    std::vector<Op> ops;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "entity", .versions = {0, 1}}, self.entity);
      visitor(FieldInfo{.name = "ops", .versions = {0, 1}}, self.ops);
    }
  };

  std::vector<Entry> entries;
  bool validate_only = false;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "entries", .versions = {0, 1}}, self.entries);
    visitor(FieldInfo{.name = "validate_only", .versions = {0, 1}}, self.validate_only);
  }
};

}  // namespace millrace::wire::kafka

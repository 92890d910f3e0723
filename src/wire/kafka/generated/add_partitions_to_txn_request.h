// Made by tools/kafka/generate.py from tools/kafka/messages/add_partitions_to_txn.txt; change that and run it again.

// clang-format off
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

struct AddPartitionsToTxnRequest {
  static constexpr ApiKey kApiKey = ApiKey::add_partitions_to_txn;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFlexibleFrom = 3;
  static constexpr std::string_view kName = "AddPartitionsToTxnRequest";

  struct Topic {
    Text name;
    std::vector<std::int32_t> partitions;

    static constexpr std::size_t kMinWireSize = 3;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "name", .versions = {0, 5}}, self.name);
      visitor(FieldInfo{.name = "partitions", .versions = {0, 5}}, self.partitions);
    }
  };

  struct Transaction {
    Text transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool verify_only = false;
    std::vector<Topic> topics;

    static constexpr std::size_t kMinWireSize = 14;
    void decode_fields(Decoder& in);
    void encode_fields(Encoder& out) const;
    template <class Self, class Visitor>
    static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
      visitor(FieldInfo{.name = "transactional_id", .versions = {4, 5}}, self.transactional_id);
      visitor(FieldInfo{.name = "producer_id", .versions = {4, 5}}, self.producer_id);
      visitor(FieldInfo{.name = "producer_epoch", .versions = {4, 5}}, self.producer_epoch);
      visitor(FieldInfo{.name = "verify_only", .versions = {4, 5}}, self.verify_only);
      visitor(FieldInfo{.name = "topics", .versions = {4, 5}}, self.topics);
    }
  };

  std::vector<Transaction> transactions;
  Text v3_and_below_transactional_id;
  std::int64_t v3_and_below_producer_id = 0;
  std::int16_t v3_and_below_producer_epoch = 0;
  std::vector<Topic> v3_and_below_topics;

  /// False when the version is not one of ours or the bytes are malformed; views point into the input.
  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);
  /// The version must be one of ours.
  void encode(bytes::Writer& writer, std::int16_t wire_version) const;
  std::string to_text() const;

  void decode_fields(Decoder& in);
  void encode_fields(Encoder& out) const;
  template <class Self, class Visitor>
  static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {
    visitor(FieldInfo{.name = "transactions", .versions = {4, 5}}, self.transactions);
    visitor(FieldInfo{.name = "v3_and_below_transactional_id", .versions = {0, 3}}, self.v3_and_below_transactional_id);
    visitor(FieldInfo{.name = "v3_and_below_producer_id", .versions = {0, 3}}, self.v3_and_below_producer_id);
    visitor(FieldInfo{.name = "v3_and_below_producer_epoch", .versions = {0, 3}}, self.v3_and_below_producer_epoch);
    visitor(FieldInfo{.name = "v3_and_below_topics", .versions = {0, 3}}, self.v3_and_below_topics);
  }
};

}  // namespace millrace::wire::kafka

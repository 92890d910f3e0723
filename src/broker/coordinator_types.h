#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/error.h"
#include "broker/group_types.h"
#include "broker/types.h"

namespace millrace::broker {

/// A producer whose transactions are coordinated under a name: whoever begins anew under it takes over, and finishes
/// off what was left open.
struct ProducerName {
  ObjectId vhost;
  std::string name;
  friend auto operator<=>(const ProducerName&, const ProducerName&) = default;
};

/// What a named producer is known by while it works: the number of the producer, and an epoch that grows when another
/// one takes over or (where clients know how) with each transaction.
struct ProducerIdentity {
  std::int64_t id = -1;
  std::int16_t epoch = -1;
  friend bool operator==(const ProducerIdentity&, const ProducerIdentity&) = default;
};

/// empty: never had a transaction. committing, aborting: it is decided, and being carried out; then committed, aborted.
enum class TransactionPhase : std::uint8_t { empty, open, committing, aborting, committed, aborted };

/// Limits and times of named producers.
struct CoordinatorOptions {
  std::size_t max_producers = 100'000;  // names, of one shard
  /// The longest time that a transaction may ask for; when its time is over it is aborted.
  Millis max_timeout{900'000};
  /// Names without a transaction are forgotten after this time.
  Millis retention{std::int64_t{7} * 24 * 3600 * 1000};
};

constexpr std::size_t kMaxProducerName = 1024;
/// Partitions and groups of one transaction.
constexpr std::size_t kMaxParticipants = 100'000;

struct BeginRequest {
  ProducerName name;
  Millis timeout;
  /// What the producer believes that it is; id -1: it does not know.
  ProducerIdentity known;
};

struct TransactionClaim {
  ProducerName name;
  ProducerIdentity identity;
  TopicPartition partition;
  /// A partition or group that is not part of the transaction becomes one, and the transaction begins with it. Else
  /// that is an error.
  bool joins = false;
  friend bool operator==(const TransactionClaim&, const TransactionClaim&) = default;
};

struct JoinTransactionRequest {
  ProducerName name;
  ProducerIdentity identity;
  std::vector<TopicPartition> partitions;
  std::vector<GroupKey> groups;
  /// Only tell whether they are all part of the transaction.
  bool verify_only = false;
};

struct EndTransactionRequest {
  ProducerName name;
  ProducerIdentity identity;
  bool commit = false;
  /// The producer understands that its epoch grows with this, and takes the new one from the answer.
  bool grows = false;
};

struct TransactionDescription {
  ProducerIdentity identity;
  TransactionPhase phase = TransactionPhase::empty;
  Millis timeout;
  Timestamp started_at{-1};
  std::vector<TopicPartition> partitions;
};

struct TransactionSummary {
  std::string name;
  std::int64_t producer_id = -1;
  TransactionPhase phase = TransactionPhase::empty;
  Timestamp started_at{-1};  // -1: none is open
};

}  // namespace millrace::broker

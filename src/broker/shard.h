#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "auth/authorizer.h"
#include "broker/consumers.h"
#include "broker/coordinators.h"
#include "broker/error.h"
#include "broker/group_types.h"
#include "broker/groups.h"
#include "broker/limits.h"
#include "broker/logs.h"
#include "broker/mailbox.h"
#include "broker/publisher.h"
#include "broker/router.h"
#include "broker/topology.h"
#include "broker/transactions.h"
#include "broker/types.h"
#include "catalog/catalog_store.h"
#include "catalog/object_limits.h"
#include "catalog/state.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/socket.h"
#include "model/properties.h"
#include "storage/store.h"

namespace millrace::broker {

class CatalogHost;
class CoordinatorHost;
class GroupHost;
class LogHost;
class QueueHost;
struct PublishBundle;

/// What one shard needs from outside; all must outlive it.
struct ShardEnvironment {
  io::Loop* loop = nullptr;
  io::Disk* disk = nullptr;
  io::WorkPool* sync_pool = nullptr;
  io::WorkPool* pool = nullptr;
  /// For the slow hashes of logins, so that many of them hold up no disk; null: they run on `pool`.
  io::WorkPool* login_pool = nullptr;
  /// The connections of this shard's loop, to see what they hold; may be null.
  const io::Network* network = nullptr;
  /// Filled before the shards start, then only read.
  const model::NativeCodecs* codecs = nullptr;
  const storage::StoreMutations* mutations = nullptr;
  /// See storage::StoreEnvironment::fatal. Empty: log and abort.
  std::function<void(const std::string& reason)> fatal = {};
};

struct BrokerOptions {
  /// Bytes of messages held in memory (tails, memory queues, deliveries), and of the queues' state, by all shards
  /// before the memory alarm.
  Bytes memory_limit{std::uint64_t{1} << 30};
  /// Free disk space below which the disk alarm is on.
  Bytes disk_free_limit{std::uint64_t{256} << 20};
  Bytes max_message_bytes{std::uint64_t{64} << 20};
  std::uint32_t default_partitions = 1;
  bool auto_create_topics = true;
  /// Memory for what clients hold of one queue without having settled it.
  Bytes unacknowledged_bytes{std::uint64_t{256} << 20};
  Bytes journal_file_bytes{std::uint64_t{32} << 20};
  Bytes segment_bytes{std::uint64_t{64} << 20};
  storage::Durability durability = storage::Durability::sync;
  /// That of a queue that is stored.
  storage::Durability durability_of(const catalog::QueueSettings& settings) const {
    if (!settings.synced.has_value()) return durability;
    return *settings.synced ? storage::Durability::sync : storage::Durability::os;
  }
  /// Go on with what a damaged catalog has left, see catalog::CatalogStore::open.
  bool accept_catalog_damage = false;
  /// Users that may connect from this machine only.
  std::vector<std::string> loopback_users = {"guest"};
  GroupOptions groups;
  CoordinatorOptions coordinators;
  catalog::ObjectLimits object_limits;
};

/// Numbers of one shard for metrics; plain counters, written by the shard, read by anyone (relaxed atomics).
struct ShardCounters {
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> published_bytes{0};
  std::atomic<std::uint64_t> unroutable{0};
  std::atomic<std::uint64_t> confirmed{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> redelivered{0};
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<std::uint64_t> requeued{0};
  std::atomic<std::uint64_t> dead_lettered{0};
  std::atomic<std::uint64_t> expired{0};
  std::atomic<std::uint64_t> lost{0};  // went by a topic's retention while a queue still needed them
  std::atomic<std::uint64_t> connections{0};
};

/// Counts what may be nothing.
inline void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
  if (amount > 0) counter.fetch_add(amount, std::memory_order_relaxed);
}

/// One shard: a loop with its store, its queues and logs, and its view of the catalog. Everything here is used only on
/// that loop. Gateways hold a Shard& and use nothing below it.
class Shard {
 public:
  Shard(ShardId id, const ShardEnvironment& environment, const BrokerOptions& options,
        const std::vector<Shard*>& peers);
  ~Shard();

  /// Recovers this shard's data for what `catalog` says exists; blocks; before the loop runs. `writer` is null on all
  /// shards but 0. `existed`: the data directory was in use before.
  Result<storage::RecoveryReport> open(const catalog::State& catalog, catalog::CatalogStore* writer, bool existed);
  /// Requeues nothing, loses nothing: finishes rounds and marks the clean stop.
  void shutdown(io::Task done);

  ShardId id() const { return id_; }
  std::size_t shard_count() const { return peers_.size(); }
  io::Loop& loop() { return *environment_.loop; }
  io::WorkPool& pool() { return *environment_.pool; }
  io::WorkPool& login_pool() { return environment_.login_pool != nullptr ? *environment_.login_pool : pool(); }
  const BrokerOptions& options() const { return options_; }

  /// This shard's replica.
  const catalog::State& catalog() const;
  /// Changes with every change of the replica: what was looked up in it, and who may use it, holds as long as this.
  std::uint64_t catalog_generation() const { return catalog_generation_; }
  auth::Authorizer& authorizer();
  Router& router();
  Publisher& publisher();
  Consumers& consumers();
  Logs& logs();
  Groups& groups();
  Coordinators& coordinators();
  Topology& topology();
  Transactions& transactions();
  Limits& limits();
  Mailbox& mailbox();
  storage::Store& store();
  QueueHost& queues();
  ShardCounters& counters() { return counters_; }
  LogHost& log_host();
  GroupHost& group_host();
  CoordinatorHost& coordinator_host();
  const model::NativeCodecs& codecs() const { return *environment_.codecs; }

  /// Bytes of messages, and of the queues' state, that this shard holds in memory.
  std::uint64_t memory_in_use();
  /// For a queue whose state beside its log has grown or shrunk; part of memory_in_use().
  void count_state_bytes(std::uint64_t before, std::uint64_t now) { state_bytes_ += now - before; }
  ConnectionId next_connection_id();
  ConsumerId next_consumer_id();

  /// Batches from the publishers of some shard for the queues of this one.
  void receive(std::unique_ptr<PublishBundle> bundle);
  /// Applies a change that the catalog's writer has made durable; called on every shard in revision order.
  void apply_catalog(const std::vector<catalog::Command>& commands);
  /// Only on the shard that has the catalog's writer.
  CatalogHost& catalog_host();

 private:
  struct Parts;
  ShardId id_;
  ShardEnvironment environment_;
  BrokerOptions options_;
  const std::vector<Shard*>& peers_;
  ShardCounters counters_;
  std::uint64_t state_bytes_ = 0;
  std::uint64_t catalog_generation_ = 1;
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::broker

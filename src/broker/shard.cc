#include "broker/shard.h"

#include <fmt/core.h>

#include "base/assert.h"
#include "broker/catalog_host.h"
#include "broker/coordinator_host.h"
#include "broker/group_host.h"
#include "broker/log_host.h"
#include "broker/policies.h"
#include "broker/publish_turn.h"
#include "broker/queue_host.h"
#include "broker/storage_errors.h"
#include "broker/stream_host.h"
#include "broker/topic_settings.h"

namespace millrace::broker {

namespace {

storage::LogOptions partition_options(const BrokerOptions& options) {
  return {.durability = options.durability, .segment_bytes = options.segment_bytes};
}

}  // namespace

struct Shard::Parts {
  Shard& shard;
  catalog::State catalog;
  auth::Authorizer authorizer;
  Policies policies;
  Router router;
  Mailbox mailbox;
  Limits limits;
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<CatalogHost> catalog_host;
  QueueHost queues;
  LogHost log_host;
  GroupHost group_host;
  CoordinatorHost coordinator_host;
  Publisher publisher;
  PublishReceiver receiver;
  Consumers consumers;
  Logs logs;
  Groups groups;
  Coordinators coordinators;
  Topology topology;
  Transactions transactions;
  std::uint64_t next_connection = 1;
  std::uint64_t next_consumer = 1;

  Parts(Shard& owner, const catalog::State& state)
      : shard(owner),
        catalog(state.clone()),
        authorizer(catalog),
        policies(catalog),
        router(catalog, &policies),
        mailbox(owner, owner.peers_),
        queues(owner),
        log_host(owner),
        group_host(owner, owner.options_.groups),
        coordinator_host(owner, owner.options_.coordinators),
        publisher(owner),
        receiver(owner),
        consumers(owner),
        logs(owner),
        groups(owner),
        coordinators(owner),
        topology(owner),
        transactions(owner) {}

  void create_partitions(const catalog::Topic& topic);
  /// The queue with what policies make of its settings.
  catalog::Queue ruled(const catalog::Queue& queue) {
    catalog::Queue result = queue;
    result.settings = policies.settings_of(queue);
    return result;
  }
  void policies_changed();
  void change_settings(const catalog::Topic& topic);
};

/// Tells the recovering store what the catalog knows of.
class ShardRecovery final : public storage::RecoveryTarget {
 public:
  struct Parts {
    QueueHost& queues;
    LogHost& logs;
    GroupHost& groups;
    CoordinatorHost& coordinators;
    TransactionState& transactions;
  };
  ShardRecovery(Shard& shard, const Parts& parts, const catalog::State& catalog, const BrokerOptions& options)
      : shard_(shard), parts_(parts), options_(partition_options(options)) {
    for (const catalog::Topic* topic : catalog.topics()) {
      for (const catalog::Partition& partition : topic->partitions) {
        if (partition.shard == shard_.id()) partitions_.emplace(partition.log, topic_log_options(*topic, options_));
      }
    }
  }
  const storage::LogOptions* log_options(LogId log) override {
    if (const auto it = partitions_.find(log); it != partitions_.end()) return &it->second;
    return parts_.queues.recovery_log_options(log);
  }
  storage::StateMachine* state_machine(storage::StateId state) override {
    if (state == Producers::kState) return &parts_.logs.producers();
    if (state == TransactionState::kState) return &parts_.transactions;
    if (state == GroupState::kState) return &parts_.groups.state();
    if (state == CoordinatorState::kState) return &parts_.coordinators.state();
    return parts_.queues.recovery_machine(state);
  }

 private:
  Shard& shard_;
  Parts parts_;
  storage::LogOptions options_;
  std::map<LogId, storage::LogOptions> partitions_;
};

Shard::Shard(ShardId id, const ShardEnvironment& environment, const BrokerOptions& options,
             const std::vector<Shard*>& peers)
    : id_(id), environment_(environment), options_(options), peers_(peers) {}

Shard::~Shard() = default;

Result<storage::RecoveryReport> Shard::open(const catalog::State& catalog, catalog::CatalogStore* writer,
                                            bool existed) {
  parts_ = std::make_unique<Parts>(*this, catalog);
  Parts& parts = *parts_;
  parts.authorizer.set_loopback_users(options_.loopback_users);
  storage::RecoveryReport report;
  for (const catalog::Queue* queue : parts.catalog.queues()) {
    parts.queues.create(parts.ruled(*queue));
  }
  ShardRecovery target(
      *this, {parts.queues, parts.log_host, parts.group_host, parts.coordinator_host, parts.transactions.state()},
      parts.catalog, options_);
  storage::StoreOptions store_options;
  store_options.directory = fmt::format("shards/{}", id_.value);
  store_options.shard = id_;
  store_options.journal_file_bytes = options_.journal_file_bytes;
  store_options.disk_reserve = options_.disk_free_limit;
  store_options.must_exist = existed && !options_.accept_catalog_damage;
  store_options.keep_unknown_logs = options_.accept_catalog_damage;
  auto store = storage::Store::open({.loop = environment_.loop,
                                     .disk = environment_.disk,
                                     .sync_pool = environment_.sync_pool,
                                     .pool = environment_.pool,
                                     .mutations = environment_.mutations,
                                     .fatal = environment_.fatal},
                                    store_options, target, report);
  if (!store.has_value()) return std::unexpected(to_broker(store.error()));
  parts.store = std::move(*store);
  parts.store->attach_state(Producers::kState, &parts.log_host.producers());
  parts.store->attach_state(TransactionState::kState, &parts.transactions.state());
  parts.store->attach_state(GroupState::kState, &parts.group_host.state());
  parts.store->attach_state(CoordinatorState::kState, &parts.coordinator_host.state());
  parts.store->on_commit([&parts](storage::Round round) {
    // Answers first: a confirm never waits for a delivery.
    parts.receiver.committed(round);
    parts.log_host.committed(round);
    parts.group_host.committed(round);
    parts.coordinator_host.committed(round);
    parts.queues.committed(round);
  });
  for (const catalog::Topic* topic : parts.catalog.topics()) parts.create_partitions(*topic);
  parts.log_host.recovered();
  parts.queues.recovered();
  parts.group_host.recovered();
  parts.coordinator_host.recovered();
  if (writer != nullptr) parts.catalog_host = std::make_unique<CatalogHost>(*this, *writer);
  return report;
}

void Shard::Parts::create_partitions(const catalog::Topic& topic) {
  for (const catalog::Partition& partition : topic.partitions) {
    if (partition.shard != shard.id() || store->find_log(partition.log) != nullptr) continue;
    store->create_log(partition.log, topic_log_options(topic, partition_options(shard.options())));
  }
}

void Shard::Parts::policies_changed() {
  for (const catalog::Queue* queue : catalog.queues()) {
    if (queue->shard == shard.id()) queues.set_settings(queue->id, policies.settings_of(*queue));
  }
}

void Shard::Parts::change_settings(const catalog::Topic& topic) {
  for (const catalog::Partition& partition : topic.partitions) {
    if (partition.shard != shard.id()) continue;
    store->find_log(partition.log)->set_options(topic_log_options(topic, partition_options(shard.options())));
  }
}

void Shard::apply_catalog(const std::vector<catalog::Command>& commands) {
  Parts& parts = *parts_;
  bool rules = false;
  for (const catalog::Command& command : commands) {
    // What goes away is told before the replica forgets it.
    if (const auto* topic = std::get_if<catalog::DeleteTopic>(&command)) {
      const catalog::Topic* found = parts.catalog.find_topic(topic->id);
      for (const catalog::Partition& partition : found->partitions) {
        if (partition.shard != id_) continue;
        parts.queues.streams().removed(partition.log);
        parts.store->delete_log(partition.log);
        parts.log_host.removed(partition.log);
      }
      parts.group_host.topic_removed(topic->id);
    }
    std::optional<catalog::Queue> removed;
    if (const auto* gone = std::get_if<catalog::DeleteQueue>(&command)) removed = *parts.catalog.find_queue(gone->id);
    parts.router.before(command);
    parts.catalog.apply(command);
    rules = parts.policies.changed(command) || rules;
    parts.router.after(command);
    if (const auto* queue = std::get_if<catalog::CreateQueue>(&command)) {
      parts.queues.create(parts.ruled(queue->queue));
    } else if (const auto* grown_queue = std::get_if<catalog::AddQueueParts>(&command)) {
      parts.queues.add_parts(parts.ruled(*parts.catalog.find_queue(grown_queue->queue)));
    } else if (removed.has_value()) {
      parts.queues.remove(*removed);
      parts.log_host.removed(LogId(removed->id.value));
      parts.group_host.topic_removed(removed->id);
    } else if (const auto* topic = std::get_if<catalog::CreateTopic>(&command)) {
      parts.create_partitions(topic->topic);
    } else if (const auto* grown = std::get_if<catalog::AddPartitions>(&command)) {
      parts.create_partitions(*parts.catalog.find_topic(grown->topic));
    } else if (const auto* altered = std::get_if<catalog::AlterTopicSettings>(&command)) {
      parts.change_settings(*parts.catalog.find_topic(altered->topic));
    }
  }
  if (rules) parts.policies_changed();
  ++catalog_generation_;
  parts.authorizer.changed(commands);
}

void Shard::receive(std::unique_ptr<PublishBundle> bundle) {
  parts_->receiver.receive(std::move(bundle));
}

void Shard::shutdown(io::Task done) {
  parts_->store->shutdown(std::move(done));
}

const catalog::State& Shard::catalog() const {
  return parts_->catalog;
}
auth::Authorizer& Shard::authorizer() {
  return parts_->authorizer;
}
Router& Shard::router() {
  return parts_->router;
}
Publisher& Shard::publisher() {
  return parts_->publisher;
}
Consumers& Shard::consumers() {
  return parts_->consumers;
}
Logs& Shard::logs() {
  return parts_->logs;
}
Groups& Shard::groups() {
  return parts_->groups;
}
Coordinators& Shard::coordinators() {
  return parts_->coordinators;
}
Topology& Shard::topology() {
  return parts_->topology;
}
Transactions& Shard::transactions() {
  return parts_->transactions;
}
Limits& Shard::limits() {
  return parts_->limits;
}
Mailbox& Shard::mailbox() {
  return parts_->mailbox;
}
storage::Store& Shard::store() {
  return *parts_->store;
}
QueueHost& Shard::queues() {
  return parts_->queues;
}
LogHost& Shard::log_host() {
  return parts_->log_host;
}
GroupHost& Shard::group_host() {
  return parts_->group_host;
}
CoordinatorHost& Shard::coordinator_host() {
  return parts_->coordinator_host;
}

CatalogHost& Shard::catalog_host() {
  MILLRACE_ASSERT(parts_->catalog_host != nullptr, "shard {} does not write the catalog", id_.value);
  return *parts_->catalog_host;
}

std::uint64_t Shard::memory_in_use() {
  const std::uint64_t held = environment_.network == nullptr ? 0 : environment_.network->held_bytes();
  return parts_->store->memory_bytes() + held + state_bytes_;
}

ConnectionId Shard::next_connection_id() {
  return ConnectionId((std::uint64_t{id_.value} << 48) | parts_->next_connection++);
}

ConsumerId Shard::next_consumer_id() {
  return ConsumerId((std::uint64_t{id_.value} << 48) | parts_->next_consumer++);
}

}  // namespace millrace::broker

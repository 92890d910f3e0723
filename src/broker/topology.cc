#include "broker/topology.h"

#include <fmt/core.h>

#include "broker/catalog_host.h"
#include "broker/placement.h"
#include "broker/queue_host.h"
#include "broker/shard.h"

namespace millrace::broker {

namespace {

constexpr ShardId kCatalogShard{0};

/// Runs `request(catalog host, reply)` on the catalog's shard; `reply` brings its result back to `shard`.
template <class T, class Request>
void on_catalog_shard(Shard& shard, Callback<T> done, Request request) {
  shard.mailbox().send(
      kCatalogShard, [home = shard.id(), done = std::move(done), request = std::move(request)](Shard& there) mutable {
        request(there.catalog_host(), [&there, home, done = std::move(done)](Result<T> result) mutable {
          there.mailbox().send(
              home, [done = std::move(done), result = std::move(result)](Shard&) mutable { done(std::move(result)); });
        });
      });
}

/// Passes `value` on when the transaction succeeded.
template <class T, class Reply>
auto then_return(T value, Reply reply) {
  return [value, reply = std::move(reply)](Result<void> result) mutable {
    if (!result.has_value()) return reply(std::unexpected(result.error()));
    reply(value);
  };
}

}  // namespace

std::vector<catalog::Command> new_exchange(catalog::Exchange exchange, std::size_t shards,
                                           const std::function<ObjectId()>& next_id) {
  exchange.id = next_id();
  if (!exchange.delays) return {catalog::CreateExchange{std::move(exchange)}};
  catalog::Queue queue;
  queue.id = exchange.delay_queue = next_id();
  queue.vhost = exchange.vhost;
  queue.name = fmt::format("amq.delayed.{}", exchange.id.value);
  queue.shard = shard_of_new(queue.id, shards);
  queue.durable = exchange.durable;
  queue.settings.delays = true;
  queue.settings.dead_letter_exchange = exchange.name;
  // It must know each record, as queues with levels do.
  queue.settings.max_priority = 1;
  // What waits costs as much memory as what a client holds.
  queue.settings.max_length = std::uint64_t{1} << 22;
  queue.settings.overflow = catalog::Overflow::reject_publish;
  return {catalog::CreateExchange{std::move(exchange)}, catalog::CreateQueue{std::move(queue)}};
}

void Topology::execute(catalog::Transaction transaction, Callback<void> done) {
  on_catalog_shard<void>(shard_, std::move(done),
                         [transaction = std::move(transaction)](CatalogHost& host, auto reply) mutable {
                           host.execute(std::move(transaction), std::move(reply));
                         });
}

void Topology::allocate_id(Callback<ObjectId> done) {
  on_catalog_shard<ObjectId>(shard_, std::move(done), [](CatalogHost& host, auto reply) mutable {
    const ObjectId id = host.writer().allocate_id();
    if (host.writer().durably_reserved(id)) return reply(id);
    // Changes become durable in order: after this one, so is the block that holds the number.
    const std::uint64_t reserved = host.writer().state().reserved_ids();
    host.execute({.commands = {catalog::ReserveIds{reserved + 1}}}, then_return(id, std::move(reply)));
  });
}

void Topology::create_exchange(catalog::Exchange exchange, Callback<ObjectId> done) {
  on_catalog_shard<ObjectId>(
      shard_, std::move(done),
      [exchange = std::move(exchange), shards = shard_.shard_count()](CatalogHost& host, auto reply) mutable {
        auto commands = new_exchange(std::move(exchange), shards, [&host] { return host.writer().allocate_id(); });
        const ObjectId id = std::get<catalog::CreateExchange>(commands.front()).exchange.id;
        host.execute({.commands = std::move(commands)}, then_return(id, std::move(reply)));
      });
}

void Topology::delete_exchange(ObjectId exchange, bool if_unused, Callback<void> done) {
  on_catalog_shard<void>(shard_, std::move(done), [=](CatalogHost& host, auto reply) mutable {
    if (if_unused && !host.writer().state().bindings_of_source(exchange).empty()) {
      return reply(base::fail(BrokerErrc::in_use, "exchange has bindings"));
    }
    host.execute({.commands = {catalog::DeleteExchange{exchange}}}, std::move(reply));
  });
}

namespace {

/// The catalog's writer numbers the parts, and adds those of partitions that came meanwhile.
Result<void> complete_parts(catalog::CatalogStore& writer, catalog::QueueSource& source) {
  const catalog::Topic* topic = writer.state().find_topic(source.topic);
  if (topic == nullptr) return base::fail(BrokerErrc::not_found, "no such topic");
  for (std::size_t i = source.parts.size(); i < topic->partitions.size(); ++i) {
    source.parts.push_back({{}, topic->partitions[i].log, topic->partitions[i].shard, Offset(0)});
  }
  for (catalog::QueuePart& part : source.parts) part.id = writer.allocate_id();
  return {};
}

}  // namespace

void Topology::create_topic_queue(catalog::Queue queue, const StreamStart& start, Callback<QueueRef> done) {
  const catalog::Topic* topic = shard_.catalog().find_topic(queue.source->topic);
  if (topic == nullptr) return done(base::fail(BrokerErrc::not_found, "no such topic"));
  struct Making {
    catalog::Queue queue;
    Callback<QueueRef> done;
    std::size_t left = 0;
    std::optional<BrokerError> error;
  };
  auto making = std::make_shared<Making>(Making{std::move(queue), std::move(done), topic->partitions.size(), {}});
  std::vector<catalog::QueuePart>& parts = making->queue.source->parts;
  parts.clear();
  for (const catalog::Partition& each : topic->partitions) parts.push_back({{}, each.log, each.shard, Offset(0)});
  for (std::size_t i = 0; i < parts.size(); ++i) {
    shard_.logs().find_start({parts[i].log, parts[i].shard}, start, [this, making, i](Result<Offset> found) {
      if (found.has_value()) {
        making->queue.source->parts[i].start = *found;
      } else {
        making->error = found.error();
      }
      if (--making->left > 0) return;
      if (making->error.has_value()) return making->done(std::unexpected(*making->error));
      create_queue(std::move(making->queue), std::move(making->done));
    });
  }
}

void Topology::create_queue(catalog::Queue queue, Callback<QueueRef> done) {
  std::optional<ConnectionId> owner;
  if (queue.exclusive_owner.has_value()) {
    owner = ConnectionId(*queue.exclusive_owner);
    exclusive_.try_emplace(*owner);
  }
  Callback<QueueRef> created = [this, owner, done = std::move(done)](Result<QueueRef> result) mutable {
    if (result.has_value() && owner.has_value()) {
      const auto it = exclusive_.find(*owner);
      if (it == exclusive_.end()) {
        // The connection ended while its queue was being made.
        delete_queue(result->queue, false, false, [](Result<std::uint64_t>) {});
      } else {
        it->second.push_back(result->queue);
      }
    }
    done(std::move(result));
  };
  on_catalog_shard<QueueRef>(
      shard_, std::move(created),
      [queue = std::move(queue), shards = shard_.shard_count()](CatalogHost& host, auto reply) mutable {
        queue.id = host.writer().allocate_id();
        queue.shard = shard_of_new(queue.id, shards);
        if (queue.source.has_value()) {
          if (auto made = complete_parts(host.writer(), *queue.source); !made.has_value()) {
            return reply(std::unexpected(made.error()));
          }
        }
        const QueueRef ref{queue.id, queue.shard};
        host.execute({.commands = {catalog::CreateQueue{std::move(queue)}}}, then_return(ref, std::move(reply)));
      });
}

void Topology::delete_queue(ObjectId id, bool if_unused, bool if_empty, Callback<std::uint64_t> done) {
  const catalog::Queue* queue = shard_.catalog().find_queue(id);
  if (queue == nullptr) return done(base::fail(BrokerErrc::not_found, "no such queue"));
  const ShardId home = shard_.id();
  shard_.consumers().send_pending();
  shard_.mailbox().send(queue->shard, [=, done = std::move(done)](Shard& there) mutable {
    auto allowed = there.queues().can_delete(id, if_unused, if_empty);
    there.mailbox().send(home, [id, allowed = std::move(allowed), done = std::move(done)](Shard& here) mutable {
      if (!allowed.has_value()) return done(std::move(allowed));
      here.topology().execute({.commands = {catalog::DeleteQueue{id}}},
                              then_return(*allowed, [done = std::move(done)](Result<std::uint64_t> result) mutable {
                                done(std::move(result));
                              }));
    });
  });
}

void Topology::bind(catalog::Binding binding, Callback<void> done) {
  execute({.commands = {catalog::Bind{std::move(binding)}}}, std::move(done));
}

void Topology::unbind(catalog::Binding binding, Callback<void> done) {
  execute({.commands = {catalog::Unbind{std::move(binding)}}}, std::move(done));
}

void Topology::create_topic(catalog::Topic topic, std::uint32_t partitions, Callback<ObjectId> done) {
  on_catalog_shard<ObjectId>(
      shard_, std::move(done),
      [topic = std::move(topic), partitions, shards = shard_.shard_count()](CatalogHost& host, auto reply) mutable {
        topic.id = host.writer().allocate_id();
        topic.partitions.clear();
        for (std::uint32_t i = 0; i < partitions; ++i) {
          const ObjectId id = host.writer().allocate_id();
          topic.partitions.push_back({LogId(id.value), shard_of_new(id, shards)});
        }
        const ObjectId id = topic.id;
        host.execute({.commands = {catalog::CreateTopic{std::move(topic)}}}, then_return(id, std::move(reply)));
      });
}

void Topology::delete_topic(ObjectId topic, Callback<void> done) {
  on_catalog_shard<void>(shard_, std::move(done), [topic](CatalogHost& host, auto reply) mutable {
    catalog::Transaction transaction;
    for (const catalog::Queue* queue : host.writer().state().queues_of_topic(topic)) {
      transaction.commands.emplace_back(catalog::DeleteQueue{queue->id});
    }
    transaction.commands.emplace_back(catalog::DeleteTopic{topic});
    host.execute(std::move(transaction), std::move(reply));
  });
}

void Topology::add_partitions(ObjectId id, std::uint32_t total, Callback<void> done) {
  on_catalog_shard<void>(
      shard_, std::move(done), [=, shards = shard_.shard_count()](CatalogHost& host, auto reply) mutable {
        const catalog::Topic* topic = host.writer().state().find_topic(id);
        if (topic == nullptr) return reply(base::fail(BrokerErrc::not_found, "no such topic"));
        const std::size_t present = topic->partitions.size();
        if (total <= present) {
          return reply(base::fail(BrokerErrc::invalid, fmt::format("the topic has {} partitions already", present)));
        }
        catalog::AddPartitions command{id, {}};
        for (std::size_t i = present; i < total; ++i) {
          const ObjectId log = host.writer().allocate_id();
          command.partitions.push_back({LogId(log.value), shard_of_new(log, shards)});
        }
        catalog::Transaction transaction;
        for (const catalog::Queue* queue : host.writer().state().queues_of_topic(id)) {
          catalog::AddQueueParts parts{queue->id, {}};
          for (const catalog::Partition& partition : command.partitions) {
            parts.parts.push_back({host.writer().allocate_id(), partition.log, partition.shard, Offset(0)});
          }
          transaction.commands.emplace_back(std::move(parts));
        }
        transaction.commands.insert(transaction.commands.begin(), std::move(command));
        host.execute(std::move(transaction), std::move(reply));
      });
}

void Topology::alter_topic(ObjectId id, SettingChanges changes, bool replace, Callback<void> done) {
  on_catalog_shard<void>(
      shard_, std::move(done), [id, changes = std::move(changes), replace](CatalogHost& host, auto reply) mutable {
        const catalog::Topic* topic = host.writer().state().find_topic(id);
        if (topic == nullptr) return reply(base::fail(BrokerErrc::not_found, "no such topic"));
        catalog::AlterTopicSettings command{id, {}};
        if (!replace) command.settings = topic->settings;
        for (auto& [name, value] : changes) {
          std::erase_if(command.settings, [&name](const auto& setting) { return setting.first == name; });
          if (value.has_value()) command.settings.emplace_back(std::move(name), std::move(*value));
        }
        host.execute({.commands = {std::move(command)}}, std::move(reply));
      });
}

void Topology::release_connection(ConnectionId connection) {
  const auto it = exclusive_.find(connection);
  if (it == exclusive_.end()) return;
  const std::vector<ObjectId> queues = std::move(it->second);
  exclusive_.erase(it);
  for (const ObjectId queue : queues) delete_queue(queue, false, false, [](Result<std::uint64_t>) {});
}

}  // namespace millrace::broker

#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "broker/queue_host.h"
#include "testing/sim_disk.h"
#include "testing/sim_world.h"

namespace millrace::broker {

/// A whole broker with two shards in a simulated world. kill() ends it as a crash of the machine would; start() begins
/// anew on what the disk kept.
class SimBroker {
 public:
  explicit SimBroker(std::uint64_t seed, std::size_t shards = 2) : world(seed), disk(seed), shards_(shards) {}
  ~SimBroker() { stop(); }

  void start() {
    const auto opened = try_start();
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
  }
  Result<Broker::Report> try_start() {
    std::vector<ShardEnvironment> environments;
    for (std::size_t i = 0; i < shards_; ++i) {
      pools_.push_back(std::make_unique<sim::SimWorkPool>(world, 1));
      pools_.push_back(std::make_unique<sim::SimWorkPool>(world, 3));
      environments.push_back({.loop = &world.add_loop(),
                              .disk = &disk,
                              .sync_pool = pools_[2 * i].get(),
                              .pool = pools_[2 * i + 1].get(),
                              .codecs = &codecs_,
                              .mutations = mutations});
    }
    options.disk_free_limit = base::Bytes(0);
    options.journal_file_bytes = base::mib(1);
    broker_ = std::make_unique<Broker>(environments, options);
    auto opened = broker_->open("hash");
    for (std::size_t i = 0; i < shards_ && opened.has_value(); ++i) {
      if (rewriter) shard(i).queues().dead_letter_rewriters().add(model::Protocol::amqp091, rewriter);
    }
    return opened;
  }
  void stop() {
    broker_.reset();
    pools_.clear();
    world.destroy_loops();
  }
  void kill() {
    stop();
    disk.crash(world.prng());
  }

  Shard& shard(std::size_t index) { return broker_->shard(index); }
  /// Runs `call(done)` on the world until it has called done; returns what it got.
  template <class T, class Call>
  Result<T> wait(Call call) {
    std::optional<Result<T>> got;
    call(Callback<T>([&got](Result<T> result) { got = std::move(result); }));
    EXPECT_TRUE(world.run_until([&] { return got.has_value(); }));
    if (!got.has_value()) return base::fail(BrokerErrc::stopping, "no answer");
    return std::move(*got);
  }

  ObjectId vhost() { return shard(0).catalog().find_virtual_host("/")->id; }
  QueueRef declare(const std::string& name, catalog::Queue queue = {}) {
    queue.name = name;
    queue.vhost = vhost();
    const auto made = wait<QueueRef>([&](auto done) { shard(0).topology().create_queue(queue, std::move(done)); });
    EXPECT_TRUE(made.has_value());
    return made.value_or(QueueRef{});
  }
  QueueRef find(const std::string& name) {
    const catalog::Queue* queue = shard(0).catalog().find_queue(vhost(), name);
    return queue == nullptr ? QueueRef{} : QueueRef{queue->id, queue->shard};
  }
  QueueStats stats(QueueRef queue) { return shard(queue.shard.value).queues().stats_of(queue.queue); }

  /// Publishes to the queue named `key`, from `from`.
  void publish(std::size_t from, PublishTracker& tracker, const std::string& key, const std::string& body,
               const std::string& native = "n", const model::Envelope& envelope = {}) {
    Shard& at = shard(from);
    const catalog::Exchange* exchange = at.catalog().find_exchange(vhost(), "");
    const bytes::ByteView parts[] = {bytes::as_bytes(body)};
    const bytes::ByteView natives[] = {bytes::as_bytes(native)};
    Message message;
    message.timestamp = at.loop().clock().wall();
    message.body = parts;
    message.envelope = envelope;
    message.envelope.protocol = model::Protocol::amqp091;
    message.native = natives;
    at.publisher().publish(tracker, at.router().route(*exchange, key), message);
    at.loop().post([] {});
  }
  /// Publishes `count` bodies "<prefix><number>" and waits until they are stored.
  void publish_stored(const std::string& queue, int count, const std::string& prefix = "m", std::size_t from = 0) {
    PublishTracker tracker(shard(from), nullptr);
    for (int i = 0; i < count; ++i) {
      publish(from, tracker, queue, prefix + std::to_string(i));
      if (world.prng().chance(1, 10)) world.step();
    }
    EXPECT_TRUE(world.run_until([&] { return tracker.unsettled() == 0; }));
  }

  sim::SimWorld world;
  sim::SimDisk disk;
  BrokerOptions options;
  std::shared_ptr<const DeadLetterRewriter> rewriter;
  const storage::StoreMutations* mutations = nullptr;

 private:
  std::size_t shards_;
  model::NativeCodecs codecs_;
  std::vector<std::unique_ptr<sim::SimWorkPool>> pools_;
  std::unique_ptr<Broker> broker_;
};

/// Notes what it gets; settles nothing by itself.
class NotingSink final : public ConsumerSink {
 public:
  struct Message {
    Offset offset;
    std::string body;
    std::string native;
    bool redelivered = false;
    std::uint32_t returns = 0;
    std::uint32_t failures = 0;
  };
  void on_deliveries(const DeliveryBundle& bundle) override {
    queue = bundle.queue;
    window_bytes += bundle.window_bytes;
    for (const Delivery& delivery : bundle.deliveries) {
      messages.push_back({delivery.offset, bytes::to_string(delivery.record.value),
                          bytes::to_string(delivery.envelope.native), delivery.redelivered, delivery.returns,
                          delivery.failures});
    }
  }
  void on_cancelled(ConsumerId, const std::string&) override { cancelled = true; }

  std::vector<std::string> bodies() const {
    std::vector<std::string> result;
    for (const Message& message : messages) result.push_back(message.body);
    return result;
  }

  QueueRef queue;
  std::vector<Message> messages;
  std::uint64_t window_bytes = 0;
  bool cancelled = false;
};

}  // namespace millrace::broker

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "broker/sim_broker_test.h"

namespace millrace::broker {
namespace {

/// Numbers of messages, by queue: what a client was told, and what it told the broker.
struct Ledger {
  int published = 0;
  std::set<int> confirmed;
  std::set<int> acknowledged;  // by us, maybe not durably
  std::set<int> gone;          // acknowledged, and the broker had time to write it down
};

class ConfirmNoter final : public PublishTracker::Listener {
 public:
  ConfirmNoter(Ledger& ledger, int first) : ledger_(ledger), first_(first) {}
  void on_confirmed(std::uint64_t sequence) override {
    for (; confirmed_ < sequence; ++confirmed_) ledger_.confirmed.insert(first_ + static_cast<int>(confirmed_));
  }
  void on_rejected(std::uint64_t) override { ADD_FAILURE() << "nothing is to be rejected"; }

 private:
  Ledger& ledger_;
  int first_;
  std::uint64_t confirmed_ = 0;
};

class QueueCrashTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  QueueCrashTest() : broker(GetParam()), prng(broker.world.prng()) {
    broker.options.segment_bytes = base::mib(1);
    broker.start();
    for (const auto& name : names) {
      name == kOverTopic ? declare_over_topic() : static_cast<void>(broker.declare(name));
      ledgers[name] = {};
    }
    // Their creation is durable; the power may fail from now on.
  }

  /// What is published to its name goes to one partition of the topic.
  void declare_over_topic() {
    catalog::Topic topic;
    topic.vhost = broker.vhost();
    topic.name = "topic";
    catalog::Queue queue;
    queue.vhost = topic.vhost;
    queue.name = kOverTopic;
    queue.source.emplace().topic =
        *broker.wait<ObjectId>([&](auto done) { broker.shard(0).topology().create_topic(topic, 3, std::move(done)); });
    const auto made = broker.wait<QueueRef>([&](auto done) {
      broker.shard(0).topology().create_topic_queue(queue, {StreamStart::At::first, Offset(0), Timestamp(0)},
                                                    std::move(done));
    });
    ASSERT_TRUE(made.has_value());
  }

  void client_life() {
    std::map<std::string, std::unique_ptr<ConfirmNoter>> noters;
    std::map<std::string, std::unique_ptr<PublishTracker>> trackers;
    std::map<std::string, NotingSink> sinks;
    std::map<std::string, ConsumerId> consumers;
    for (const auto& name : names) {
      Ledger& ledger = ledgers[name];
      noters[name] = std::make_unique<ConfirmNoter>(ledger, ledger.published);
      trackers[name] = std::make_unique<PublishTracker>(broker.shard(0), noters[name].get());
      ConsumeOptions options;
      options.queue = broker.find(name);
      options.prefetch = static_cast<std::uint32_t>(prng.below(20));
      const auto id = broker.wait<ConsumerId>(
          [&](auto done) { broker.shard(1).consumers().consume(options, &sinks[name], std::move(done)); });
      ASSERT_TRUE(id.has_value());
      consumers[name] = *id;
    }
    if (prng.chance(2, 3)) {
      broker.disk.lose_power_after(prng.between(1, 300), [this] { broker.world.halt(); });
    }
    for (int step = 0; step < 40 && !broker.world.halted(); ++step) {
      for (const auto& name : names) {
        Ledger& ledger = ledgers[name];
        for (auto n = prng.below(8); n > 0; --n) {
          const std::string filler(prng.chance(1, 20) ? 70'000 : prng.below(300), '.');
          broker.publish(0, *trackers[name], name, std::to_string(ledger.published++) + " " + filler);
        }
        settle_some(name, sinks[name], consumers[name]);
      }
      broker.world.run_for(base::Nanos(static_cast<std::int64_t>(prng.below(4'000'000))));
      if (prng.chance(1, 15) && broker.world.settle() && !broker.world.halted()) {
        for (auto& [name, ledger] : ledgers) ledger.gone = ledger.acknowledged;
      }
    }
    // The clients go first, as far as the broker can see.
    trackers.clear();
  }

  void settle_some(const std::string& name, NotingSink& sink, ConsumerId consumer) {
    std::vector<NotingSink::Message> kept;
    for (const auto& message : sink.messages) {
      const auto draw = prng.below(10);
      if (draw < 3) {
        kept.push_back(message);
        continue;
      }
      const bool accept = draw < 8;
      if (accept) ledgers[name].acknowledged.insert(std::stoi(message.body));
      broker.shard(1).consumers().settle(sink.queue, consumer, message.offset, message.offset,
                                         accept ? Settle::accept : Settle::requeue);
    }
    sink.messages = kept;
    broker.shard(1).consumers().consumed(consumer, std::exchange(sink.window_bytes, 0));
    broker.shard(1).loop().post([] {});
  }

  void check(const std::string& name) {
    SCOPED_TRACE("queue " + name);
    const QueueRef queue = broker.find(name);
    const auto stats =
        broker.wait<QueueStats>([&](auto done) { broker.shard(0).consumers().stats(queue, std::move(done)); });
    ASSERT_TRUE(stats.has_value());
    const std::uint64_t ready = stats->ready;
    NotingSink sink;
    ConsumeOptions options;
    options.queue = queue;
    const auto id = broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(0).consumers().consume(options, &sink, std::move(done)); });
    ASSERT_TRUE(id.has_value());
    const auto left = [&] { return broker.stats(queue).ready; };
    const bool all = broker.world.run_until(
        [&] {
          broker.shard(0).consumers().consumed(*id, std::exchange(sink.window_bytes, 0));
          return left() == 0;
        },
        base::Nanos(20'000'000'000));
    EXPECT_TRUE(all) << left() << " of " << ready << " are left";
    broker.world.settle();
    // Offsets that a topic skipped count in a queue over it until somebody has come to them.
    EXPECT_LE(sink.messages.size(), ready);
    if (name != kOverTopic) {
      EXPECT_EQ(sink.messages.size(), ready);
    }
    EXPECT_EQ(broker.stats(queue).unacknowledged, sink.messages.size());
    std::vector<int> found;
    for (const auto& message : sink.messages) found.push_back(std::stoi(message.body));
    EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
    EXPECT_EQ(std::adjacent_find(found.begin(), found.end()), found.end()) << "a message is there twice";
    Ledger& ledger = ledgers[name];
    for (const int number : ledger.confirmed) {
      if (ledger.acknowledged.contains(number)) continue;
      EXPECT_TRUE(std::binary_search(found.begin(), found.end(), number)) << "message " << number << " is lost";
    }
    for (const int number : found) {
      EXPECT_FALSE(ledger.gone.contains(number)) << "message " << number << " was acknowledged and is back";
      // Its acknowledgement went with the power; it is there to be acknowledged again.
      ledger.acknowledged.erase(number);
    }
    broker.shard(0).consumers().drop(*id);
    for (const auto& message : sink.messages) {
      broker.shard(0).consumers().settle(sink.queue, *id, message.offset, message.offset, Settle::requeue);
    }
    broker.world.settle();
  }

  static constexpr const char* kOverTopic = "over";
  const std::vector<std::string> names = {"a", "b", kOverTopic};
  SimBroker broker;
  base::Prng& prng;
  std::map<std::string, Ledger> ledgers;
};

TEST_P(QueueCrashTest, ConfirmedStaysAndAcknowledgedGoes) {
  for (int life = 0; life < 4; ++life) {
    client_life();
    if (HasFatalFailure()) return;
    broker.world.resume();
    broker.kill();
    broker.start();
    if (HasFatalFailure()) return;
    for (const auto& name : names) check(name);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, QueueCrashTest, ::testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace millrace::broker

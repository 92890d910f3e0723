#include "broker/consumers.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <vector>

#include "base/assert.h"
#include "broker/queue_host.h"
#include "broker/shard.h"

namespace millrace::broker {

namespace {

// Window space is given back in pieces of at least this share of it: fewer messages between shards.
constexpr std::uint64_t kWindowSteps = 8;

/// Runs `request(queue host, answer)` on the queue's shard; what it answers comes to `done` on `shard`.
template <class T, class Request>
void ask(Shard& shard, ShardId to, Callback<T> done, Request request) {
  shard.mailbox().send(
      to, [home = shard.id(), done = std::move(done), request = std::move(request)](Shard& there) mutable {
        request(there.queues(), Callback<T>([&there, home, done = std::move(done)](Result<T> result) mutable {
                  there.mailbox().send(home, [done = std::move(done), result = std::move(result)](Shard&) mutable {
                    done(std::move(result));
                  });
                }));
      });
}

}  // namespace

struct Consumers::State {
  explicit State(Shard& owner) : shard(owner), outgoing(owner.shard_count()) {}

  struct Entry {
    ConsumerSink* sink = nullptr;
    QueueRef queue;
    ConnectionId connection;
    std::uint64_t window = 0;
    // Taken by the client, not yet told to the queue.
    std::uint64_t window_bytes = 0;
  };
  using Entries = boost::unordered_flat_map<std::uint64_t, Entry>;
  struct Outgoing {
    std::vector<SettleRequest> settles;
    std::vector<WindowReturn> windows;
    bool empty() const { return settles.empty() && windows.empty(); }
  };

  Shard& shard;
  Entries entries;
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> of_connection;  // how many
  std::vector<Outgoing> outgoing;
  bool pending = false;

  /// Returns the new consumer's window.
  std::uint64_t add(ConsumerId consumer, ConsumerSink* sink, const ConsumeOptions& options) {
    const std::uint64_t count = ++of_connection[options.connection.value];
    const std::uint64_t window = std::clamp(kConnectionWindow / count, kSmallestWindow, kWindowBytes);
    entries.emplace(consumer.value, Entry{sink, options.queue, options.connection, window, 0});
    return window;
  }
  void remove(Entries::iterator entry) {
    const auto count = of_connection.find(entry->second.connection.value);
    if (--count->second == 0) of_connection.erase(count);
    entries.erase(entry);
  }
  void remove(ConsumerId consumer) {
    if (const auto entry = entries.find(consumer.value); entry != entries.end()) remove(entry);
  }
  /// `done` runs on this shard; on the queue's own at once, as deliveries take no detour there either.
  void cancel(QueueRef queue, ConsumerId consumer, Callback<void> done) {
    shard.mailbox().send(
        queue.shard, [home = shard.id(), queue, consumer, done = std::move(done)](Shard& there) mutable {
          there.queues().cancel(queue.queue, consumer, [&there, home, done = std::move(done)](Result<void>) mutable {
            if (home == there.id()) return done({});
            there.mailbox().send(home, [done = std::move(done)](Shard&) mutable { done({}); });
          });
        });
  }
  void add_settle(QueueRef queue, ConsumerId consumer, Offset first, Offset last, SettleHow how) {
    auto& settles = outgoing[queue.shard.value].settles;
    pending = true;
    if (!settles.empty()) {
      SettleRequest& back = settles.back();
      if (back.queue == queue.queue && back.consumer == consumer && back.how == how && back.last + Offset(1) == first) {
        back.last = last;
        return;
      }
    }
    settles.push_back({queue.queue, consumer, first, last, how});
  }
  void give_back(const DeliveryBundle& bundle) {
    for (const Delivery& delivery : bundle.deliveries) {
      add_settle(bundle.queue, bundle.consumer, delivery.offset, delivery.offset, SettleHow::give_back);
    }
  }
};

Consumers::Consumers(Shard& shard) : state_(std::make_unique<State>(shard)) {
  shard.loop().add_hook(io::Loop::Stage::publish, this);
}

Consumers::~Consumers() {
  state_->shard.loop().remove_hook(this);
}

void Consumers::consume(const ConsumeOptions& options, ConsumerSink* sink, Callback<ConsumerId> done) {
  send_pending();
  Shard& shard = state_->shard;
  const ConsumerId consumer = shard.next_consumer_id();
  const ConsumeRequest request{options, consumer, shard.id(), state_->add(consumer, sink, options)};
  shard.mailbox().send(options.queue.shard, [request, done = std::move(done)](Shard& there) mutable {
    auto started = there.queues().consume(request);
    auto answer = [consumer = request.consumer, started = std::move(started),
                   done = std::move(done)](Shard& here) mutable {
      if (started.has_value()) return done(consumer);
      here.consumers().state_->remove(consumer);
      done(std::unexpected(started.error()));
    };
    // On the same shard deliveries take no detour, so the answer must not either.
    if (request.home == there.id()) return answer(there);
    there.mailbox().send(request.home, std::move(answer));
  });
}

void Consumers::cancel(ConsumerId consumer, Callback<void> done) {
  send_pending();
  const auto it = state_->entries.find(consumer.value);
  if (it == state_->entries.end()) return done(base::fail(BrokerErrc::not_found, "no such consumer"));
  state_->cancel(it->second.queue, consumer, [this, consumer, done = std::move(done)](Result<void> result) mutable {
    state_->remove(consumer);
    done(std::move(result));
  });
}

void Consumers::drop(ConsumerId consumer, Callback<void> done) {
  send_pending();
  const auto it = state_->entries.find(consumer.value);
  if (it == state_->entries.end()) return done({});
  const QueueRef queue = it->second.queue;
  state_->remove(it);
  state_->cancel(queue, consumer, std::move(done));
}

void Consumers::settle(QueueRef queue, ConsumerId consumer, Offset first, Offset last, Settle how) {
  state_->add_settle(queue, consumer, first, last, settle_how(how));
}

void Consumers::consumed(ConsumerId consumer, std::uint64_t window_bytes) {
  const auto it = state_->entries.find(consumer.value);
  if (it == state_->entries.end()) return;
  State::Entry& entry = it->second;
  entry.window_bytes += window_bytes;
  if (entry.window_bytes < entry.window / kWindowSteps) return;
  state_->pending = true;
  state_->outgoing[entry.queue.shard.value].windows.push_back(
      {entry.queue.queue, consumer, std::exchange(entry.window_bytes, 0)});
}

void Consumers::get(QueueRef queue, ConnectionId connection, bool auto_ack, Callback<GetReply> done) {
  send_pending();
  ask<GetReply>(state_->shard, queue.shard, std::move(done), [=](QueueHost& host, Callback<GetReply> answer) {
    host.get(queue.queue, connection, auto_ack, std::move(answer));
  });
}

void Consumers::purge(QueueRef queue, Callback<std::uint64_t> done) {
  send_pending();
  ask<std::uint64_t>(state_->shard, queue.shard, std::move(done), [=](QueueHost& host, Callback<std::uint64_t> answer) {
    host.purge(queue.queue, std::move(answer));
  });
}

void Consumers::stats(QueueRef queue, Callback<QueueStats> done) {
  send_pending();
  ask<QueueStats>(state_->shard, queue.shard, std::move(done),
                  [=](QueueHost& host, Callback<QueueStats> answer) { host.stats(queue.queue, std::move(answer)); });
}

bool Consumers::pending() const {
  return state_->pending;
}

void Consumers::on_turn_end() {
  send_pending();
}

void Consumers::send_pending() {
  if (!std::exchange(state_->pending, false)) return;
  for (std::size_t i = 0; i < state_->outgoing.size(); ++i) {
    State::Outgoing& outgoing = state_->outgoing[i];
    if (outgoing.empty()) continue;
    const ShardId to(static_cast<std::uint16_t>(i));
    if (to == state_->shard.id()) {
      // No detour for the own shard.
      state_->shard.queues().settle(outgoing.settles);
      state_->shard.queues().return_window(outgoing.windows);
      outgoing.settles.clear();
      outgoing.windows.clear();
    } else {
      state_->shard.mailbox().send(to, [sent = std::exchange(outgoing, {})](Shard& there) {
        there.queues().settle(sent.settles);
        there.queues().return_window(sent.windows);
      });
    }
  }
}

void Consumers::deliver(std::unique_ptr<DeliveryBundle> bundle) {
  const auto it = state_->entries.find(bundle->consumer.value);
  if (it == state_->entries.end()) {
    // Sent before the queue knew that the consumer was dropped.
    state_->give_back(*bundle);
    return;
  }
  it->second.sink->on_deliveries(*bundle);
}

void Consumers::cancelled(ConsumerId consumer, const std::string& reason) {
  const auto it = state_->entries.find(consumer.value);
  if (it == state_->entries.end()) return;
  ConsumerSink* sink = it->second.sink;
  state_->remove(it);
  sink->on_cancelled(consumer, reason);
}

}  // namespace millrace::broker

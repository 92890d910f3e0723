#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker/delivery.h"
#include "broker/error.h"
#include "broker/types.h"
#include "io/loop.h"

namespace millrace::broker {

class Shard;

/// Where a reader of a stream begins.
struct StreamStart {
  enum class At : std::uint8_t {
    first,   // the oldest record
    last,    // the newest batch
    next,    // what is written from now on
    offset,  // this one, or the nearest that is there
    time,    // the first batch that is not older
  };
  At at = At::next;
  Offset offset;
  Timestamp time;
};

/// Which records of a stream its reader gets. Called on the stream's shard, on any number of shards at a time.
class RecordFilter {
 public:
  virtual ~RecordFilter() = default;
  virtual bool matches(const model::RecordView& record, const model::Envelope& envelope) const = 0;
};

struct ConsumeOptions {
  QueueRef queue;
  ConnectionId connection;
  /// Settled as accepted when handed to the sink.
  bool auto_ack = false;
  bool exclusive = false;
  /// Most unsettled messages at a time; 0: no limit (then only the window of bytes limits).
  std::uint32_t prefetch = 0;
  std::int32_t priority = 0;
  /// For people: shown in listings.
  std::string tag;
  // Of a stream's readers only. They get as many messages as they have room for (`prefetch` less what they have not
  // settled); settling gives room back and does nothing else, and what they have not settled is nobody's loss.
  StreamStart start;
  /// Null: everything.
  std::shared_ptr<const RecordFilter> filter;
};

enum class Settle : std::uint8_t {
  accept,   // done: remove it
  requeue,  // put it back at its place, marked redelivered
  reject,   // dead-letter it, or remove it where nothing is configured
  fail,     // the same as requeue, and counted as a failed delivery
};

struct QueueStats {
  std::uint64_t ready = 0;
  std::uint64_t unacknowledged = 0;
  std::uint32_t consumers = 0;
  std::uint64_t bytes = 0;
  /// Since the start: what the retention of a topic took before it was settled.
  std::uint64_t lost = 0;
};

struct GetReply {
  /// One delivery, or none when the queue was empty.
  DeliveryBundle bundle;
  /// Ready messages left in the queue.
  std::uint64_t remaining = 0;
};

/// The consuming side of a connection's shard: passes requests to the queues' shards and deliveries to the sinks.
/// Settlements of a turn travel together. All members are called on, and all callbacks run on, this shard's loop.
class Consumers : public io::TurnHook {
 public:
  explicit Consumers(Shard& shard);
  ~Consumers() override;

  /// `sink` must stay until cancel() returned its callback, or on_cancelled. Deliveries may come before `done` has
  /// run only if they are from a different consumer: `done` is always first for its own.
  void consume(const ConsumeOptions& options, ConsumerSink* sink, Callback<ConsumerId> done);
  /// No delivery comes after `done`, and an auto-delete queue that had no other consumer is gone by then. Deliveries
  /// not settled stay with the caller, who settles them later.
  void cancel(ConsumerId consumer, Callback<void> done);
  /// Immediate form for a connection that ends: the sink is never called again. The caller settles what is unsettled.
  void drop(ConsumerId consumer, Callback<void> done = [](const Result<void>&) {});

  /// Settles one delivered message; a range of offsets costs the same. A range must not reach over a message that the
  /// caller gave back before: it may be on its way to the same consumer once more, and would be settled unseen.
  void settle(QueueRef queue, ConsumerId consumer, Offset first, Offset last, Settle how);
  /// Gives back window space for what has left towards the client (or was dropped). A consumer holds at most about
  /// kWindowBytes that were handed to its sink and not yet given back: a slow reader stops its own deliveries only.
  void consumed(ConsumerId consumer, std::uint64_t window_bytes);
  static constexpr std::uint64_t kWindowBytes = std::uint64_t{1} << 20;
  /// The consumers of one connection share this much, but each has at least kSmallestWindow: a client that consumes
  /// from thousands of queues and reads nothing cannot fill the memory.
  static constexpr std::uint64_t kConnectionWindow = std::uint64_t{32} << 20;
  static constexpr std::uint64_t kSmallestWindow = std::uint64_t{16} << 10;

  /// Takes one message out. When it is not auto_ack, it must be settled with ConsumerId(0).
  void get(QueueRef queue, ConnectionId connection, bool auto_ack, Callback<GetReply> done);
  /// Removes all ready messages; returns their number.
  void purge(QueueRef queue, Callback<std::uint64_t> done);
  void stats(QueueRef queue, Callback<QueueStats> done);

  void on_turn_end() override;
  /// Sends the settlements gathered so far. Every request does so first, so that it finds them applied.
  void send_pending();
  /// Something waits for the end of a turn.
  bool pending() const;

  /// Called by queues' shards (through the mailbox).
  void deliver(std::unique_ptr<DeliveryBundle> bundle);
  void cancelled(ConsumerId consumer, const std::string& reason);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::broker

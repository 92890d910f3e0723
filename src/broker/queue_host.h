#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "broker/consumers.h"
#include "broker/dead_letter.h"
#include "broker/delivery.h"
#include "broker/error.h"
#include "broker/queue_requests.h"
#include "broker/types.h"
#include "bytes/slab.h"
#include "catalog/objects.h"
#include "io/loop.h"
#include "storage/log.h"
#include "storage/state_machine.h"
#include "storage/types.h"

namespace millrace::broker {

class Shard;
class StreamHost;

/// The queues of one shard, and the parts of those that are over topics. All members run on that shard's loop;
/// callbacks given to requests run there too, and carry their result home themselves.
///
/// Start: create() for every queue of the catalog, then the store is opened with recovery_*(), then recovered().
/// Afterwards create() and remove() follow the catalog.
class QueueHost final : public io::TurnHook {
 public:
  explicit QueueHost(Shard& shard);
  ~QueueHost() override;

  /// Acts only when the queue lives on this shard. Before recovered() the queue is only registered.
  void create(const catalog::Queue& queue);
  /// Policies say something else now.
  void set_settings(ObjectId queue, const catalog::QueueSettings& settings);
  /// The topic of a queue's source has more partitions.
  void add_parts(const catalog::Queue& queue);
  /// Called on every shard. Consumers hear on_cancelled; log and state are dropped.
  void remove(const catalog::Queue& queue);

  /// For the store's recovery: null for what is not a queue of this shard (nor its table of moves).
  storage::StateMachine* recovery_machine(storage::StateId state);
  const storage::LogOptions* recovery_log_options(LogId log);
  /// After the store was opened: queues without a log get one, interrupted dead-letter moves go on.
  void recovered();

  /// Appends a publisher's batch as Queue::offer() does. A queue that is gone swallows it.
  bool append(ObjectId queue, const bytes::Slab& batch, std::uint32_t records, std::vector<std::uint32_t>& refused);
  /// Whether the queue has room for all of these batches, by its length limits.
  bool takes(ObjectId queue, std::span<const bytes::Slab> batches) const;
  /// Appends what was decided before: no length limit counts. True when the batch is journalled.
  bool append_decided(ObjectId queue, const bytes::Slab& batch);
  /// For the stream view of a queue's log: like Store::append, and the queue learns of it. Length limits do not apply.
  storage::Result<Offset> append_stream(ObjectId queue, bytes::Slab batch);
  /// Streams are queues by name; what is done with them goes on there.
  StreamHost& streams();
  /// True when the log is the own log of a queue here, which is no stream.
  bool owns_log(LogId log) const;
  /// After the store's commit: makes the records of that round deliverable. To be called for every round.
  void committed(storage::Round round);
  /// Ready messages, or why it cannot be deleted.
  Result<std::uint64_t> can_delete(ObjectId queue, bool if_unused, bool if_empty);
  QueueStats stats_of(ObjectId queue) const;

  // Requests of consumers' shards.
  Result<void> consume(const ConsumeRequest& request);
  /// An auto-delete queue that loses its last consumer is gone when `done` runs.
  void cancel(ObjectId queue, ConsumerId consumer, Callback<void> done);
  void settle(const std::vector<SettleRequest>& requests);
  /// The same for deliveries of a time before the start: what is ready again is settled all the same.
  void settle_recovered(const std::vector<SettleRequest>& requests);
  /// Journals what has changed of the queue now, in the present round; true when anything has.
  bool flush(ObjectId queue);
  /// Runs `task` when the round is durable; at once (within the call) when it is.
  void answer_when_durable(storage::Round round, io::Task task);
  void return_window(const std::vector<WindowReturn>& returns);
  /// See allowance.h.
  void set_allowance(ObjectId queue, ConsumerId consumer, std::uint32_t most);
  void get(ObjectId queue, ConnectionId connection, bool auto_ack, Callback<GetReply> done);
  void purge(ObjectId queue, Callback<std::uint64_t> done);
  /// For who declares or looks at the queue: counts as use of it, which stats_of() does not.
  void stats(ObjectId queue, Callback<QueueStats> done);
  void used(ObjectId queue);

  // Dead-letter moves, between shards.
  void receive_move(const MoveRequest& request);
  /// The targets of a move on `from` have it durably. `accepted` false: no space there, try again later.
  void move_answered(ShardId from, ObjectId source, Offset offset, bool accepted);
  /// The sources settled these: their entries are not needed any more.
  void forget_moves(ObjectId source, const std::vector<Offset>& offsets);
  /// Which of these moves are over for their source, which lives here.
  std::vector<Offset> finished_moves(ObjectId source, const std::vector<Offset>& offsets) const;

  /// Moves that arrived here and whose sources have not settled yet; for metrics and tests.
  std::size_t remembered_moves() const;

  /// To be filled before the shard serves.
  DeadLetterRewriters& dead_letter_rewriters();

  /// Stage::deliver: one pass over the queues that have work, then the turn's commands.
  void on_turn_end() override;

 private:
  void purge_known(ObjectId queue, Callback<std::uint64_t> done);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::broker

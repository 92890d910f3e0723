#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "broker/queue_engine.h"
#include "broker/queue_requests.h"
#include "broker/queue_state.h"
#include "broker/record_reader.h"
#include "storage/log.h"
#include "storage/types.h"

namespace millrace::broker {

class Queue;
class QueueSchedule;
class Shard;

/// Takes the dying records of one queue to their dead-letter queues, each exactly once:
///
/// 1. the record is read, its targets are decided and written down as an intent (a command of the queue's state);
/// 2. when that is durable, the changed message is sent to every shard that has a target; there it is appended to all
///    of them in one round, together with an entry (source queue, offset) in that shard's table of moves;
/// 3. when that round is durable the shard answers; when all have, the record is settled here;
/// 4. when that is durable, the shards forget their entries.
///
/// After a crash every intent starts again at 2 with the same targets, and a shard that has the entry only answers. Of
/// a target that no longer exists, its part counts as done. A queue that lives in memory writes nothing down.
/// Lives on the queue's shard, owned by the queue.
class MoveSource {
 public:
  MoveSource(Shard& shard, QueueSchedule& schedule, Queue& queue);

  void add(const std::vector<QueueEngine::Dying>& dying);
  /// Goes on with the intents, and what else was dying, that recovery found.
  void resume();
  /// Reads and decides as far as it gets without waiting.
  void work();
  /// What was decided or settled so far becomes durable with `round`.
  void flushed(storage::Round round);
  void committed(storage::Round round);
  bool waits_for_commit() const { return !deciding_.empty() || !settling_.empty(); }
  void answered(ShardId from, Offset offset, bool accepted);
  /// True while the shards with targets must remember the move.
  bool needs_memory_of(Offset offset) const;
  /// A record that dies is not in the log any more.
  void lost(Offset first, Offset last);

  /// Moves between the decision and the settlement, each with its message in memory.
  static constexpr std::size_t kMaxInFlight = 256;
  static constexpr std::uint64_t kMaxInFlightBytes = std::uint64_t{8} << 20;

 private:
  struct Move {
    std::shared_ptr<const MoveRoute> route;
    bytes::Slab batch;
    std::uint64_t shards_left = 0;
  };
  struct Stage {
    storage::Round round;
    Offset offset;
  };
  struct Forget {
    Offset offset;
    std::uint64_t shards = 0;
  };

  void begin(Offset offset, DeathReason reason, const RecordReader::Found& found);
  std::shared_ptr<const MoveRoute> decide(DeathReason reason, Timestamp time, const RecordReader::Found& found) const;
  bytes::Slab rewrite(const MoveIntent& intent, const RecordReader::Found& found) const;
  void send(Offset offset);
  void finish(Offset offset, std::uint64_t shards);
  void forget(const std::vector<Forget>& done);

  Shard& shard_;
  QueueSchedule& schedule_;
  Queue& queue_;
  RecordReader reader_;
  std::map<Offset, DeathReason> waiting_;
  std::map<Offset, Move> in_flight_;
  std::uint64_t in_flight_bytes_ = 0;
  // Decided, not yet in a command; then in a round; then sent.
  std::vector<Offset> decided_;
  std::deque<Stage> deciding_;
  // Settled, not yet in a command; then in a round; then forgotten.
  std::vector<Forget> settled_;
  std::deque<std::pair<storage::Round, Forget>> settling_;
  std::vector<Offset> refused_;  // to be sent again
};

}  // namespace millrace::broker

#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/queue_engine.h"
#include "broker/queue_requests.h"
#include "broker/queue_state.h"
#include "broker/record_reader.h"
#include "catalog/objects.h"
#include "io/loop.h"
#include "storage/log.h"
#include "storage/store.h"

namespace millrace::broker {

class MoveSource;
class Queue;
class Shard;

/// How a queue asks its host for attention.
class QueueSchedule {
 public:
  virtual ~QueueSchedule() = default;
  /// There may be something to deliver, answer or move: call Queue::work() at the end of the turn.
  virtual void wants_work(Queue& queue) = 0;
  /// Its state changed: call Queue::flush() at the end of the turn.
  virtual void changed(Queue& queue) = 0;
  /// Call work() again after a while: something failed.
  virtual void retry_later(Queue& queue) = 0;
  virtual const DeadLetterRewriters& rewriters() const = 0;
};

/// What a queue may do in one turn, so that a busy one does not starve the others.
struct WorkBudget {
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0;
  bool spent() const { return messages == 0 || bytes == 0; }
  void take(std::uint64_t size) {
    if (messages > 0) --messages;
    bytes -= size < bytes ? size : bytes;
  }
};

/// One queue: its engine bound to its log, its consumers, and the messages on their way out. Lives on its shard, owned
/// by the QueueHost; made when the catalog names it, bound to its log when the store is open.
class Queue {
 public:
  Queue(Shard& shard, QueueSchedule& schedule, const catalog::Queue& definition);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  ObjectId id() const { return definition_.id; }
  QueueRef ref() const { return {definition_.id, definition_.shard}; }
  const catalog::Queue& definition() const { return definition_; }
  const storage::LogOptions& log_options() const { return log_options_; }
  bool journalled() const { return definition_.stored(); }
  QueueState& state() { return state_; }
  QueueEngine& engine() { return *engine_; }
  const QueueEngine& engine() const { return *engine_; }
  storage::Log& log() { return *log_; }
  MoveSource* moves() { return moves_.get(); }

  /// Ties the queue to its log; `state()` is what recovery found.
  void bind(storage::Log& log);

  /// True when the length limit refuses so many more records.
  bool is_full_for(std::uint32_t records) const;
  /// Appends a batch, whatever the limit. Fails with disk_full.
  storage::Result<Offset> append(bytes::Slab batch);
  /// Takes over what the log has committed.
  void committed();

  Result<void> consume(const ConsumeRequest& request);
  void cancel(ConsumerId consumer);
  void settle(const SettleRequest& request);
  void return_window(ConsumerId consumer, std::uint64_t bytes);
  void get(ConnectionId connection, bool auto_ack, Callback<GetReply> done);
  std::uint64_t purge();
  QueueStats stats() const;
  /// Somebody asked for the queue or took from it: the time after which an unused queue goes begins anew.
  void used();

  /// Delivers, answers gets, advances dead-letter moves. True when more could be done at once.
  bool work(WorkBudget& budget);
  /// Journals the changes since the last time and frees settled records. What need not be durable soon waits for a call
  /// with `late`: a moved delivery mark, a few settled records.
  void flush(bool late);
  bool has_late_work() const;
  /// A dead-letter move has come to its end.
  void move_finished();
  /// The queue is being deleted: tells its consumers and whoever waits.
  void close(const std::string& reason);

  /// Places in the host's lists.
  bool in_work_list = false;
  bool in_changed_list = false;
  bool in_touched_list = false;
  bool in_late_list = false;
  bool in_moving_list = false;
  storage::Round touched_round;

 private:
  struct Member {
    ConsumeRequest request;
    std::unique_ptr<DeliveryBundle> bundle;
    bool live = false;
  };
  struct Get {
    ConnectionId connection;
    bool auto_ack = false;
    Callback<GetReply> done;
  };
  enum class Fetched : std::uint8_t { found, again, wait, nothing };

  void enforce_length();
  Fetched fetch(const QueueEngine::Next& next, RecordReader::Found& found);
  void skipped(Offset first, Offset last, bool damaged);
  bool serve_gets();
  bool deliver(WorkBudget& budget);
  void send_bundles();
  void add_to(DeliveryBundle& bundle, const RecordReader::Found& found, const QueueEngine::Delivered& how);
  void bury(const std::vector<QueueEngine::Dying>& dying);
  bool may_expire(Offset offset) const;
  std::optional<Timestamp> deadline_of(const RecordReader::Found& found) const;
  bool is_overdue(const RecordReader::Found& found) const;
  bool let_expire(const RecordReader::Found& found);
  bool expire_heads(WorkBudget& budget);
  void wake_at(Timestamp deadline);
  void watch_use(base::Nanos delay);
  void check_use();
  QueueEngine::Policy policy() const;
  /// All records below are settled.
  Offset floor() const;

  Shard& shard_;
  QueueSchedule& schedule_;
  catalog::Queue definition_;
  storage::LogOptions log_options_;
  QueueState state_;
  storage::Log* log_ = nullptr;
  std::unique_ptr<QueueEngine> engine_;
  std::unique_ptr<RecordReader> fresh_reader_;
  std::unique_ptr<RecordReader> back_reader_;
  std::unique_ptr<MoveSource> moves_;

  std::vector<Member> members_;  // by the engine's slot
  std::vector<std::uint32_t> with_bundle_;
  std::deque<Get> gets_;
  std::optional<ConsumerId> exclusive_consumer_;
  bool had_consumer_ = false;
  Offset trimmed_;
  bytes::ByteVector command_;
  std::vector<QueueEngine::Dying> dying_;

  // Expiry. `now_` is that of the present call of work(), in a queue that has to know it.
  Timestamp now_;
  /// Records below it were offered to the consumers once.
  Offset offered_end_;
  /// The head that was looked at last, and when it expires.
  Offset head_ = model::kNoOffset;
  std::optional<Timestamp> head_deadline_;
  io::Timer expiry_timer_;
  Timestamp wakes_at_;
  bool waits_for_moves_ = false;

  // A queue that goes when it is not used.
  base::Nanos used_at_;
  io::Timer use_timer_;
};

}  // namespace millrace::broker

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/batch_records.h"
#include "broker/queue_engine.h"
#include "broker/queue_requests.h"
#include "broker/queue_state.h"
#include "broker/record_reader.h"
#include "broker/work_budget.h"
#include "catalog/objects.h"
#include "io/loop.h"
#include "storage/log.h"
#include "storage/store.h"

namespace millrace::broker {

class MoveSource;
class Queue;
class Shard;
class SourceLog;
class TopicQueue;

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

/// One queue: its engine bound to its log, its consumers, and the messages on their way out. Lives on its shard, owned
/// by the QueueHost; made when the catalog names it, bound to its log when the store is open.
///
/// Or one part of a queue over a topic: the same, with the log of a partition that it only reads (TopicQueue has the
/// parts together). A part has a number of its own, by which its state, deliveries and dead-letter moves know it.
class Queue {
 public:
  Queue(Shard& shard, QueueSchedule& schedule, const catalog::Queue& definition);
  /// A part; `definition` has its number, and what of the queue's settings is for it.
  Queue(Shard& shard, QueueSchedule& schedule, const catalog::Queue& definition, const catalog::QueuePart& part,
        TopicQueue& whole);
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
  /// The same for a part.
  void bind_source();
  bool is_part() const { return source_ != nullptr; }
  /// Whether a part has heard of its log since the start.
  bool is_known() const;
  /// Runs `done` when a part knows how its log is now.
  void look(io::Task done);

  /// Appends what fits of a publisher's batch; `refused` gets the numbers of the records that do not. False when
  /// nothing was appended; with nothing in `refused` that was for lack of space.
  bool offer(const bytes::Slab& batch, std::uint32_t records, std::vector<std::uint32_t>& refused);
  /// Whether offer() would take all records of all the batches.
  bool has_room(std::span<const bytes::Slab> batches) const;
  /// Appends a batch, whatever the limit. Fails with disk_full.
  storage::Result<Offset> append(bytes::Slab batch);
  /// Takes over what the log has committed, up to where a transaction is open.
  void committed();
  /// Up to where messages may be given out.
  Offset readable_end() const;

  /// Takes effect at once, for what is in the queue already as well. The number of levels does not change.
  void set_settings(const catalog::QueueSettings& settings);

  /// `credit`: what the consumer has in all parts of a queue.
  Result<void> consume(const ConsumeRequest& request, std::shared_ptr<ConsumerCredit> credit = nullptr);
  /// The consumer has more room, or was given something, in another part.
  void wake(ConsumerId consumer);
  /// True when this was the last consumer of an auto-delete queue, which is to be deleted now.
  bool cancel(ConsumerId consumer);
  void settle(const SettleRequest& request);
  /// Of a transaction that was decided before the start: nobody holds what it settles.
  void settle_recovered(const SettleRequest& request);
  void return_window(ConsumerId consumer, std::uint64_t bytes);
  void set_allowance(ConsumerId consumer, std::uint32_t most);
  void get(ConnectionId connection, bool auto_ack, Callback<GetReply> done);
  std::uint64_t purge();
  QueueStats stats() const;
  /// Somebody asked for the queue or took from it: the time after which an unused queue goes begins anew.
  void used();

  /// Delivers, answers gets, advances dead-letter moves. True when more could be done at once.
  bool work(WorkBudget& budget);
  /// Journals the changes since the last time and frees settled records. What need not be durable soon waits for a call
  /// with `late`: a moved delivery mark, a few settled records.
  /// True when it journalled anything.
  bool flush(bool late);
  bool has_late_work() const;
  /// Tells the shard how much memory the state takes now.
  void count_memory();
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
  /// A batch between append and commit, in a queue that looks at each record.
  struct Arrival {
    Offset base;
    Offset end;
    Timestamp time;
    std::vector<RecordTraits> traits;
  };
  struct Fill {
    std::uint64_t length = 0;
    std::uint64_t bytes = 0;
  };
  enum class Fetched : std::uint8_t { found, again, wait, nothing };

  Fill fill() const;
  bool append_refused(const bytes::Slab& batch, const std::vector<RecordTraits>& traits,
                      const std::vector<std::uint32_t>& refused);
  void bury_refused();
  bool enforce_length(WorkBudget& budget);
  bool let_go(Offset offset, std::uint64_t bytes, DeathReason reason);
  bool inspects() const;
  bool has_levels() const;
  void register_record(Offset offset, std::uint64_t bytes, std::optional<std::uint8_t> priority);
  void delay(Offset offset, std::uint64_t bytes, Timestamp due);
  std::uint64_t size_of(const RecordReader::Found& found) const;
  void start_inspection(Offset until);
  bool inspecting() const;
  void inspect(WorkBudget& budget);
  void take_arrivals();
  void forget_arriving(const Arrival& arrival);
  std::unique_ptr<RecordReader> make_reader(RecordReader::SkippedCallback on_skipped);
  std::unique_ptr<RecordReader> make_reader();
  RecordReader& reader_for(const QueueEngine::Next& next);
  void release_readers();
  void source_changed();
  void tell_lost(std::uint64_t lost);
  Fetched fetch(const QueueEngine::Next& next, RecordReader::Found& found);
  void skipped(Offset first, Offset last, bool damaged);
  std::uint64_t lose(Offset first, Offset last, bool damaged);
  bool serve_gets();
  bool deliver(WorkBudget& budget);
  void send_bundles();
  void wait_for_retries();
  void watch_retries();
  void bury(const std::vector<QueueEngine::Dying>& dying);
  bool may_expire(Offset offset) const;
  static Timestamp deadline_of(Timestamp appended_at, std::optional<Millis> time);
  std::optional<Timestamp> deadline_of(const RecordReader::Found& found) const;
  bool is_overdue(const RecordReader::Found& found) const;
  bool let_expire(const RecordReader::Found& found);
  bool expire_heads(WorkBudget& budget);
  void look_for_expired(Offset from);
  bool take_expired();
  void wake_at(Timestamp deadline);
  void watch_use(base::Nanos delay);
  void check_use();
  QueueEngine::Policy policy() const;
  /// All records below are settled.
  Offset floor() const;

  Shard& shard_;
  QueueSchedule& schedule_;
  catalog::Queue definition_;
  /// What the catalog knows it by; of a part, its queue's.
  ObjectId catalog_id_;
  std::unique_ptr<SourceLog> source_;
  TopicQueue* whole_ = nullptr;
  Offset first_;     // of a part: what lies below is not for the queue
  Offset expected_;  // of a part: what retention took below is accounted for
  std::uint64_t lost_ = 0;
  storage::LogOptions log_options_;
  QueueState state_;
  storage::Log* log_ = nullptr;
  std::unique_ptr<QueueEngine> engine_;
  std::unique_ptr<RecordReader> fresh_reader_;
  std::unique_ptr<RecordReader> back_reader_;
  /// Of a queue with priorities, for fresh records; at most kMaxLevelReaders.
  std::map<std::uint8_t, std::unique_ptr<RecordReader>> level_readers_;
  static constexpr std::size_t kMaxLevelReaders = 8;
  std::unique_ptr<MoveSource> moves_;

  std::vector<Member> members_;  // by the engine's slot
  std::vector<std::uint32_t> with_bundle_;
  std::deque<Get> gets_;
  std::optional<ConsumerId> exclusive_consumer_;
  bool had_consumer_ = false;
  Offset trimmed_;
  bytes::ByteVector command_;
  std::uint64_t counted_memory_ = 0;
  std::vector<QueueEngine::Dying> dying_;
  /// Records that came back and wait, by the time when they are ready again.
  std::multimap<Timestamp, Offset> retries_;
  io::Timer retry_timer_;
  Timestamp retry_at_;

  // Counting and limits.
  /// Dying records at a time when they die of their age or number; the others wait in the queue for them.
  static constexpr std::uint64_t kMaxDying = 4096;
  std::deque<Arrival> arrivals_;
  std::uint64_t arriving_bytes_ = 0;
  std::uint64_t refused_uncommitted_ = 0;
  Offset buried_end_;
  std::unique_ptr<RecordReader> inspector_;
  Offset inspected_until_;
  Offset recovered_end_;  // what was there at the start

  // Expiry. `now_` is that of the present call of work(), in a queue that has to know it.
  Timestamp now_;
  /// Records below it were offered to the consumers once.
  Offset offered_end_;
  /// The head that was looked at last, and when it expires.
  Offset head_ = model::kNoOffset;
  std::optional<Timestamp> head_deadline_;
  /// What the segments' indexes were asked after many heads in a row were over their time: up to where all are. Only
  /// without dead letters, which must be read, and where no sizes or levels of single records count.
  struct ExpiredRange {
    Offset from;
    std::optional<Offset> until;  // none: no answer yet
  };
  std::shared_ptr<ExpiredRange> expired_range_;
  std::uint32_t overdue_in_row_ = 0;
  static constexpr std::uint32_t kOverdueBeforeRange = 64;
  io::Timer expiry_timer_;
  Timestamp wakes_at_;
  bool waits_for_moves_ = false;

  // A queue that goes when it is not used.
  base::Nanos used_at_;
  io::Timer use_timer_;
};

}  // namespace millrace::broker

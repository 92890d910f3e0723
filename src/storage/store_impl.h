#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/commit_round.h"
#include "storage/file_cache.h"
#include "storage/journal.h"
#include "storage/log_impl.h"
#include "storage/store.h"

namespace millrace::storage {

/// Freeing the oldest journal file, step by step.
struct Retirement {
  enum class Phase : std::uint8_t { flush, copy, wait };
  Phase phase = Phase::flush;
  std::uint64_t last_round = 0;  // of the file
  struct Flush {
    LogId log;
    Offset until;
  };
  std::vector<Flush> to_flush;
  std::size_t next_flush = 0;
  int flushing = 0;
  std::size_t next_log = 0;
  std::size_t next_state = 0;
  std::uint64_t done_round = 0;
  bool paused = false;  // no space for segments; goes on with the next tick
};

/// Tails that go to their segments together: all are written before the first is synced, which costs the disk much less
/// than one after the other.
struct FlushGroup {
  struct Item {
    LogImpl* log = nullptr;
    Offset until;
    SegmentWrite write;
    Result<void> result;
  };
  std::vector<Item> items;
  std::uint64_t bytes = 0;

  /// On a worker.
  void execute();
};

/// The store of one shard. Files: store_impl.cc (appending and commands), store_rounds.cc (writing and committing
/// rounds), store_retire.cc (freeing the oldest journal file), store_upkeep.cc (once a second: space, retention),
/// store_compact.cc (compaction).
class StoreImpl final : public Store, public io::TurnHook, public LogHost {
 public:
  StoreImpl(const StoreEnvironment& environment, const StoreOptions& options);
  ~StoreImpl() override;

  Log* create_log(LogId id, const LogOptions& options) override;
  Log* find_log(LogId id) override;
  void delete_log(LogId id) override;
  Result<Offset> append(Log& log, bytes::Slab batch) override;
  void append_command(StateId state, bytes::ByteView command, Durability durability) override;
  void attach_state(StateId state, StateMachine* machine) override;
  void drop_state(StateId state) override;
  void want_round() override {
    gather_->wanted = true;
    if (!in_flight_) wake();
  }
  Round current_round() const override { return Round(gather_->builder.round()); }
  Round committed_round() const override { return Round(committed_); }
  void on_commit(std::function<void(Round)> listener) override { listeners_.push_back(std::move(listener)); }
  bool has_space(Bytes bytes) const override {
    return !disk_full_ && free_bytes_ - static_cast<std::int64_t>(bytes.value) >=
                              static_cast<std::int64_t>(options_.disk_reserve.value);
  }
  bool disk_full() const override { return disk_full_; }
  void shutdown(io::Task done) override;
  Stats stats() override;
  std::uint64_t memory_bytes() const override { return cached_bytes_ + tail_total; }
  const std::vector<QuarantinedRange>& quarantined() const override { return quarantined_; }

 private:
  friend class Recovery;

  struct State {
    StateMachine* machine = nullptr;
    /// Round of the newest snapshot, or of the first command if there is none; 0: nothing is in the journal.
    std::uint64_t base_round = 0;
    bool commands_since_snapshot = false;
  };

  // LogHost
  void run(io::Task work, io::Task done) override;
  void log_trimmed(LogImpl& log) override;
  void log_options_changed(LogImpl& log) override;
  void add_quarantined(const std::vector<QuarantinedRange>& ranges) override;
  void work_ended(LogImpl& log) override;
  // io::TurnHook
  void on_turn_end() override;

  /// Called once by the recovery, at its end: from now on the store works.
  void start();
  void fail(const std::string& reason);
  void touch(LogImpl& log);
  void wake();
  void want_meta(LogImpl& log) override;
  bool goes_direct(const LogImpl& log, std::uint64_t size) const;
  void append_memory(LogImpl& log, TailEntry entry);
  void commit_memory_logs();
  void free_dead_logs();

  // store_rounds.cc
  void try_start_round();
  bool round_wanted() const;
  std::uint64_t oldest_file_needed();
  LogMetaEntry meta_of(const LogImpl& log) const;
  bool direct_logs_are_free() const;
  std::uint64_t round_bound() const;
  void complete_gathered();
  void add_direct(LogImpl& log);
  void take_back_held();
  void journal_direct(LogImpl& log);
  void place_round(CommitRound& round);
  void submit_round();
  void write_journal();
  void part_done();
  void round_done();
  void settle(CommitRound& round, bool synced);
  void publish(CommitRound& round);
  void note_cached(LogImpl& log, Offset last, std::uint64_t bytes);

  // store_retire.cc
  void retire_step();
  void begin_retirement();
  void pick_flushes(const JournalFile& file);
  void retire_flush();
  bool plan_flushes(FlushGroup& group);
  void flush(std::shared_ptr<FlushGroup> group);
  void add_flush(FlushGroup& group, LogImpl& log);
  static bool is_full(const FlushGroup& group);
  void flushed(FlushGroup& group);
  bool retire_copy();
  void copy_forward(LogImpl& log, std::uint64_t last_round);
  void snapshot_state(StateId id, State& state);
  void finish_retirement();

  // store_upkeep.cc
  void arm_timer();
  void tick();
  void poll_space();
  void set_free_space(Bytes free);
  void apply_trim(LogImpl& log);
  void run_retention();
  void retain(LogImpl& log);
  void retain_memory(LogImpl& log);
  void run_rewrites();
  void rewrite(LogImpl& log);
  void remove_files(LogImpl& log, SegmentRemoval removal);

  // store_compact.cc
  struct CompactionJob;
  void run_timed();
  bool has_old_tail(const LogImpl& log) const;
  void compact(LogImpl& log);
  void compact_next(const std::shared_ptr<CompactionJob>& job, LogImpl& log);

  StoreEnvironment environment_;
  StoreOptions options_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  /// Shared with work that may still run when the store is gone.
  std::shared_ptr<FileCache> cache_;
  Journal journal_;
  std::unordered_map<LogId, std::unique_ptr<LogImpl>> logs_;
  std::vector<std::unique_ptr<LogImpl>> dead_logs_;  // deleted, not yet free
  std::unordered_map<StateId, State> states_;
  std::vector<QuarantinedRange> quarantined_;
  std::vector<std::function<void(Round)>> listeners_;

  std::shared_ptr<CommitRound> gather_ = std::make_shared<CommitRound>();
  std::shared_ptr<CommitRound> in_flight_;
  /// Written, but its segment writes found no space: commits together with the next one.
  std::shared_ptr<CommitRound> held_;
  std::shared_ptr<CommitRound> spare_;
  bool write_postponed_ = false;  // the one in flight waits for space to grow its file
  std::uint64_t committed_ = 0;
  std::uint64_t synced_ = 0;
  bool unsynced_rounds_ = false;
  bool failed_ = false;
  bool started_ = false;
  bool wake_posted_ = false;

  std::optional<Retirement> retirement_;
  std::vector<LogImpl*> memory_dirty_;
  struct Cached {
    LogId log;
    Offset last;
    std::uint64_t bytes = 0;
  };
  Ring<Cached> cached_;
  std::uint64_t cached_bytes_ = 0;

  bool disk_full_ = false;
  bool polling_space_ = false;
  std::int64_t free_bytes_ = 0;  // at the last poll, less what was appended since
  std::vector<LogId> retained_;  // logs with limits
  std::size_t next_retained_ = 0;
  std::vector<LogId> timed_;  // logs whose segments are closed by time, or compacted
  std::size_t next_timed_ = 0;
  std::vector<LogId> rewritable_;
  std::size_t next_rewritable_ = 0;
  bool rewrite_running_ = false;
  /// What a rewrite goes on with when this round is durable.
  std::optional<std::pair<Round, io::Task>> rewrite_waits_;
  bool compaction_running_ = false;
  io::Timer timer_;
  io::Task shutdown_done_;
  std::uint64_t shutdown_round_ = 0;
  Stats stats_;
};

}  // namespace millrace::storage

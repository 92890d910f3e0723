#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "io/loop.h"
#include "storage/journal_format.h"
#include "storage/log.h"
#include "storage/segment_set.h"
#include "storage/tail.h"

namespace millrace::storage {

class LogImpl;

/// What a log needs of its store.
class LogHost {
 public:
  virtual ~LogHost() = default;
  /// Runs `work` on a worker, then `done` on the loop, unless the store is gone then.
  virtual void run(io::Task work, io::Task done) = 0;
  /// The log's start has moved; it must become durable.
  virtual void log_trimmed(LogImpl& log) = 0;
  /// What its meta data says has changed; it must become durable.
  virtual void want_meta(LogImpl& log) = 0;
  virtual void log_options_changed(LogImpl& log) = 0;
  /// Ranges that were found damaged just now.
  virtual void add_quarantined(const std::vector<QuarantinedRange>& ranges) = 0;
  /// Work on a worker for a log has ended; a deleted log may be freed now, so nothing may touch it afterwards.
  virtual void work_ended(LogImpl& log) = 0;

  /// Bytes of all logs' batches that are in memory only or in the journal; the logs count here.
  std::uint64_t tail_total = 0;
};

/// A log: batches in memory (the tail) over batches in segments.
///
/// The tail holds, in order, some batches that are in segments too (a cache of the newest), then all batches that are
/// not: those in the journal or in the round being gathered. A memory log has nothing but its tail.
class LogImpl final : public Log {
 public:
  LogImpl(LogHost& host, LogId id, const LogOptions& options, std::unique_ptr<SegmentSet> segments)
      : host_(host), id_(id), options_(options), segments_(std::move(segments)) {}
  ~LogImpl() override { take_from_tail(tail_bytes_); }
  LogImpl(const LogImpl&) = delete;
  LogImpl& operator=(const LogImpl&) = delete;

  LogId id() const override { return id_; }
  const LogOptions& options() const override { return options_; }
  void set_options(const LogOptions& options) override;
  Offset start() const override { return start_; }
  Offset appended_end() const override { return appended_end_; }
  Offset committed_end() const override { return committed_end_; }
  Offset last_stable_end() const override;
  void set_undecided_from(Offset first) override { undecided_from_ = first; }
  Epoch epoch() const override { return epoch_; }
  bool read_hot(const ReadRequest& request, std::vector<BatchRef>& out) override;
  void read_cold(const ReadRequest& request, ReadCallback done) override;
  Offset skip_quarantined(Offset from) const override { return segments_->skip_quarantined(from); }
  void trim(Offset start) override;
  void raise_next(Offset next) override;
  void set_needed(std::function<bool(Offset first, Offset last)> needed) override;
  void find_time(Timestamp timestamp, TimeCallback done) override;
  void find_max_time(TimeCallback done) override;
  bool find_expired(const ExpiryRequest& request, ExpiryCallback done) override;
  const std::vector<EpochStart>& epochs() const override { return epochs_; }
  Bytes size() const override { return segments_->bytes() + Bytes(tail_bytes_); }

  bool in_memory() const { return options_.durability == Durability::memory; }
  LogMetaEntry meta() const;
  /// Adds a batch at the end; the caller has set its offsets. Not yet committed.
  void push(TailEntry entry);
  /// Everything below `end` is in segments: it stays in memory as cache only. Returns the bytes that became cache.
  std::uint64_t mark_flushed(Offset end);
  /// Drops cached batches up to `last`; returns their bytes.
  std::uint64_t evict(Offset last);
  /// Drops batches below the start from memory.
  void drop_below_start();
  /// Index in the tail of the first batch that is not in segments.
  std::size_t unflushed_begin() const { return cached_; }
  /// The batches of the tail that are not in segments and lie below `end`, at most about `max_bytes`.
  std::vector<BatchRef> unflushed(Offset end, std::uint64_t max_bytes) const;

  void take_from_tail(std::uint64_t bytes);

  // Fields below are the store's; this class only reads and writes them as described above.
  LogHost& host_;
  LogId id_;
  LogOptions options_;
  std::unique_ptr<SegmentSet> segments_;
  Offset start_{0};
  Offset appended_end_{0};
  Offset committed_end_{0};
  Offset next_offset_{0};
  Offset flushed_end_{0};
  Offset undecided_from_ = model::kNoOffset;
  Epoch epoch_{0};
  /// False until the first batch of this epoch put it into the table.
  bool epoch_recorded_ = false;
  std::vector<EpochStart> epochs_;
  std::vector<LogMetaEntry::Range> set_aside_;  // lost with a damaged part of the journal
  Ring<TailEntry> tail_;
  std::size_t cached_ = 0;         // entries of the tail that are in segments
  std::uint64_t tail_bytes_ = 0;   // of the others
  std::uint64_t cache_bytes_ = 0;  // of the cached ones
  std::function<bool(Offset first, Offset last)> needed_;

  std::uint64_t touched_round_ = 0;  // last round that this log is part of
  std::uint64_t meta_round_ = 0;     // round of its newest LogMeta
  bool meta_wanted_ = false;         // LogMeta goes into the gathered round
  bool trim_wanted_ = false;         // the start goes into the gathered round
  bool direct_wanted_ = false;       // the gathered round flushes the tail
  bool memory_dirty_ = false;        // a memory log with batches to commit at the end of the turn
  Offset durable_start_{0};          // what may be freed
  std::uint64_t listed_file_ = 0;    // newest journal file that lists this log
  std::uint64_t delete_round_ = 0;
  bool deleted_ = false;
  bool listed_retained_ = false;    // in the store's list of logs with limits
  bool listed_rewritable_ = false;  // ... and of logs with set_needed
  bool listed_timed_ = false;       // ... and of those with segment_time or compaction
  bool retention_running_ = false;
  SegmentName compaction_seen_ = kNoSegment;  // the last segment when compaction found nothing to do
  int works_ = 0;                             // on workers now

 private:
  enum class ColdOutcome : std::uint8_t { done, again };
  void read_cold_from(Offset asked, const ReadRequest& request, ReadCallback done);
  ColdOutcome complete_cold(Offset asked, ReadRequest& request, Offset flushed_then,
                            Result<std::vector<BatchRef>>& result);
  void look_up_time(SegmentTimeLookup lookup, bool maximum, Timestamp timestamp, TimeCallback done);
  TimeLookup find_time_in_tail(Timestamp timestamp, bool maximum) const;
};

}  // namespace millrace::storage

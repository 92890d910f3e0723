#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/error.h"
#include "storage/file_cache.h"
#include "storage/log.h"
#include "storage/segment_format.h"
#include "storage/segment_jobs.h"
#include "storage/types.h"

namespace millrace::storage {

struct CompactionPlan;

/// The segment files of one log: everything of it that has left the journal.
///
/// Owned and called by the log's shard loop. Whatever blocks is a job object (segment_jobs.h): planned here on the
/// loop, executed on a worker, handed back to `finish` on the loop. A job holds all it needs; it may be executed (but
/// not finished) after the set is gone. A log that never flushed has no files and no directory.
///
/// RAM: 16 bytes per segment plus a constant. Files: docs/on-disk-format.md.
class SegmentSet {
 public:
  struct OpenRequest {
    FileCache* cache = nullptr;
    /// Directory of this log, below the disk's root: <shard directory>/logs/<16-digit hex log id>.
    std::string directory;
    LogId log;
    /// The log's recorded start; segments wholly below are leftovers of a trim and are removed.
    Offset start{0};
    /// One past the last offset that the journal vouches for in segments (the value of end() when it was recorded).
    /// What lies at or above it is cut.
    Offset recorded_end{0};
    /// Segments above recorded_end are renamed to `*.damaged` instead of removed: the journal was damaged, and may have
    /// known them.
    bool keep_unrecorded = false;
  };

  /// An empty set, for a log that has no files.
  SegmentSet(FileCache& cache, std::string directory, LogId log);
  /// Recovery; blocks. Reads the names in the directory, two headers and the index tail of the last segment, not the
  /// data. What is missing below recorded_end is appended to `quarantined` (and kept here). Errors: io, newer_version.
  static Result<std::unique_ptr<SegmentSet>> open(const OpenRequest& request,
                                                  std::vector<QuarantinedRange>& quarantined);
  /// Recovery; blocks; before open. True when the segments hold [from, until) as one unbroken sequence of index entries
  /// that ends exactly at `until`, and each of their batches verifies. Tells whether a round that wrote directly to
  /// segments is whole. Fails with `damaged` when what is missing is what the disk does not read.
  static Result<bool> verify_flushed(FileCache& cache, const std::string& directory, LogId log, Offset from,
                                     Offset until);

  /// Recovery; blocks; before open. One past the last batch in the segments that verifies and lies within
  /// [from, until); `from` when there is none.
  static Result<Offset> verified_end(FileCache& cache, const std::string& directory, LogId log, Offset from,
                                     Offset until);

  LogId log() const { return log_; }
  /// First offset in the files, or end() when there are none. May lie below the log's start.
  Offset first_offset() const;
  /// One past the last flushed offset.
  Offset end() const { return end_; }
  /// One past the highest offset that any readable index entry or file name named when the set was opened, cut ones
  /// too.
  Offset named_end() const { return named_end_; }
  /// Bytes of the batches in the files.
  Bytes bytes() const { return Bytes(bytes_); }
  std::size_t segments() const { return list_->size(); }

  // --- Appending. One write at a time: finish or abandon it before the next is planned.

  /// Reserves places for batches (ascending, all at or above end(), stored with their own prefix) and opens new
  /// segments where one is full. The batches' slabs stay referenced until the job is finished.
  /// `segment_time` closes a segment whose first batch was appended so long before (0: never).
  SegmentWrite plan_append(std::span<const BatchRef> batches, Bytes segment_bytes, Millis segment_time = Millis(0));
  /// After execute() succeeded: the batches become readable, end() moves.
  void finish(SegmentWrite&& write);
  /// After execute() failed with disk_full: the places are free again; the same batches may be planned anew later.
  void abandon(SegmentWrite&& write);
  bool writing() const { return writing_; }

  // --- Reading.

  SegmentRead plan_read(const Log::ReadRequest& request) const;
  /// After execute(), also when it failed: keeps its place for the next read and takes over the damage it found.
  /// Returns the ranges that were not known before. After a read that failed with below_start although the log's start
  /// is not above it, plan it again: the segment was rewritten meanwhile, or the missing file is quarantined now.
  std::vector<QuarantinedRange> finish(SegmentRead&& read);
  /// First offset at or above `from` outside of all quarantined ranges.
  Offset skip_quarantined(Offset from) const;
  const std::vector<QuarantinedRange>& quarantined() const { return quarantined_; }
  /// The directory was renamed at open because it cannot be read: nothing on the disk tells of its damage any more.
  bool directory_put_aside() const { return directory_put_aside_; }
  /// Sets a range aside that somebody else found damaged. Returns false when it was known.
  bool quarantine(const QuarantinedRange& range);

  /// First batch at or above `start` whose maximum record timestamp is >= `timestamp` / the batch with the greatest
  /// one.
  SegmentTimeLookup plan_find_time(Offset start, Timestamp timestamp) const;
  SegmentTimeLookup plan_find_max_time(Offset start) const;

  SegmentExpiry plan_find_expired(const Log::ExpiryRequest& request) const;

  // --- Freeing.

  /// Forgets segments wholly below `start` (the open one too, unless writing()). Execute the removal on a worker once
  /// the new start is durable, then finish it.
  SegmentRemoval trim(Offset start);
  /// Takes what was freed off bytes().
  void finish(SegmentRemoval&& removal);
  /// Finds the start that the limits allow: whole segments, oldest first. `outside` counts towards retain_bytes (the
  /// tail).
  SegmentRetention plan_retention(Timestamp now, const LogOptions& options, Bytes outside) const;
  /// The next closed segment to look at for a rewrite, in turn; none while there is only the open one. One rewrite at a
  /// time.
  std::optional<SegmentRewrite> plan_rewrite(Offset start);
  /// For a log that is compacted (compaction.h): what a pass needs, and the rewrite of one of its segments; none when
  /// it was trimmed or rewritten meanwhile.
  CompactionPlan plan_compaction(Offset start, Offset stable_end, Timestamp now, const CompactionOptions& options,
                                 std::size_t max_keys) const;
  std::optional<SegmentRewrite> plan_rewrite(Offset start, SegmentName name);
  /// Everything below was compacted.
  Offset cleaned() const { return cleaned_; }
  void set_cleaned(Offset end) { cleaned_ = std::max(cleaned_, end); }
  /// The segment that is appended to; kNoSegment when there is none.
  SegmentName last_segment() const { return list_->empty() ? kNoSegment : list_->back(); }
  /// Ends a rewrite, done or not; returns the files it made superfluous.
  SegmentRemoval finish(SegmentRewrite&& rewrite);
  /// Forgets everything, for a deleted log: the whole directory is to be removed.
  SegmentRemoval clear();

 private:
  friend class SegmentOpener;
  SegmentSnapshot snapshot() const;
  SegmentRewrite begin_rewrite(Offset start, std::size_t index);
  void insert_quarantine(const QuarantinedRange& range);

  FileCache* cache_;
  std::shared_ptr<const std::string> directory_;
  LogId log_;
  std::shared_ptr<const SegmentList> list_;
  /// The last segment, while it may be appended to.
  std::optional<OpenSegment> open_;
  Offset end_{0};
  Offset named_end_{0};
  std::uint64_t bytes_ = 0;
  /// Bytes ever appended, including removed ones, and the greatest record timestamp of them; recorded in each new
  /// segment.
  std::uint64_t bytes_ever_ = 0;
  Timestamp max_timestamp_{-1};
  bool directory_exists_ = false;
  bool directory_put_aside_ = false;
  bool writing_ = false;
  bool rewriting_ = false;
  /// What an abandoned write may have left: bytes behind the end of the open segment, and whole segments.
  bool cut_open_ = false;
  std::vector<SegmentName> leftovers_;
  Offset rewrite_cursor_{0};
  Offset cleaned_{0};
  std::array<ReadHint, 2> hints_;
  std::size_t next_hint_ = 0;
  std::vector<QuarantinedRange> quarantined_;
  /// So many reads in a row that the disk refuses (readers try again after half a second) are damage, so that one bad
  /// sector does not stop a queue for good.
  static constexpr std::uint32_t kRefusedReads = 20;
  std::uint32_t refused_reads_ = 0;
};

}  // namespace millrace::storage

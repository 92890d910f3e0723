#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/error.h"
#include "storage/journal_scan.h"
#include "storage/types.h"

namespace millrace::storage {

/// A round that was found in a journal, and what is thought of it.
struct JournalRound {
  /// damaged: it was confirmed, and what can be read of it counts.
  enum class Fate : std::uint8_t { counts, damaged, ignored };
  ScannedRound scanned;
  std::size_t file = 0;  // index among the files that were read
  Fate fate = Fate::counts;
  bool cut_now = false;  // ignored from now on, for it was never confirmed
  std::uint64_t number() const { return scanned.header.round; }
};

/// What the verdict asks of who has read the journal, and tells it on the way.
class JournalEvidence {
 public:
  virtual ~JournalEvidence() = default;
  /// Part of the round lies where the disk does not read: not a tear.
  virtual bool cannot_read(const JournalRound& round) const = 0;
  /// Whether what a round wrote to a log's segments is all there, from this offset on. Fails with `damaged` when all is
  /// there but for what the disk does not read.
  virtual Result<bool> flush_is_whole(const LogFlushedEntry& flushed, Offset from) = 0;
  /// Confirmed rounds between the two, up to `last`, are not there; `previous` may be null.
  virtual void rounds_missing(const JournalRound* previous, const JournalRound& next, std::uint64_t last) = 0;
  /// A confirmed round is not whole.
  virtual void round_damaged(const JournalRound& round) = 0;
  /// Nothing of it is torn, but the disk does not read what it wrote to a segment.
  virtual void flush_unreadable(const JournalRound& round, const std::string& reason) = 0;
};

/// Decides which rounds of a journal count: what recovery goes by, and what a check without a start tells.
///
/// All that were synced before a later one was written count, whole or not; behind them those that are whole, with what
/// they wrote to segments, up to the first that is not. What earlier recoveries cut off stays cut off.
class JournalVerdict {
 public:
  /// `count_torn` is the deliberate defect of StoreMutations::drop_round_records.
  JournalVerdict(std::vector<JournalRound>& rounds, JournalEvidence& evidence, bool count_torn = false)
      : rounds_(rounds), evidence_(evidence), count_torn_(count_torn) {}

  /// Errors: newer_version, and those of the evidence.
  Result<void> judge();
  /// The last round that is known to have been on stable storage.
  std::uint64_t synced() const { return synced_; }

 private:
  Result<void> check_versions() const;
  void apply_marks();
  void decide();
  bool continues(const JournalRound& round, const JournalRound* previous);
  Result<void> verify_flushes();
  Result<bool> flushes_are_whole(std::size_t index);
  Offset needed_from(std::size_t index, LogId log) const;
  void cut_from(std::size_t index);

  std::vector<JournalRound>& rounds_;
  JournalEvidence& evidence_;
  bool count_torn_;
  std::uint64_t synced_ = 0;
};

}  // namespace millrace::storage

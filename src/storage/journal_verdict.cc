#include "storage/journal_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace millrace::storage {

using RoundFate = JournalRound::Fate;

namespace {

std::optional<RecoveryMarkEntry> mark_of(const ScannedRound& round) {
  if (round.entries.empty() || round.entries.front().type != EntryType::recovery_mark) return std::nullopt;
  return decode_recovery_mark(round.entries.front().payload);
}

}  // namespace

Result<void> JournalVerdict::judge() {
  if (auto versions = check_versions(); !versions) return versions;
  apply_marks();
  decide();
  return verify_flushes();
}

Result<void> JournalVerdict::check_versions() const {
  for (const JournalRound& round : rounds_) {
    for (const EntryView& entry : round.scanned.entries) {
      const bool known_type = entry.type >= EntryType::batch_append && entry.type <= EntryType::log_unflushed;
      if (entry.version <= kEntryVersion && known_type) continue;
      return base::fail(StorageErrc::newer_version, fmt::format("journal entry of type {} and version {}",
                                                                static_cast<int>(entry.type), entry.version));
    }
  }
  return {};
}

/// Earlier recoveries said which rounds before them do not count.
void JournalVerdict::apply_marks() {
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    const auto mark = mark_of(rounds_[i].scanned);
    if (!mark) continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (rounds_[j].number() > mark->valid_through) rounds_[j].fate = RoundFate::ignored;
    }
  }
}

/// True when no round is missing before this one, or the missing ones were on stable storage: then that is damage.
bool JournalVerdict::continues(const JournalRound& round, const JournalRound* previous) {
  const bool first_is_there = previous == nullptr && round.scanned.position == kJournalHeaderSize;
  const std::uint64_t number = previous == nullptr ? 0 : previous->number();
  if (first_is_there || round.number() == number + 1) return true;
  // After a recovery numbers go on behind all that there ever was; it says which round was the last that counted.
  std::uint64_t before = round.number() - 1;
  if (const auto mark = mark_of(round.scanned)) {
    before = mark->valid_through;
    if (previous == nullptr || number >= before) return true;
  } else if (before > synced_) {
    return false;
  }
  evidence_.rounds_missing(previous, round, before);
  return true;
}

void JournalVerdict::decide() {
  for (const JournalRound& round : rounds_) {
    if (round.fate != RoundFate::ignored) synced_ = std::max(synced_, round.scanned.header.synced);
  }
  const JournalRound* previous = nullptr;
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    JournalRound& round = rounds_[i];
    if (round.fate == RoundFate::ignored) continue;
    const bool unsynced = round.number() > synced_;
    const bool torn = !round.scanned.whole && !count_torn_;
    // A tear leaves no record; with one, it is what the disk does not read that makes the difference.
    const bool spoilt = round.scanned.record && evidence_.cannot_read(round);
    if (!continues(round, previous) || (unsynced && torn && !spoilt)) {
      cut_from(i);
      return;
    }
    if (torn) {
      round.fate = RoundFate::damaged;
      evidence_.round_damaged(round);
    }
    previous = &round;
  }
}

/// What follows a torn round was never confirmed.
void JournalVerdict::cut_from(std::size_t index) {
  for (std::size_t i = index; i < rounds_.size(); ++i) {
    if (rounds_[i].fate == RoundFate::ignored) continue;
    rounds_[i].fate = RoundFate::ignored;
    rounds_[i].cut_now = true;
  }
}

/// Rounds that may not have been confirmed count only when what they wrote to segments is whole.
Result<void> JournalVerdict::verify_flushes() {
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    if (rounds_[i].fate != RoundFate::counts || rounds_[i].number() <= synced_) continue;
    const auto whole = flushes_are_whole(i);
    if (!whole && whole.error().code == StorageErrc::damaged) {
      // Not torn but unreadable: that costs what cannot be read, not the round.
      rounds_[i].fate = RoundFate::damaged;
      evidence_.flush_unreadable(rounds_[i], whole.error().detail);
      continue;
    }
    if (!whole) return std::unexpected(whole.error());
    if (*whole) continue;
    cut_from(i);
    // Once more for those before: a later round may have made it needless to look at them.
    return verify_flushes();
  }
  return {};
}

/// Fails with `damaged` when all is there but for what the disk does not read.
Result<bool> JournalVerdict::flushes_are_whole(std::size_t index) {
  Result<bool> result = true;
  for (const EntryView& entry : rounds_[index].scanned.entries) {
    if (entry.type != EntryType::log_flushed) continue;
    const auto flushed = decode_log_flushed(entry.payload);
    if (!flushed) continue;
    const Offset from = std::max(flushed->from, needed_from(index, flushed->log));
    if (from >= flushed->until) continue;
    auto whole = evidence_.flush_is_whole(*flushed, from);
    if (!whole && whole.error().code == StorageErrc::damaged) {
      result = std::move(whole);
    } else if (!whole || !*whole) {
      return whole;
    }
  }
  return result;
}

/// The first offset of the log that matters to what a round flushed, as far as later rounds tell: they may have trimmed
/// or deleted the log, and its files may be gone; or they repeat its batches in the journal.
Offset JournalVerdict::needed_from(std::size_t index, LogId log) const {
  Offset from(0);
  for (std::size_t i = index + 1; i < rounds_.size(); ++i) {
    if (rounds_[i].fate != RoundFate::counts) continue;
    for (const EntryView& entry : rounds_[i].scanned.entries) {
      if (entry.type == EntryType::log_deleted) {
        if (decode_log_deleted(entry.payload) == log) return kMaxOffset;
      } else if (entry.type == EntryType::log_unflushed) {
        const auto unflushed = decode_log_unflushed(entry.payload);
        const bool next = rounds_[i].number() == rounds_[index].number() + 1;
        if (unflushed && unflushed->log == log && next) return kMaxOffset;
      } else if (entry.type == EntryType::log_trim) {
        const auto trim = decode_log_trim(entry.payload);
        if (trim && trim->log == log) from = std::max(from, trim->start);
      } else if (entry.type == EntryType::log_meta) {
        const auto meta = decode_log_meta(entry.payload);
        if (meta && meta->log == log) from = std::max(from, meta->start);
      }
    }
  }
  return from;
}

}  // namespace millrace::storage

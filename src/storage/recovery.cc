// Deciding which rounds of the journal count.

#include "storage/recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace millrace::storage {

namespace {

/// The smallest record takes this many bytes: so many bytes cannot have named more offsets than a share of them.
constexpr std::uint64_t kSmallestRecord = 7;

std::optional<RecoveryMarkEntry> mark_of(const ScannedRound& round) {
  if (round.entries.empty() || round.entries.front().type != EntryType::recovery_mark) return std::nullopt;
  return decode_recovery_mark(round.entries.front().payload);
}

}  // namespace

Recovery::Recovery(const StoreEnvironment& environment, const StoreOptions& options, RecoveryTarget& target,
                   RecoveryReport& report)
    : environment_(environment), options_(options), target_(target), report_(report) {}

Result<std::unique_ptr<Store>> Store::open(const StoreEnvironment& environment, const StoreOptions& options,
                                           RecoveryTarget& target, RecoveryReport& report) {
  return Recovery(environment, options, target, report).run();
}

Result<std::unique_ptr<Store>> Recovery::run() {
  store_ = std::make_unique<StoreImpl>(environment_, options_);
  Result<void> done = read_journal();
  if (done) done = check_versions();
  if (done) {
    apply_marks();
    decide();
    done = verify_flushes();
  }
  if (done) {
    find_oldest_file();
    note_unreadable_end();
    done = check_usable();
  }
  if (done) done = sync_unsynced();
  if (done) {
    find_state_bases();
    done = replay();
  }
  if (done) done = build_logs();
  if (done) {
    build_states();
    build_files();
  }
  if (done) done = write_first_round();
  if (done) done = clean_up();
  if (!done) return std::unexpected(done.error());
  build_quarantine();
  const auto free = environment_.disk->free_space();
  if (!free) return io_failure(free.error());
  store_->set_free_space(*free);
  store_->start();
  return std::unique_ptr<Store>(std::move(store_));
}

/// Earlier recoveries said which rounds before them do not count.
void Recovery::apply_marks() {
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    const auto mark = mark_of(rounds_[i].scanned);
    if (!mark) continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (rounds_[j].number() > mark->valid_through) rounds_[j].fate = Fate::ignored;
    }
  }
}

/// True when no round is missing before this one, or the missing ones were on stable storage: then that is damage.
bool Recovery::continues(const Round& round, const Round* previous) {
  const bool first_is_there = previous == nullptr && round.scanned.position == kJournalHeaderSize;
  const std::uint64_t number = previous == nullptr ? 0 : previous->number();
  if (first_is_there || round.number() == number + 1) return true;
  if (const auto mark = mark_of(round.scanned)) {
    // An earlier recovery found and synced all rounds up to here.
    if (previous == nullptr || number >= mark->valid_through) return true;
  } else if (round.number() - 1 > synced_) {
    return false;
  }
  report_damage(
      fmt::format("rounds before {} in journal file {} cannot be found", round.number(), files_[round.file].sequence));
  note_missing(round, previous);
  return true;
}

/// What lies between two readable rounds may have held anything. Its bytes stay, for whoever wants to look at them.
void Recovery::note_missing(const Round& round, const Round* previous) {
  damage_without_record_ = true;
  const std::size_t first = previous == nullptr ? 0 : previous->file;
  std::uint64_t from = previous == nullptr ? kJournalHeaderSize : previous->scanned.end();
  for (std::size_t i = first; i <= round.file; ++i) {
    files_[i].damaged = true;
    // A sector more: the damage may have left nothing but zeros.
    const std::uint64_t end = i == round.file ? round.scanned.position : files_[i].content_end + kRoundAlignment;
    if (end > from) bump(end - from);
    from = kJournalHeaderSize;
  }
}

/// Files before the first one that was read may be gone: rounds say from which file on all are needed.
void Recovery::find_oldest_file() {
  std::uint64_t oldest = 0;
  for (const Round& round : rounds_) {
    if (round.fate != Fate::ignored && round.scanned.record) oldest = round.scanned.record->oldest_file;
  }
  const auto found = std::ranges::find(files_, oldest, &File::sequence);
  if (oldest == 0 || (found != files_.end() && found->rounds > 0)) return;
  report_damage(fmt::format("journal file {} {}", oldest, found == files_.end() ? "is missing" : "cannot be read"));
  damage_without_record_ = true;
  if (found != files_.end()) found->damaged = true;
  bump(options_.journal_file_bytes.value);
}

/// Behind the newest round there may be one whose header cannot be read: torn, or damaged and served before.
void Recovery::note_unreadable_end() {
  for (auto file = files_.rbegin(); file != files_.rend(); ++file) {
    if (file->content_end <= kJournalHeaderSize) continue;
    if (file->content_end > file->rounds_end) bump(file->content_end - file->rounds_end);
    return;
  }
}

/// Whether the owner can go on with what is there. Nothing has been changed so far.
Result<void> Recovery::check_usable() {
  if (options_.must_exist && files_.empty() && !journal_unreadable_) {
    return base::fail(StorageErrc::damaged, fmt::format("the journal in {}/journal is missing", options_.directory));
  }
  if (options_.must_exist && rounds_.empty() && !files_.empty()) {
    report_damage(fmt::format("no round can be read in any of {} journal files", files_.size()));
    damage_without_record_ = true;
    for (File& file : files_) {
      file.damaged = true;
      bump(file.bytes.size());
    }
  }
  if (options_.refuse_damage && damage_seen()) {
    return base::fail(StorageErrc::damaged,
                      fmt::format("{} is damaged: {}", options_.directory, report_.quarantined.front().reason));
  }
  return {};
}

void Recovery::bump(std::uint64_t bytes) {
  bump_ += static_cast<std::int64_t>(bytes / kSmallestRecord + 1);
}

void Recovery::decide() {
  for (const Round& round : rounds_) {
    if (round.fate != Fate::ignored) synced_ = std::max(synced_, round.scanned.header.synced);
  }
  const bool records_dropped = environment_.mutations != nullptr && environment_.mutations->drop_round_records;
  const Round* previous = nullptr;
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    Round& round = rounds_[i];
    if (round.fate == Fate::ignored) continue;
    const bool unsynced = round.number() > synced_;
    // A tear leaves no record; with one, it is what the disk does not read that makes the difference.
    const bool spoilt =
        round.scanned.record && files_[round.file].cannot_read(round.scanned.position, round.scanned.end());
    if (!continues(round, previous) || (unsynced && !round.scanned.whole && !records_dropped && !spoilt)) {
      cut_from(i);
      return;
    }
    if (unsynced) files_[round.file].sync_wanted = true;
    if (!round.scanned.whole && !records_dropped) {
      round.fate = Fate::damaged;
      files_[round.file].damaged = true;
      report_damage(fmt::format("round {} in journal file {}", round.number(), files_[round.file].sequence));
    }
    previous = &round;
  }
}

/// What follows a torn round was never confirmed.
void Recovery::cut_from(std::size_t index) {
  for (std::size_t i = index; i < rounds_.size(); ++i) {
    Round& round = rounds_[i];
    if (round.fate == Fate::ignored) continue;
    round.fate = Fate::ignored;
    round.cut_now = true;
    report_.bytes_cut += Bytes(round.scanned.end() - round.scanned.position);
  }
}

/// Rounds that may not have been confirmed count only when what they wrote to segments is whole.
Result<void> Recovery::verify_flushes() {
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    if (rounds_[i].fate != Fate::counts || rounds_[i].number() <= synced_) continue;
    const auto whole = flushes_are_whole(i);
    if (!whole && whole.error().code == StorageErrc::damaged) {
      // Not torn but unreadable: that costs what cannot be read, not the round.
      report_damage(whole.error().detail);
      rounds_[i].fate = Fate::damaged;
      files_[rounds_[i].file].damaged = true;
      continue;
    }
    if (!whole) return std::unexpected(whole.error());
    if (*whole) continue;
    cut_from(i);
    // Once more for those before: a later round may have made it needless to look at them.
    return verify_flushes();
  }
  for (const Round& round : rounds_) {
    if (round.fate == Fate::ignored) continue;
    last_counting_ = std::max(last_counting_, round.number());
    files_[round.file].counting = true;
  }
  return {};
}

/// Fails with `damaged` when all is there but for what the disk does not read.
Result<bool> Recovery::flushes_are_whole(std::size_t index) {
  Result<bool> result = true;
  for (const EntryView& entry : rounds_[index].scanned.entries) {
    if (entry.type != EntryType::log_flushed) continue;
    const auto flushed = decode_log_flushed(entry.payload);
    if (!flushed) continue;
    const Offset from = std::max(flushed->from, needed_from(index, flushed->log));
    if (from >= flushed->until) continue;
    auto whole = SegmentSet::verify_flushed(*store_->cache_, log_directory(options_.directory, flushed->log),
                                            flushed->log, from, flushed->until);
    if (!whole && whole.error().code == StorageErrc::damaged) {
      result = std::move(whole);
    } else if (!whole || !*whole) {
      return whole;
    }
    flushed_unsynced_.try_emplace(flushed->log, *flushed);
  }
  return result;
}

/// The first offset of the log that matters to what a round flushed, as far as later rounds tell: they may have trimmed
/// or deleted the log, and its files may be gone; or they repeat its batches in the journal.
Offset Recovery::needed_from(std::size_t index, LogId log) const {
  Offset from(0);
  for (std::size_t i = index + 1; i < rounds_.size(); ++i) {
    if (rounds_[i].fate != Fate::counts) continue;
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

void Recovery::report_damage(const std::string& reason) {
  base::log::error("{}: damaged: {}", options_.directory, reason);
  report_.quarantined.push_back({kUnknownLog, model::kNoOffset, model::kNoOffset, reason});
}

}  // namespace millrace::storage

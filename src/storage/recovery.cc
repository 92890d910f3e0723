// The steps of a recovery, and what the verdict about the journal means for it.

#include "storage/recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace millrace::storage {

namespace {

/// The smallest record takes this many bytes: so many bytes cannot have named more offsets than a share of them.
constexpr std::uint64_t kSmallestRecord = 7;

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
  if (done) done = judge();
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

Result<void> Recovery::judge() {
  const bool count_torn = environment_.mutations != nullptr && environment_.mutations->drop_round_records;
  JournalVerdict verdict(rounds_, *this, count_torn);
  if (auto judged = verdict.judge(); !judged) return judged;
  synced_ = verdict.synced();
  for (const Round& round : rounds_) {
    if (round.cut_now) report_.bytes_cut += Bytes(round.scanned.end() - round.scanned.position);
    if (round.fate == Fate::ignored) continue;
    last_counting_ = std::max(last_counting_, round.number());
    files_[round.file].counting = true;
    if (round.number() > synced_) files_[round.file].sync_wanted = true;
  }
  return {};
}

bool Recovery::cannot_read(const Round& round) const {
  return any_within(files_[round.file].unreadable, round.scanned.position, round.scanned.end());
}

/// What lies between two readable rounds may have held anything. Its bytes stay, for whoever wants to look at them.
void Recovery::rounds_missing(const Round* previous, const Round& next, std::uint64_t) {
  report_damage(
      fmt::format("rounds before {} in journal file {} cannot be found", next.number(), files_[next.file].sequence));
  damage_without_record_ = true;
  const std::size_t first = previous == nullptr ? 0 : previous->file;
  std::uint64_t from = previous == nullptr ? kJournalHeaderSize : previous->scanned.end();
  for (std::size_t i = first; i <= next.file; ++i) {
    files_[i].damaged = true;
    // A sector more: the damage may have left nothing but zeros.
    const std::uint64_t end = i == next.file ? next.scanned.position : files_[i].content_end + kRoundAlignment;
    if (end > from) bump(end - from);
    from = kJournalHeaderSize;
  }
}

void Recovery::round_damaged(const Round& round) {
  files_[round.file].damaged = true;
  report_damage(fmt::format("round {} in journal file {}", round.number(), files_[round.file].sequence));
}

void Recovery::flush_unreadable(const Round& round, const std::string& reason) {
  files_[round.file].damaged = true;
  report_damage(reason);
}

Result<bool> Recovery::flush_is_whole(const LogFlushedEntry& flushed, Offset from) {
  auto whole = SegmentSet::verify_flushed(*store_->cache_, log_directory(options_.directory, flushed.log), flushed.log,
                                          from, flushed.until);
  const bool unreadable = !whole && whole.error().code == StorageErrc::damaged;
  if (unreadable || (whole && *whole)) flushed_unsynced_.try_emplace(flushed.log, flushed);
  return whole;
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

void Recovery::report_damage(const std::string& reason) {
  base::log::error("{}: damaged: {}", options_.directory, reason);
  report_.quarantined.push_back({kUnknownLog, model::kNoOffset, model::kNoOffset, reason});
}

}  // namespace millrace::storage

#include <algorithm>
#include <utility>

#include "model/batch.h"
#include "storage/check.h"
#include "storage/disk_damage.h"
#include "storage/journal.h"
#include "storage/journal_scan.h"
#include "storage/segment_index.h"
#include "storage/segment_set.h"

namespace millrace::storage {

namespace {

/// Reads the journal of one shard by the rules of recovery, but looks at all of it and changes nothing.
class JournalChecker {
 public:
  JournalChecker(FileCache& cache, const std::string& directory, CheckReport& report, CheckedLogs& logs)
      : cache_(cache), shard_directory_(directory), directory_(directory + "/journal"), report_(report), logs_(logs) {}

  Result<void> run();

 private:
  struct Round {
    ScannedRound scanned;
    bool counts = true;
    std::uint64_t number() const { return scanned.header.round; }
  };

  Result<void> read_file(std::uint64_t sequence, const std::string& name);
  Result<void> check_versions() const;
  void apply_marks();
  Result<void> decide();
  void cut_from(std::size_t index);
  Result<bool> flushes_are_whole(std::size_t index);
  bool taken_back(std::size_t index, LogId log) const;
  void apply(const Round& round);
  bool apply_entry(const Round& round, const EntryView& entry);
  bool apply_batch(const Round& round, const EntryView& entry);
  bool apply_meta(const EntryView& entry);

  FileCache& cache_;
  const std::string& shard_directory_;
  std::string directory_;
  CheckReport& report_;
  CheckedLogs& logs_;
  std::vector<bytes::Slab> contents_;
  std::vector<Round> rounds_;
  std::uint64_t synced_ = 0;
  std::uint64_t cut_bytes_ = 0;
  std::uint64_t batches_ = 0;
  std::uint64_t commands_ = 0;
  std::uint64_t snapshots_ = 0;
};

std::optional<RecoveryMarkEntry> mark_of(const ScannedRound& round) {
  if (round.entries.empty() || round.entries.front().type != EntryType::recovery_mark) return std::nullopt;
  return decode_recovery_mark(round.entries.front().payload);
}

Result<void> JournalChecker::run() {
  if (!cache_.disk().exists(directory_)) return base::fail(StorageErrc::io, "there is no " + directory_);
  const auto names = cache_.disk().list(directory_);
  if (!names.has_value()) return storage_failure(names.error());
  for (const std::string& name : *names) {
    const std::uint64_t sequence = Journal::parse_file_name(name);
    if (sequence == 0) {
      report_.note("unknown file {}/{}", directory_, name);
      continue;
    }
    if (auto read = read_file(sequence, name); !read.has_value()) return read;
  }
  if (auto versions = check_versions(); !versions.has_value()) return versions;
  apply_marks();
  if (auto decided = decide(); !decided.has_value()) return decided;
  std::uint64_t counting = 0;
  for (const Round& round : rounds_) {
    if (!round.counts) continue;
    ++counting;
    apply(round);
  }
  report_.total("journal: {} files, {} rounds with {} batches, {} commands and {} snapshots", contents_.size(),
                counting, batches_, commands_, snapshots_);
  if (cut_bytes_ > 0) {
    report_.note("{} bytes of rounds that were never confirmed; the next start ignores them", cut_bytes_);
  }
  return {};
}

Result<void> JournalChecker::read_file(std::uint64_t sequence, const std::string& name) {
  auto file = cache_.disk().open(directory_ + "/" + name, io::OpenMode::read);
  if (!file.has_value() && file.error().code == io::IoErrc::bad_medium) {
    report_.problem("{}", file.error().detail);
    return {};
  }
  if (!file.has_value()) return storage_failure(std::move(file.error()));
  const auto size = (*file)->size();
  if (!size.has_value()) return storage_failure(size.error());
  bytes::Slab slab = bytes::Slab::allocate(static_cast<std::size_t>(*size));
  const auto unreadable = read_around_damage(**file, 0, {slab.mutable_data(), slab.size()});
  if (!unreadable.has_value()) return storage_failure(unreadable.error());
  for (const UnreadablePart& part : *unreadable) {
    report_.problem("{}/{}: bytes {} to {} cannot be read", directory_, name, part.begin, part.end - 1);
  }
  const bytes::ByteView content = slab.view();
  const auto header = decode_file_header(content);
  if (header.has_value() && header->version > kJournalVersion) {
    return base::fail(StorageErrc::newer_version,
                      fmt::format("{}/{} has version {}", directory_, name, header->version));
  }
  const std::size_t before = rounds_.size();
  JournalScanner scanner(content, sequence);
  for (Round round; scanner.next(round.scanned); round = Round{}) rounds_.push_back(std::move(round));
  if (rounds_.size() > before && (!header.has_value() || header->sequence != sequence)) {
    report_.problem("{}/{}: its header is damaged", directory_, name);
  }
  contents_.push_back(std::move(slab));
  return {};
}

Result<void> JournalChecker::check_versions() const {
  for (const Round& round : rounds_) {
    for (const EntryView& entry : round.scanned.entries) {
      const bool known_type = entry.type >= EntryType::batch_append && entry.type <= EntryType::log_unflushed;
      if (entry.version <= kEntryVersion && known_type) continue;
      return base::fail(StorageErrc::newer_version, fmt::format("journal entry of type {} and version {}",
                                                                static_cast<int>(entry.type), entry.version));
    }
  }
  return {};
}

void JournalChecker::apply_marks() {
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    const auto mark = mark_of(rounds_[i].scanned);
    if (!mark.has_value()) continue;
    for (std::size_t j = 0; j < i; ++j) rounds_[j].counts &= rounds_[j].number() <= mark->valid_through;
  }
}

/// Which rounds count: all that were synced before a later one was written, and after these as long as they are whole.
Result<void> JournalChecker::decide() {
  for (const Round& round : rounds_) {
    if (round.counts) synced_ = std::max(synced_, round.scanned.header.synced);
  }
  std::uint64_t previous = 0;
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    const Round& round = rounds_[i];
    if (!round.counts) continue;
    const bool unsynced = round.number() > synced_;
    // After a recovery numbers go on behind all that there ever was; it says which round was the last that counted.
    const auto mark = mark_of(round.scanned);
    const std::uint64_t before = mark.has_value() ? mark->valid_through : round.number() - 1;
    if (previous != 0 && previous < before) {
      if (!mark.has_value() && before > synced_) {
        cut_from(i);
        return {};
      }
      report_.problem("rounds {} to {} cannot be found in the journal", previous + 1, before);
    }
    if (unsynced) {
      const auto whole = round.scanned.whole ? flushes_are_whole(i) : Result<bool>(false);
      if (!whole.has_value()) return std::unexpected(whole.error());
      if (!*whole) {
        cut_from(i);
        return {};
      }
    } else if (!round.scanned.whole) {
      report_.problem("round {} in the journal, {} bytes, of which {} entries can be read", round.number(),
                      round.scanned.header.body_length, round.scanned.entries.size());
    }
    previous = round.number();
  }
  if (previous < synced_) report_.problem("rounds {} to {} cannot be found in the journal", previous + 1, synced_);
  return {};
}

void JournalChecker::cut_from(std::size_t index) {
  for (std::size_t i = index; i < rounds_.size(); ++i) {
    if (!rounds_[i].counts) continue;
    rounds_[i].counts = false;
    cut_bytes_ += rounds_[i].scanned.end() - rounds_[i].scanned.position;
  }
}

Result<bool> JournalChecker::flushes_are_whole(std::size_t index) {
  for (const EntryView& entry : rounds_[index].scanned.entries) {
    if (entry.type != EntryType::log_flushed) continue;
    const auto flushed = decode_log_flushed(entry.payload);
    if (!flushed.has_value() || taken_back(index, flushed->log)) continue;
    auto whole = SegmentSet::verify_flushed(cache_, log_directory(shard_directory_, flushed->log), flushed->log,
                                            flushed->from, flushed->until);
    if (!whole.has_value() || !*whole) return whole;
  }
  return true;
}

/// True when the next round gives a flush up, or deletes the log.
bool JournalChecker::taken_back(std::size_t index, LogId log) const {
  for (std::size_t i = index + 1; i < rounds_.size(); ++i) {
    if (!rounds_[i].counts || rounds_[i].number() != rounds_[index].number() + 1) continue;
    for (const EntryView& entry : rounds_[i].scanned.entries) {
      if (entry.type == EntryType::log_deleted && decode_log_deleted(entry.payload) == log) return true;
      if (entry.type != EntryType::log_unflushed) continue;
      const auto unflushed = decode_log_unflushed(entry.payload);
      if (unflushed.has_value() && unflushed->log == log) return true;
    }
  }
  return false;
}

void JournalChecker::apply(const Round& round) {
  for (const EntryView& entry : round.scanned.entries) {
    if (!apply_entry(round, entry)) {
      report_.problem("round {}: an entry of type {} verifies but cannot be decoded", round.number(),
                      static_cast<int>(entry.type));
    }
  }
  if (!round.scanned.record.has_value()) return;
  for (const RoundRecordEntry::LogEnd& end : round.scanned.record->ends) {
    CheckedLog& log = logs_[end.log];
    log.end = std::max(log.end, end.end);
  }
}

bool JournalChecker::apply_batch(const Round& round, const EntryView& entry) {
  const auto batch = decode_batch_append(entry.payload);
  if (!batch.has_value()) return false;
  ++batches_;
  CheckedLog& log = logs_[batch->log];
  log.known = true;
  log.end = std::max(log.end, Offset(batch->last.value + 1));
  log.batches.push_back({batch->base, batch->last, round.number()});
  const bytes::Slab restored = restore_batch(*batch);
  const auto header = model::parse_batch_header(restored.view());
  return header.has_value() && header->total_size() == restored.size();
}

bool JournalChecker::apply_meta(const EntryView& entry) {
  const auto meta = decode_log_meta(entry.payload);
  if (!meta.has_value()) return false;
  CheckedLog& log = logs_[meta->log];
  log.known = true;
  log.start = std::max(log.start, meta->start);
  log.end = std::max(log.end, meta->end);
  log.flushed = meta->flushed;
  return true;
}

bool JournalChecker::apply_entry(const Round& round, const EntryView& entry) {
  switch (entry.type) {
    case EntryType::batch_append:
      return apply_batch(round, entry);
    case EntryType::log_meta:
      return apply_meta(entry);
    case EntryType::log_flushed:
      if (const auto flushed = decode_log_flushed(entry.payload)) {
        CheckedLog& log = logs_[flushed->log];
        log.known = true;
        log.flushed = flushed->until;
        log.end = std::max(log.end, flushed->until);
        return true;
      }
      return false;
    case EntryType::log_unflushed:
      if (const auto unflushed = decode_log_unflushed(entry.payload)) {
        logs_[unflushed->log].flushed = unflushed->flushed;
        return true;
      }
      return false;
    case EntryType::log_trim:
      if (const auto trim = decode_log_trim(entry.payload)) {
        logs_[trim->log].start = std::max(logs_[trim->log].start, trim->start);
        return true;
      }
      return false;
    case EntryType::log_deleted:
      if (const auto id = decode_log_deleted(entry.payload)) {
        logs_[*id].deleted = true;
        return true;
      }
      return false;
    case EntryType::command:
    case EntryType::snapshot:
      ++(entry.type == EntryType::command ? commands_ : snapshots_);
      return decode_state_entry(entry.payload).has_value();
    case EntryType::state_dropped:
      return decode_state_dropped(entry.payload).has_value();
    case EntryType::recovery_mark:
      return decode_recovery_mark(entry.payload).has_value();
    case EntryType::clean_stop:
      return true;
    case EntryType::round_record:
      return false;
  }
  return false;
}

}  // namespace

Result<void> check_journal(FileCache& cache, const std::string& directory, CheckReport& report, CheckedLogs& logs) {
  return JournalChecker(cache, directory, report, logs).run();
}

}  // namespace millrace::storage

#include <algorithm>
#include <utility>

#include "model/batch.h"
#include "storage/check.h"
#include "storage/disk_damage.h"
#include "storage/journal.h"
#include "storage/journal_verdict.h"
#include "storage/segment_index.h"
#include "storage/segment_set.h"

namespace millrace::storage {

namespace {

/// Reads the journal of one shard by the rules of recovery, but looks at all of it and changes nothing.
class JournalChecker final : private JournalEvidence {
 public:
  JournalChecker(FileCache& cache, const std::string& directory, CheckReport& report, CheckedLogs& logs)
      : cache_(cache), shard_directory_(directory), directory_(directory + "/journal"), report_(report), logs_(logs) {}

  Result<void> run();

 private:
  using Round = JournalRound;
  struct File {
    bytes::Slab content;
    std::vector<UnreadablePart> unreadable;
  };

  Result<void> read_file(std::uint64_t sequence, const std::string& name);
  bool cannot_read(const Round& round) const override;
  Result<bool> flush_is_whole(const LogFlushedEntry& flushed, Offset from) override;
  void rounds_missing(const Round* previous, const Round& next, std::uint64_t last) override;
  void round_damaged(const Round& round) override;
  void flush_unreadable(const Round& round, const std::string& reason) override;
  void apply(const Round& round);
  bool apply_entry(const Round& round, const EntryView& entry);
  bool apply_batch(const Round& round, const EntryView& entry);
  bool apply_meta(const EntryView& entry);

  FileCache& cache_;
  const std::string& shard_directory_;
  std::string directory_;
  CheckReport& report_;
  CheckedLogs& logs_;
  std::vector<File> files_;
  std::vector<Round> rounds_;
  std::uint64_t batches_ = 0;
  std::uint64_t commands_ = 0;
  std::uint64_t snapshots_ = 0;
};

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
  if (auto judged = JournalVerdict(rounds_, *this).judge(); !judged.has_value()) return judged;
  std::uint64_t counting = 0;
  std::uint64_t cut_bytes = 0;
  for (const Round& round : rounds_) {
    if (round.cut_now) cut_bytes += round.scanned.end() - round.scanned.position;
    if (round.fate == Round::Fate::ignored) continue;
    ++counting;
    apply(round);
  }
  report_.total("journal: {} files, {} rounds with {} batches, {} commands and {} snapshots", files_.size(), counting,
                batches_, commands_, snapshots_);
  if (cut_bytes > 0) {
    report_.note("{} bytes of rounds that were never confirmed; the next start ignores them", cut_bytes);
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
  auto unreadable = read_around_damage(**file, 0, {slab.mutable_data(), slab.size()});
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
  for (Round round; scanner.next(round.scanned); round = Round{}) {
    round.file = files_.size();
    rounds_.push_back(std::move(round));
  }
  if (rounds_.size() > before && (!header.has_value() || header->sequence != sequence)) {
    report_.problem("{}/{}: its header is damaged", directory_, name);
  }
  files_.push_back({std::move(slab), std::move(*unreadable)});
  return {};
}

bool JournalChecker::cannot_read(const Round& round) const {
  return any_within(files_[round.file].unreadable, round.scanned.position, round.scanned.end());
}

Result<bool> JournalChecker::flush_is_whole(const LogFlushedEntry& flushed, Offset from) {
  return SegmentSet::verify_flushed(cache_, log_directory(shard_directory_, flushed.log), flushed.log, from,
                                    flushed.until);
}

void JournalChecker::rounds_missing(const Round* previous, const Round&, std::uint64_t last) {
  report_.problem("rounds {} to {} cannot be found in the journal", previous == nullptr ? 0 : previous->number() + 1,
                  last);
}

void JournalChecker::round_damaged(const Round& round) {
  report_.problem("round {} in the journal, {} bytes, of which {} entries can be read", round.number(),
                  round.scanned.header.body_length, round.scanned.entries.size());
}

void JournalChecker::flush_unreadable(const Round& round, const std::string& reason) {
  report_.problem("round {}: {}", round.number(), reason);
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

// Making the store out of what was replayed, and making that durable.

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "storage/recovery.h"

namespace millrace::storage {

namespace {

/// Writes what is in the file from `position` on to where it is, but for what cannot be read, and syncs it.
io::Result<void> write_again(io::File& file, std::uint64_t position) {
  constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;
  const auto size = file.size();
  if (!size) return std::unexpected(size.error());
  bytes::ByteVector piece;
  while (position < *size) {
    piece.resize(std::min(kPiece, *size - position));
    auto unreadable = read_around_damage(file, position, piece);
    if (!unreadable) return std::unexpected(unreadable.error());
    const std::uint64_t end = position + piece.size();
    unreadable->push_back({end, end});
    std::uint64_t at = position;
    for (const UnreadablePart& part : *unreadable) {
      const bytes::ByteView read = bytes::ByteView(piece).subspan(at - position, part.begin - at);
      if (auto written = file.write_at(at, read); !read.empty() && !written) return written;
      at = part.end;
    }
    position = end;
  }
  return file.sync();
}

}  // namespace

/// What the end of the process interrupted is still in the system's cache and would be served from now on, so it must
/// not be lost with the power later. It is written once more, because after a failed sync the system may take bytes for
/// stored that are not.
Result<void> Recovery::sync_unsynced() {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (!files_[i].sync_wanted) continue;
    if (auto synced = sync_journal(files_[i], i); !synced) return synced;
  }
  for (const auto& [log, flushed] : flushed_unsynced_) {
    if (auto synced = sync_segments(flushed); !synced) return synced;
  }
  return {};
}

Result<void> Recovery::sync_journal(const File& file, std::size_t index) {
  for (const Round& round : rounds_) {
    if (round.file != index || round.fate != Fate::counts || round.number() <= synced_) continue;
    const std::uint64_t end = std::min<std::uint64_t>(round.scanned.end(), file.bytes.size());
    const bytes::ByteView content = file.bytes.view().subspan(round.scanned.position, end - round.scanned.position);
    if (auto written = file.file->write_at(round.scanned.position, content); !written) {
      return io_failure(written.error());
    }
  }
  if (auto synced = file.file->sync(); !synced) return io_failure(synced.error());
  return {};
}

Result<void> Recovery::sync_segments(const LogFlushedEntry& flushed) {
  const std::string directory = log_directory(options_.directory, flushed.log);
  const auto names = environment_.disk->list(directory);
  if (!names && names.error().code == io::IoErrc::bad_medium) return {};
  if (!names) return io_failure(names.error());
  for (const std::string& name : *names) {
    bool is_index = false;
    const auto segment = parse_segment_name(name, is_index);
    if (!segment || segment->base < flushed.segment_base) continue;
    auto file = environment_.disk->open(fmt::format("{}/{}", directory, name), io::OpenMode::read_write);
    if (!file && file.error().code == io::IoErrc::bad_medium) continue;
    if (!file) return io_failure(file.error());
    const bool from_start = is_index || segment->base > flushed.segment_base;
    auto written = write_again(**file, from_start ? 0 : flushed.position);
    if (!written) return io_failure(written.error());
  }
  if (auto synced = environment_.disk->sync_directory(directory); !synced) return io_failure(synced.error());
  return {};
}

Result<void> Recovery::build_logs() {
  store_->gather_->reset(max_round_ + 1);
  store_->gather_->builder.add_recovery_mark(last_counting_);
  store_->gather_->needs_sync = true;

  const auto directories = log_directories();
  if (!directories) return std::unexpected(directories.error());
  for (const LogId id : *directories) (void)logs_[id];

  // In order of their ids: the same journal gives the same calls.
  std::vector<LogId> ids;
  ids.reserve(logs_.size());
  for (const auto& [id, log] : logs_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (const LogId id : ids) {
    RecoveredLog& recovered = logs_[id];
    const LogOptions* options = recovered.deleted ? nullptr : target_.log_options(id);
    if (options == nullptr || options->durability == Durability::memory) {
      if (recovered.known && !recovered.deleted) store_->gather_->builder.add_log_deleted(id);
      if (directories->contains(id)) directories_to_remove_.push_back(id);
      continue;
    }
    auto built = build_log(id, recovered, *options, directories->contains(id));
    if (!built) return built;
  }
  return {};
}

/// The logs that have a directory; those that the journal knows when the names cannot be listed.
Result<std::set<LogId>> Recovery::log_directories() {
  std::set<LogId> directories;
  const auto names = environment_.disk->list(logs_directory(options_.directory));
  if (!names && names.error().code != io::IoErrc::bad_medium) return io_failure(names.error());
  if (!names) {
    report_damage(names.error().detail);
    for (const auto& [id, log] : logs_) {
      if (environment_.disk->exists(log_directory(options_.directory, id))) directories.insert(id);
    }
    return directories;
  }
  for (const std::string& name : *names) {
    if (const auto id = parse_log_directory(name)) directories.insert(*id);
  }
  return directories;
}

Result<void> Recovery::build_log(LogId id, RecoveredLog& recovered, const LogOptions& options, bool has_directory) {
  const std::string directory = log_directory(options_.directory, id);
  // Copies that retirement made have the same offsets and a later round.
  std::sort(recovered.batches.begin(), recovered.batches.end(), [](const auto& a, const auto& b) {
    return a.entry.base != b.entry.base ? a.entry.base < b.entry.base : a.round > b.round;
  });
  const bool in_doubt = recovered.damaged || damage_without_record_ || (!recovered.known && damage_seen());
  if (in_doubt && has_directory) {
    if (auto trusted = trust_segments(id, recovered); !trusted) return trusted;
  }
  std::unique_ptr<SegmentSet> segments;
  if (has_directory || recovered.flushed > recovered.start) {
    auto opened = SegmentSet::open({.cache = store_->cache_.get(),
                                    .directory = directory,
                                    .log = id,
                                    .start = recovered.start,
                                    .recorded_end = recovered.flushed,
                                    .keep_unrecorded = in_doubt},
                                   report_.quarantined);
    if (!opened) return std::unexpected(opened.error());
    segments = std::move(*opened);
  } else {
    segments = std::make_unique<SegmentSet>(*store_->cache_, directory, id);
  }
  auto created = std::make_unique<LogImpl>(*store_, id, options, std::move(segments));
  LogImpl& log = *created;
  store_->logs_.emplace(id, std::move(created));
  log.start_ = log.durable_start_ = recovered.start;
  log.flushed_end_ = recovered.flushed;
  log.meta_round_ = recovered.meta_round;
  recovered.end = std::max({recovered.end, recovered.start, recovered.flushed});
  for (const auto& [epoch, start] : recovered.epochs) log.epochs_.push_back({epoch, start});
  if (log.segments_->directory_put_aside()) {
    for (const QuarantinedRange& range : log.segments_->quarantined()) remember_damage(log, {range.first, range.last});
  }
  build_tail(log, recovered);

  log.appended_end_ = log.committed_end_ = recovered.end;
  log.next_offset_ = std::max({recovered.end, recovered.next, log.segments_->named_end()});
  if (bump_ > 0) log.next_offset_ = std::max(log.next_offset_, Offset(recovered.end.value + bump_));
  if (environment_.mutations != nullptr && environment_.mutations->reuse_offsets && recovered.end > Offset(0)) {
    log.next_offset_ = log.appended_end_ = log.committed_end_ = Offset(recovered.end.value - 1);
    log.start_ = std::min(log.start_, log.next_offset_);
  }
  log.epoch_ = Epoch(recovered.max_epoch.value + 1);
  log.epoch_recorded_ = false;
  if (!recovered.known || log.next_offset_ > std::max(recovered.end, recovered.meta_next)) store_->want_meta(log);
  store_->log_options_changed(log);
  return {};
}

/// The damage may have hidden how far the log's segments go. Where the journal has nothing, what verifies in a segment
/// is the log's.
Result<void> Recovery::trust_segments(LogId id, RecoveredLog& recovered) {
  Offset have = recovered.flushed;  // the journal's batches go on from there without a gap
  Offset next = kMaxOffset;
  for (const auto& batch : recovered.batches) {
    if (batch.entry.last < have) continue;
    if (batch.entry.base > have) {
      next = batch.entry.base;
      break;
    }
    have = Offset(batch.entry.last.value + 1);
  }
  const std::string directory = log_directory(options_.directory, id);
  const auto stored = SegmentSet::verified_end(*store_->cache_, directory, id, have, next);
  if (!stored && stored.error().code == StorageErrc::damaged) return {};
  if (!stored) return std::unexpected(stored.error());
  if (*stored <= have) return {};
  if (have > recovered.flushed) {
    const auto whole = SegmentSet::verify_flushed(*store_->cache_, directory, id, recovered.flushed, *stored);
    if (!whole && whole.error().code != StorageErrc::damaged) return std::unexpected(whole.error());
    if (!whole || !*whole) return {};
  }
  base::log::warning("log {}: its segments go to offset {}; a damaged part of the journal knew", id.value,
                     stored->value);
  recovered.flushed = *stored;
  return {};
}

void Recovery::build_tail(LogImpl& log, RecoveredLog& recovered) {
  const auto& batches = recovered.batches;
  for (const LogMetaEntry::Range& range : recovered.set_aside) {
    if (range.last >= recovered.start) set_aside(log, range);
  }
  const bool look_for_gaps = recovered.damaged || damage_without_record_;
  Offset expected = std::max(recovered.flushed, recovered.start);
  log.epoch_recorded_ = true;  // the table is complete
  for (const auto& batch : batches) {
    if (batch.entry.last < expected) continue;
    if (batch.entry.base < log.next_offset_ || batch.entry.base < recovered.flushed) {
      report_damage(fmt::format("log {}: a batch at {} overlaps others", log.id_.value, batch.entry.base.value));
      continue;
    }
    if (look_for_gaps && batch.entry.base > expected) set_aside(log, {expected, Offset(batch.entry.base.value - 1)});
    expected = Offset(batch.entry.last.value + 1);
    log.push({.base = batch.entry.base,
              .last = batch.entry.last,
              .appended_at = batch.entry.appended_at,
              .round = batch.round,
              .batch = restore_batch(batch.entry),
              .epoch = batch.entry.epoch});
    ++report_.batches_replayed;
  }
  if (look_for_gaps && recovered.end > expected) set_aside(log, {expected, Offset(recovered.end.value - 1)});
}

/// Offsets that were recorded and have no batch, when a damaged round may have held it.
void Recovery::set_aside(LogImpl& log, LogMetaEntry::Range range) {
  const QuarantinedRange quarantined{log.id_, range.first, range.last,
                                     "its batches were in a damaged part of the journal or in a lost directory"};
  if (!log.segments_->quarantine(quarantined)) return;
  report_.quarantined.push_back(quarantined);
  remember_damage(log, range);
}

/// The damaged file will be retired, or is out of the way already: from now on the log itself tells.
void Recovery::remember_damage(LogImpl& log, LogMetaEntry::Range range) {
  log.set_aside_.push_back(range);
  store_->want_meta(log);
}

void Recovery::build_states() {
  std::vector<StateId> ids;
  ids.reserve(states_.size());
  for (const auto& [id, state] : states_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (const StateId id : ids) {
    const RecoveredState& recovered = states_[id];
    if (!recovered.based || recovered.dropped) continue;
    if (recovered.machine == nullptr) {
      store_->gather_->builder.add_state_dropped(id);
      continue;
    }
    store_->states_[id] = {.machine = recovered.machine,
                           .base_round = recovered.first_round,
                           .commands_since_snapshot = recovered.commands};
  }
}

void Recovery::build_files() {
  std::uint64_t last_sequence = 0;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    File& from = files_[i];
    last_sequence = std::max(last_sequence, from.sequence);
    // One with nothing but rounds that do not count may lose them with the power, and must not be missed then.
    if (!from.counting) continue;
    JournalFile file;
    file.sequence = from.sequence;
    file.file = from.file;
    file.capacity = file.end = from.bytes.size();
    file.damaged = from.damaged || !from.header_readable;
    file.logs = std::move(from.logs);
    for (const Round& round : rounds_) {
      if (round.file != i) continue;
      if (file.first_round == 0) file.first_round = round.number();
      file.last_round = round.number();
    }
    for (const auto& [id, state] : store_->states_) {
      if (state.base_round >= file.first_round && state.base_round <= file.last_round) file.states.push_back(id);
    }
    std::sort(file.states.begin(), file.states.end());
    store_->journal_.files().push_back(std::move(file));
  }
  store_->journal_.set_next_sequence(last_sequence + 1);
}

/// From here on the old data counts as recovered.
Result<void> Recovery::write_first_round() {
  StoreImpl& store = *store_;
  if (auto started = store.journal_.start(); !started) return io_failure(started.error());
  store.complete_gathered();
  const auto round = std::exchange(store.gather_, std::make_shared<CommitRound>());
  store.gather_->reset(round->builder.round() + 1);
  store.place_round(*round);
  round->write(environment_.loop->clock());
  if (!round->result) return io_failure(round->result.error());
  store.committed_ = store.synced_ = round->builder.round();
  return {};
}

/// Removes what nothing refers to: journal files without a round that counts, logs that do not exist any more.
Result<void> Recovery::clean_up() {
  if (auto done = remove_files(); !done) return done;
  return remove_logs();
}

Result<void> Recovery::remove_files() {
  io::Disk& disk = *environment_.disk;
  bool any = false;
  for (File& file : files_) {
    if (file.counting) continue;
    file.file.reset();
    any = true;
    const std::string path = store_->journal_.path_of(file.sequence);
    const bool unreadable = file.whole_file_unreadable || !file.unreadable.empty();
    const bool keep = unreadable || (file.damaged && file.content_end > kJournalHeaderSize);
    if (auto done = keep ? disk.rename(path, path + ".damaged") : disk.remove(path); !done) {
      return io_failure(done.error());
    }
  }
  if (!any) return {};
  if (auto synced = disk.sync_directory(options_.directory + "/journal"); !synced) return io_failure(synced.error());
  return {};
}

Result<void> Recovery::remove_logs() {
  if (directories_to_remove_.empty()) return {};
  io::Disk& disk = *environment_.disk;
  const std::string orphans = options_.directory + "/orphans";
  if (options_.keep_unknown_logs) {
    if (auto made = disk.make_directory(orphans); !made) return io_failure(made.error());
  }
  for (const LogId id : directories_to_remove_) {
    const std::string directory = log_directory(options_.directory, id);
    const bool keep = options_.keep_unknown_logs && !logs_[id].deleted;
    if (keep) base::log::warning("log {} belongs to nothing that is known; its segments go to {}", id.value, orphans);
    const std::string aside = orphans + directory.substr(directory.rfind('/'));
    auto done = keep ? disk.rename(directory, aside) : disk.remove_tree(directory);
    if (!done && done.error().code == io::IoErrc::bad_medium) {
      base::log::error("the files of deleted log {} stay: {}", id.value, done.error().detail);
      continue;
    }
    if (!done) return io_failure(done.error());
  }
  for (const std::string& path : {options_.directory, orphans, logs_directory(options_.directory)}) {
    if (!disk.exists(path)) continue;
    if (auto synced = disk.sync_directory(path); !synced) return io_failure(synced.error());
  }
  return {};
}

void Recovery::build_quarantine() {
  for (const QuarantinedRange& range : report_.quarantined) {
    if (range.log != kUnknownLog) store_->quarantined_.push_back(range);
  }
}

}  // namespace millrace::storage

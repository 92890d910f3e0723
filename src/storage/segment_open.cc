#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "storage/disk_damage.h"
#include "storage/segment_files.h"
#include "storage/segment_index.h"
#include "storage/segment_set.h"

namespace millrace::storage {

/// Builds a SegmentSet from what is on the disk.
class SegmentOpener {
 public:
  SegmentOpener(const SegmentSet::OpenRequest& request, std::vector<QuarantinedRange>& quarantined)
      : request_(request),
        cache_(*request.cache),
        quarantined_(quarantined),
        set_(std::make_unique<SegmentSet>(*request.cache, request.directory, request.log)) {}

  Result<std::unique_ptr<SegmentSet>> run();

 private:
  Result<void> collect();
  Result<void> remove_unrecorded(Offset base, const SegmentGenerations& generations);
  Result<void> remove_files(Offset base, const SegmentGenerations& generations, std::optional<std::uint32_t> except);
  Result<void> set_files_aside(Offset base, const SegmentGenerations& generations);
  Result<void> read_last();
  Result<void> keep_open(IndexReader& index, std::uint32_t entries, const IndexEntry& last);
  void remember_times(IndexReader& index);
  void count_bytes();
  void quarantine(Offset first, Offset last, std::string reason);
  void name_offset(Offset end) { set_->named_end_ = std::max(set_->named_end_, end); }

  const SegmentSet::OpenRequest& request_;
  FileCache& cache_;
  std::vector<QuarantinedRange>& quarantined_;
  std::unique_ptr<SegmentSet> set_;
  SegmentList list_;
  std::optional<IndexHeader> last_header_;
  bool removed_ = false;
};

Result<std::unique_ptr<SegmentSet>> SegmentSet::open(const OpenRequest& request,
                                                     std::vector<QuarantinedRange>& quarantined) {
  return SegmentOpener(request, quarantined).run();
}

Result<std::unique_ptr<SegmentSet>> SegmentOpener::run() {
  set_->end_ = request_.recorded_end;
  name_offset(request_.recorded_end);
  const char* reason = "all segments are missing";
  if (auto collected = collect(); !collected.has_value()) {
    if (collected.error().code != StorageErrc::damaged) return std::unexpected(std::move(collected.error()));
    // New segments get a directory that can be listed.
    reason = "the directory of the segments cannot be read";
    if (auto aside = put_aside(cache_.disk(), request_.directory); !aside.has_value()) {
      return std::unexpected(std::move(aside.error()));
    }
    set_->directory_exists_ = false;
    set_->directory_put_aside_ = true;
    list_.clear();
  }
  if (list_.empty()) {
    if (request_.start < request_.recorded_end) {
      quarantine(request_.start, Offset(request_.recorded_end.value - 1), reason);
    }
    return std::move(set_);
  }
  if (auto last = read_last(); !last.has_value()) return std::unexpected(std::move(last.error()));
  set_->list_ = std::make_shared<const SegmentList>(list_);
  name_offset(set_->end_);
  count_bytes();
  return std::move(set_);
}

void SegmentOpener::quarantine(Offset first, Offset last, std::string reason) {
  first = std::max(first, request_.start);
  if (first > last) return;
  QuarantinedRange range{request_.log, first, last, std::move(reason)};
  if (set_->quarantine(range)) quarantined_.push_back(std::move(range));
}

/// Fills the list with the segments that count; removes leftovers.
Result<void> SegmentOpener::collect() {
  io::Disk& disk = cache_.disk();
  if (!disk.exists(request_.directory)) return {};
  set_->directory_exists_ = true;
  auto found = list_segment_files(disk, request_.directory);
  if (!found.has_value()) return std::unexpected(std::move(found.error()));
  for (auto it = found->begin(); it != found->end(); ++it) {
    const auto& [base, generations] = *it;
    if (base >= request_.recorded_end) {
      if (auto removed = remove_unrecorded(base, generations); !removed.has_value()) return removed;
      continue;
    }
    const auto next = std::next(it);
    const Offset end = next == found->end() ? request_.recorded_end : std::min(next->first, request_.recorded_end);
    if (end <= request_.start) {
      if (auto removed = remove_files(base, generations, std::nullopt); !removed.has_value()) return removed;
      continue;
    }
    const auto generation = valid_generation(cache_, request_.directory, request_.log, base, generations);
    if (!generation.has_value() &&
        is_trimmed_leftover(cache_, request_.directory, request_.log, base, generations, request_.start)) {
      if (auto removed = remove_files(base, generations, std::nullopt); !removed.has_value()) return removed;
      continue;
    }
    if (!generation.has_value()) {
      quarantine(base, Offset(end.value - 1), "a file of the segment is missing");
      continue;
    }
    if (auto removed = remove_files(base, generations, generation); !removed.has_value()) return removed;
    list_.push_back({base, *generation});
  }
  if (!removed_) return {};
  if (auto synced = disk.sync_directory(request_.directory); !synced.has_value()) {
    return io_failure(std::move(synced.error()));
  }
  return {};
}

Result<void> SegmentOpener::remove_unrecorded(Offset base, const SegmentGenerations& generations) {
  name_offset(base + Offset(1));
  for (const auto& [generation, pair] : generations) {
    if (!pair.index) continue;
    auto index = IndexReader::open(cache_, request_.directory, request_.log, {base, generation});
    if (!index.has_value() && index.error().code == StorageErrc::damaged) {
      return set_files_aside(base, generations);
    }
    if (!index.has_value()) return std::unexpected(std::move(index.error()));
    for (std::uint32_t slot = 0; slot < index->count(); ++slot) {
      if (const auto entry = index->entry(slot); entry.has_value()) name_offset(entry->end());
    }
  }
  return request_.keep_unrecorded ? set_files_aside(base, generations) : remove_files(base, generations, std::nullopt);
}

Result<void> SegmentOpener::set_files_aside(Offset base, const SegmentGenerations& generations) {
  for (const auto& [generation, pair] : generations) {
    const SegmentName name{base, generation};
    for (const auto& [present, path] : {std::pair(pair.index, index_path(request_.directory, name)),
                                        std::pair(pair.data, segment_path(request_.directory, name))}) {
      cache_.forget(path);
      if (!present) continue;
      if (auto renamed = cache_.disk().rename(path, path + ".damaged"); !renamed.has_value()) {
        return io_failure(std::move(renamed.error()));
      }
      removed_ = true;
    }
  }
  return {};
}

Result<void> SegmentOpener::remove_files(Offset base, const SegmentGenerations& generations,
                                         std::optional<std::uint32_t> except) {
  for (const auto& [generation, pair] : generations) {
    if (generation == except) continue;
    const SegmentName name{base, generation};
    for (const auto& [present, path] : {std::pair(pair.index, index_path(request_.directory, name)),
                                        std::pair(pair.data, segment_path(request_.directory, name))}) {
      cache_.forget(path);
      if (!present) continue;
      if (auto removed = cache_.disk().remove(path); !removed.has_value()) {
        return io_failure(std::move(removed.error()));
      }
      removed_ = true;
    }
  }
  return {};
}

/// Cuts the last segment behind the recorded end and decides whether it may be appended to.
Result<void> SegmentOpener::read_last() {
  auto index = IndexReader::open(cache_, request_.directory, request_.log, list_.back());
  if (!index.has_value() && index.error().code == StorageErrc::damaged) {
    quarantine(list_.back().base, Offset(request_.recorded_end.value - 1), "the index cannot be read");
    return {};
  }
  if (!index.has_value()) return std::unexpected(std::move(index.error()));
  auto header = index->header();
  if (header.has_value()) {
    last_header_ = *header;
  } else if (header.error().code == StorageErrc::newer_version) {
    return std::unexpected(std::move(header.error()));
  }
  if (list_.back().generation > 0) {
    // Rewritten, so complete; never appended to again.
    if (last_header_.has_value() && last_header_->end < request_.recorded_end) {
      quarantine(last_header_->end, Offset(request_.recorded_end.value - 1), "segments are missing");
    }
    remember_times(*index);
    return {};
  }
  // Backwards over what is not recorded, to the last entry that is.
  std::uint32_t kept = index->count();
  std::uint32_t first_unrecorded = index->count();
  bool bad_entries = false;
  std::optional<IndexEntry> last;
  for (; kept > 0; --kept) {
    last = index->entry(kept - 1);
    if (!last.has_value()) {
      bad_entries = true;
    } else if (last->base >= request_.recorded_end) {
      name_offset(last->end());
      first_unrecorded = kept - 1;
      last.reset();
    } else {
      break;
    }
  }
  const Offset covered = last.has_value() ? last->end() : list_.back().base;
  if (last.has_value() && covered >= request_.recorded_end && last_header_.has_value()) {
    auto open = keep_open(*index, kept, *last);
    if (open.has_value() || open.error().code != StorageErrc::damaged) return open;
    quarantine(list_.back().base, Offset(request_.recorded_end.value - 1), "the data file cannot be read");
  }
  set_->end_ = std::max(covered, request_.recorded_end);
  remember_times(*index);
  if (first_unrecorded < index->count()) {
    // Readable entries of unrecorded batches must not be taken for recorded ones later.
    if (auto cut = index->file().truncate(index_entry_position(first_unrecorded)); !cut.has_value()) {
      return io_failure(std::move(cut.error()));
    }
    if (auto synced = index->file().sync(); !synced.has_value()) return io_failure(std::move(synced.error()));
  }
  if (covered < request_.recorded_end) {
    quarantine(covered, Offset(request_.recorded_end.value - 1),
               bad_entries ? "the end of the index is damaged" : "the end of the index is missing");
  }
  return {};
}

/// The usual end: every recorded batch has its entry. Removes what lies behind. Fails with `damaged`, and has done
/// nothing, when the data file cannot be opened.
Result<void> SegmentOpener::keep_open(IndexReader& index, std::uint32_t entries, const IndexEntry& last) {
  auto data = cache_.open(segment_path(request_.directory, index.name()));
  if (!data.has_value()) return storage_failure(std::move(data.error()));
  const auto size = (*data)->size();
  if (!size.has_value()) return storage_failure(size.error());
  // Recorded batches that are not in the file: the newest ones.
  for (std::uint32_t slot = entries; slot > 0; --slot) {
    const auto entry = index.entry(slot - 1);
    if (entry.has_value() && entry->end_position() <= *size) break;
    if (entry.has_value()) quarantine(entry->base, entry->last, "data is missing");
  }
  for (auto [file, end] :
       {std::pair(&index.file(), index_entry_position(entries)), std::pair(data->get(), last.end_position())}) {
    const auto now = file->size();
    if (!now.has_value()) return io_failure(now.error());
    if (*now <= end) continue;
    if (auto cut = file->truncate(end); !cut.has_value()) return io_failure(std::move(cut.error()));
    if (auto synced = file->sync(); !synced.has_value()) return io_failure(std::move(synced.error()));
  }
  set_->end_ = std::max(last.end(), request_.recorded_end);
  const auto first = index.entry(0);
  set_->open_ = OpenSegment{.name = index.name(),
                            .entries = entries,
                            .position = last.end_position(),
                            .running_max = last.running_max,
                            .greatest_expiry = last.greatest_expiry,
                            .appended_at = last.appended_at,
                            .opened_at = first.has_value() ? first->appended_at : last.appended_at,
                            .bytes_before = last_header_->bytes_before,
                            .max_timestamp_before = last_header_->max_timestamp_before};
  set_->max_timestamp_ = std::max(last.running_max, last_header_->max_timestamp_before);
  return {};
}

/// New segments must name a timestamp that no stored record exceeds.
void SegmentOpener::remember_times(IndexReader& index) {
  if (const auto last = index.last_good(); last.has_value()) {
    set_->max_timestamp_ = std::max(set_->max_timestamp_, last->running_max);
  }
}

/// From the headers of the first and the last segment and of rewritten ones; from every file when one is unreadable.
void SegmentOpener::count_bytes() {
  const std::string& directory = request_.directory;
  auto first = IndexReader::open(cache_, directory, request_.log, list_.front());
  bool known = last_header_.has_value() && first.has_value();
  if (known) {
    const auto header = first->header();
    known = header.has_value() && header->bytes_before <= last_header_->bytes_before;
    const std::uint64_t last_bytes = list_.back().generation > 0 ? last_header_->original_bytes
                                                                 : segment_data_bytes(cache_, directory, list_.back());
    set_->bytes_ever_ = last_header_->bytes_before + last_bytes;
    if (known) set_->bytes_ = set_->bytes_ever_ - header->bytes_before;
  }
  if (!known) {
    set_->bytes_ = 0;
    for (const SegmentName name : list_) {
      set_->bytes_ += segment_data_bytes(cache_, directory, name);
      if (auto index = IndexReader::open(cache_, directory, request_.log, name); index.has_value()) {
        remember_times(*index);
      }
    }
    set_->bytes_ever_ = std::max(set_->bytes_ever_, set_->bytes_);
    return;
  }
  set_->max_timestamp_ = std::max(set_->max_timestamp_, last_header_->max_timestamp_before);
  for (const SegmentName name : list_) {
    if (name.generation == 0) continue;
    auto index = IndexReader::open(cache_, directory, request_.log, name);
    if (!index.has_value()) continue;
    const auto header = index->header();
    if (!header.has_value()) continue;
    set_->set_cleaned(header->cleaned);
    const std::uint64_t now = segment_data_bytes(cache_, directory, name);
    set_->bytes_ -= std::min(set_->bytes_, header->original_bytes - std::min(now, header->original_bytes));
  }
}

namespace {

/// Reads one batch and compares it with its entry. Sets `refused` when the disk does not read it.
bool batch_is_stored(io::File& data, const IndexEntry& entry, bytes::ByteVector& buffer, bool& refused) {
  const auto size = data.size();
  if (!size.has_value() || *size < entry.end_position()) return false;
  buffer.resize(entry.length);
  std::string reason;
  return read_patiently(data, entry.position, buffer, &refused) == entry.length && batch_matches(entry, buffer, reason);
}

Result<bool> verify_segments(FileCache& cache, const std::string& directory, LogId log, Offset from, Offset until,
                             bool& refused) {
  if (!cache.disk().exists(directory)) return false;
  auto found = list_segment_files(cache.disk(), directory);
  if (!found.has_value()) return std::unexpected(std::move(found.error()));
  auto at = found->upper_bound(from);
  if (at != found->begin()) --at;
  bytes::ByteVector buffer;
  std::optional<std::uint64_t> reached;
  for (; at != found->end(); ++at) {
    const auto generation = valid_generation(cache, directory, log, at->first, at->second);
    if (!generation.has_value()) return false;
    const SegmentName name{at->first, *generation};
    auto index = IndexReader::open(cache, directory, log, name);
    if (!index.has_value()) return std::unexpected(std::move(index.error()));
    auto data = cache.open(segment_path(directory, name));
    if (!data.has_value()) return storage_failure(std::move(data.error()));
    const auto header = index->header();
    bytes::ByteVector data_header(kSegmentHeaderSize);
    data_header.resize(read_patiently(**data, 0, data_header, &refused));
    refused |= index->unreadable();
    if (!header.has_value() || !check_segment_header(data_header, log, name).has_value()) return false;
    if (name.generation > 0) {
      // Only committed segments are rewritten, so what it stands for was whole.
      if (header->end >= until) return true;
      from = std::max(from, header->end);
      reached.reset();
      continue;
    }
    std::uint32_t slot = index->find(from);
    if (!reached.has_value() && slot > 0) {
      const auto before = index->entry(slot - 1);
      refused |= index->unreadable();
      if (!before.has_value()) return false;
      reached = header->bytes_before + before->end_position();
    }
    for (; slot < index->count(); ++slot) {
      const auto entry = index->entry(slot);
      refused |= index->unreadable();
      if (!entry.has_value() || entry->last >= until) return false;
      // In one piece with what comes before, also over the border of two segments.
      if (reached.has_value() && header->bytes_before + entry->position != *reached) return false;
      if (!batch_is_stored(**data, *entry, buffer, refused)) return false;
      reached = header->bytes_before + entry->end_position();
      from = entry->end();
      if (from == until) return true;
    }
  }
  return false;
}

}  // namespace

Result<bool> SegmentSet::verify_flushed(FileCache& cache, const std::string& directory, LogId log, Offset from,
                                        Offset until) {
  if (from >= until) return true;
  bool refused = false;
  auto whole = verify_segments(cache, directory, log, from, until, refused);
  if (refused && whole.has_value() && !*whole) {
    return base::fail(StorageErrc::damaged, fmt::format("log {}: the disk does not read offsets {} to {} again",
                                                        log.value, from.value, until.value - 1));
  }
  return whole;
}

Result<Offset> SegmentSet::verified_end(FileCache& cache, const std::string& directory, LogId log, Offset from,
                                        Offset until) {
  if (!cache.disk().exists(directory)) return from;
  auto found = list_segment_files(cache.disk(), directory);
  if (!found.has_value()) return std::unexpected(std::move(found.error()));
  bytes::ByteVector buffer;
  bool refused = false;
  for (auto at = found->rbegin(); at != found->rend(); ++at) {
    if (at->first >= until) continue;
    const auto generation = valid_generation(cache, directory, log, at->first, at->second);
    if (!generation.has_value()) continue;
    const SegmentName name{at->first, *generation};
    auto index = IndexReader::open(cache, directory, log, name);
    if (!index.has_value() && index.error().code == StorageErrc::damaged) continue;
    if (!index.has_value()) return std::unexpected(std::move(index.error()));
    auto data = cache.open(segment_path(directory, name));
    if (!data.has_value() && data.error().code == io::IoErrc::bad_medium) continue;
    if (!data.has_value()) return storage_failure(std::move(data.error()));
    for (std::uint32_t slot = index->count(); slot > 0; --slot) {
      const auto entry = index->entry(slot - 1);
      if (!entry.has_value() || entry->end() > until) continue;
      if (entry->end() <= from) return from;
      if (batch_is_stored(**data, *entry, buffer, refused)) return entry->end();
    }
  }
  return from;
}

}  // namespace millrace::storage

#include "storage/segment_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "storage/segment_index.h"

namespace millrace::storage {

SegmentSet::SegmentSet(FileCache& cache, std::string directory, LogId log)
    : cache_(&cache),
      directory_(std::make_shared<const std::string>(std::move(directory))),
      log_(log),
      list_(std::make_shared<const SegmentList>()) {}

Offset SegmentSet::first_offset() const {
  return list_->empty() ? end_ : list_->front().base;
}

SegmentSnapshot SegmentSet::snapshot() const {
  SegmentSnapshot result;
  result.cache = cache_;
  result.directory = directory_;
  result.log = log_;
  result.list = list_;
  result.end = end_;
  result.bytes = bytes_;
  if (open_.has_value()) result.open = *open_;
  return result;
}

std::size_t SegmentSnapshot::find(Offset offset) const {
  const auto above = std::ranges::upper_bound(*list, offset, {}, &SegmentName::base);
  return above == list->begin() ? 0 : static_cast<std::size_t>(above - list->begin() - 1);
}

SegmentWrite SegmentSet::plan_append(std::span<const BatchRef> batches, Bytes segment_bytes, Millis segment_time) {
  MILLRACE_ASSERT(!writing_ && !batches.empty());
  writing_ = true;
  SegmentWrite write;
  write.snapshot_ = snapshot();
  write.create_directory_ = !directory_exists_;
  if (cut_open_) write.cut_ = open_;
  write.leftovers_ = leftovers_;
  write.batches_.assign(batches.begin(), batches.end());
  write.entries_.reserve(batches.size());
  write.places_.reserve(batches.size());

  std::optional<OpenSegment> open = open_;
  std::uint64_t bytes_ever = bytes_ever_;
  Timestamp max_timestamp = max_timestamp_;
  Offset end = end_;
  bool begin_part = true;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    MILLRACE_ASSERT(batches[i].base_offset >= end, "log {:016x}: batch at {} below {}", log_.value,
                    batches[i].base_offset.value, end.value);
    IndexEntry entry = describe_batch(batches[i], 0);
    const bool full =
        open.has_value() && open->entries > 0 &&
        (open->entries >= kMaxIndexEntries ||
         open->position + entry.length > kSegmentHeaderSize + segment_bytes.value ||
         (segment_time > Millis(0) && entry.appended_at.value - open->opened_at.value > segment_time.value));
    if (!open.has_value() || full) {
      open = OpenSegment{};
      open->name = {entry.base, 0};
      open->opened_at = entry.appended_at;
      open->bytes_before = bytes_ever;
      open->max_timestamp_before = max_timestamp;
      write.parts_.push_back({.create = true, .before = *open, .after = *open, .first_batch = i});
    } else if (begin_part) {
      write.parts_.push_back({.before = *open, .after = *open, .first_batch = i});
    }
    begin_part = false;
    entry.position = open->position;
    entry.running_max = std::max(entry.max_timestamp, open->running_max);
    open->entries += 1;
    open->position += entry.length;
    open->running_max = entry.running_max;
    open->appended_at = entry.appended_at;
    max_timestamp = std::max(max_timestamp, entry.max_timestamp);
    bytes_ever += entry.length;
    write.bytes_ += entry.length;
    end = entry.end();
    write.parts_.back().after = *open;
    write.parts_.back().batch_count += 1;
    write.places_.push_back({open->name.base, entry.position, entry.length, entry.batch_crc});
    write.entries_.push_back(entry);
  }
  return write;
}

void SegmentSet::finish(SegmentWrite&& write) {
  MILLRACE_ASSERT(writing_);
  writing_ = false;
  directory_exists_ = true;
  cut_open_ = false;
  leftovers_.clear();
  auto list = std::make_shared<SegmentList>(*list_);
  bool grown = false;
  for (const SegmentWrite::Part& part : write.parts_) {
    if (!part.create) continue;
    list->push_back(part.after.name);
    grown = true;
  }
  if (grown) list_ = std::move(list);
  open_ = write.parts_.back().after;
  end_ = write.entries_.back().end();
  for (const IndexEntry& entry : write.entries_) max_timestamp_ = std::max(max_timestamp_, entry.max_timestamp);
  bytes_ += write.bytes_;
  bytes_ever_ += write.bytes_;
}

void SegmentSet::abandon(SegmentWrite&& write) {
  MILLRACE_ASSERT(writing_);
  writing_ = false;
  // The directory may exist by now; creating it again does no harm, not syncing its parent would.
  cut_open_ = open_.has_value();
  for (const SegmentWrite::Part& part : write.parts_) {
    if (part.create && std::ranges::find(leftovers_, part.after.name) == leftovers_.end()) {
      leftovers_.push_back(part.after.name);
    }
  }
}

SegmentRead SegmentSet::plan_read(const Log::ReadRequest& request) const {
  SegmentRead read;
  read.snapshot_ = snapshot();
  read.request_ = request;
  read.hints_ = hints_;
  read.patient_ = refused_reads_ < kRefusedReads;
  const Offset next = skip_quarantined(request.from);
  if (next != request.from) read.known_damage_ = next;
  for (const QuarantinedRange& range : quarantined_) {
    // What lies at or above the end is not in segments, and others know what is before it.
    if (range.first <= request.from || range.first >= std::min(read.request_.until, end_)) continue;
    read.request_.until = range.first;
    read.damage_ahead_ = range.last;
  }
  return read;
}

std::vector<QuarantinedRange> SegmentSet::finish(SegmentRead&& read) {
  refused_reads_ = read.refused_ && read.patient_ ? refused_reads_ + 1 : 0;
  if (read.next_hint_.next != model::kNoOffset) {
    // Readers that follow each other replace their own place, others the oldest.
    const auto own = std::ranges::find(hints_, read.request_.from, &ReadHint::next);
    ReadHint& slot = own != hints_.end() ? *own : hints_[next_hint_++ % hints_.size()];
    slot = read.next_hint_;
  }
  if (read.missing_.has_value()) {
    const auto found = std::ranges::find(*list_, *read.missing_);
    if (found != list_->end()) {
      const Offset next = found + 1 != list_->end() ? (found + 1)->base : end_;
      read.damage_.push_back({log_, found->base, Offset(next.value - 1), "file of the segment is missing"});
    }
  }
  std::vector<QuarantinedRange> fresh;
  for (QuarantinedRange& range : read.damage_) {
    if (quarantine(range)) fresh.push_back(std::move(range));
  }
  if (read.widened_.has_value()) quarantine(*read.widened_);
  return fresh;
}

Offset SegmentSet::skip_quarantined(Offset from) const {
  for (const QuarantinedRange& range : quarantined_) {
    if (range.first <= from && from <= range.last) from = Offset(range.last.value + 1);
  }
  return from;
}

bool SegmentSet::quarantine(const QuarantinedRange& range) {
  if (range.first > range.last) return false;
  const auto covers = [](const QuarantinedRange& outer, const QuarantinedRange& inner) {
    return outer.first <= inner.first && inner.last <= outer.last;
  };
  for (const QuarantinedRange& known : quarantined_) {
    if (covers(known, range)) return false;
  }
  std::erase_if(quarantined_, [&](const QuarantinedRange& known) { return covers(range, known); });
  const auto at = std::ranges::upper_bound(quarantined_, range.first, {}, &QuarantinedRange::first);
  quarantined_.insert(at, range);
  return true;
}

SegmentTimeLookup SegmentSet::plan_find_time(Offset start, Timestamp timestamp) const {
  SegmentTimeLookup lookup;
  lookup.snapshot_ = snapshot();
  lookup.start_ = start;
  lookup.timestamp_ = timestamp;
  return lookup;
}

SegmentTimeLookup SegmentSet::plan_find_max_time(Offset start) const {
  SegmentTimeLookup lookup = plan_find_time(start, Timestamp(0));
  lookup.maximum_ = true;
  return lookup;
}

SegmentExpiry SegmentSet::plan_find_expired(const Log::ExpiryRequest& request) const {
  SegmentExpiry expiry;
  expiry.snapshot_ = snapshot();
  expiry.request_ = request;
  return expiry;
}

SegmentRetention SegmentSet::plan_retention(Timestamp now, const LogOptions& options, Bytes outside) const {
  SegmentRetention retention;
  retention.snapshot_ = snapshot();
  retention.now_ = now;
  retention.options_ = options;
  retention.outside_ = outside.value;
  return retention;
}

SegmentRemoval SegmentSet::trim(Offset start) {
  SegmentRemoval removal;
  removal.cache_ = cache_;
  removal.directory_ = directory_;
  std::size_t count = 0;
  while (count + 1 < list_->size() && (*list_)[count + 1].base <= start) ++count;
  // A write in flight goes on from the last segment.
  if (count + 1 == list_->size() && end_ <= start && !writing_) {
    ++count;
    open_.reset();
    cut_open_ = false;
  }
  if (count == 0) return removal;
  const auto middle = list_->begin() + static_cast<std::ptrdiff_t>(count);
  removal.names_.assign(list_->begin(), middle);
  for (auto at = list_->begin(); at != middle; ++at) {
    const Offset end = at + 1 != list_->end() ? (at + 1)->base : end_;
    const auto inside = [&](const QuarantinedRange& range) { return range.first < end && range.last >= at->base; };
    if (std::ranges::any_of(quarantined_, inside)) removal.damaged_.push_back(*at);
  }
  list_ = std::make_shared<const SegmentList>(middle, list_->end());
  std::erase_if(quarantined_, [&](const QuarantinedRange& range) { return range.last < start; });
  return removal;
}

void SegmentSet::finish(SegmentRemoval&& removal) {
  bytes_ -= std::min(bytes_, removal.freed_);
}

SegmentRemoval SegmentSet::clear() {
  MILLRACE_ASSERT(!writing_);
  SegmentRemoval removal;
  removal.cache_ = cache_;
  removal.directory_ = directory_;
  removal.names_ = *list_;
  removal.whole_directory_ = directory_exists_ || !leftovers_.empty();
  list_ = std::make_shared<const SegmentList>();
  open_.reset();
  cut_open_ = false;
  leftovers_.clear();
  quarantined_.clear();
  hints_ = {};
  bytes_ = 0;
  directory_exists_ = false;
  return removal;
}

Result<void> SegmentRemoval::execute() {
  io::Disk& disk = cache_->disk();
  for (const SegmentName name : names_) {
    const std::string data = segment_path(*directory_, name);
    std::uint64_t size = 0;
    if (auto file = cache_->open(data); file.has_value()) {
      if (const auto bytes = (*file)->size(); bytes.has_value() && *bytes > kSegmentHeaderSize) {
        size = *bytes - kSegmentHeaderSize;
      }
    }
    const bool keep = std::ranges::find(damaged_, name) != damaged_.end();
    // The index first: data without an index is never taken for anything but a leftover or damage.
    for (const std::string& path : {index_path(*directory_, name), data}) {
      cache_->forget(path);
      if (whole_directory_ || !disk.exists(path)) continue;
      auto done = keep ? disk.rename(path, path + ".damaged") : disk.remove(path);
      if (!done.has_value()) return storage_failure(std::move(done.error()));
    }
    freed_ += size;
  }
  if (!whole_directory_) return {};
  if (auto removed = disk.remove_tree(*directory_); !removed.has_value()) {
    return storage_failure(std::move(removed.error()));
  }
  return {};
}

}  // namespace millrace::storage

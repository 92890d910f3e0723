#include <algorithm>
#include <optional>
#include <utility>

#include "storage/segment_files.h"
#include "storage/segment_index.h"
#include "storage/segment_jobs.h"

namespace millrace::storage {

namespace {

/// The index of a segment of the snapshot, or of a generation that replaced it meanwhile. Nothing when there is none:
/// then it was trimmed, or lost, and has nothing to say.
Result<std::optional<IndexReader>> open_present(const SegmentSnapshot& snapshot, std::size_t index) {
  auto reader = IndexReader::open(snapshot, index);
  constexpr std::uint32_t kGenerationsAhead = 2;
  SegmentName name = (*snapshot.list)[index];
  for (std::uint32_t i = 0; i < kGenerationsAhead; ++i) {
    if (reader.has_value() || reader.error().code != StorageErrc::below_start) break;
    ++name.generation;
    reader = IndexReader::open(*snapshot.cache, *snapshot.directory, snapshot.log, name);
  }
  if (reader.has_value()) return std::optional(std::move(*reader));
  if (reader.error().code == StorageErrc::below_start) return std::optional<IndexReader>();
  return std::unexpected(std::move(reader.error()));
}

}  // namespace

Result<Log::TimeLookup> SegmentTimeLookup::execute() {
  if (snapshot_.list->empty() || start_ >= snapshot_.end) return Log::TimeLookup{};
  return maximum_ ? greatest() : first_at_least();
}

Log::TimeLookup SegmentTimeLookup::search(IndexReader& index, Timestamp timestamp) const {
  const std::uint32_t by_time =
      index.partition([timestamp](const IndexEntry& entry) { return entry.running_max < timestamp; });
  // What reached the time may lie below the start, or be unreadable: then it is looked for one by one.
  for (std::uint32_t slot = std::max(by_time, index.find(start_)); slot < index.count(); ++slot) {
    const auto entry = index.entry(slot);
    if (entry.has_value() && entry->last >= start_ && entry->max_timestamp >= timestamp) {
      return {entry->base, entry->max_timestamp};
    }
  }
  return {};
}

Result<Log::TimeLookup> SegmentTimeLookup::first_at_least() {
  // Each segment tells the greatest timestamp of all before it, so the segments can be halved. An unreadable header
  // counts as "reached before", which only means more segments to look through.
  const SegmentList& list = *snapshot_.list;
  std::size_t low = snapshot_.find(start_);
  std::size_t high = list.size() - 1;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    auto next = open_present(snapshot_, middle + 1);
    if (!next.has_value()) return std::unexpected(std::move(next.error()));
    bool reached = true;
    if (next->has_value()) {
      const auto header = (*next)->header();
      reached = !header.has_value() || header->max_timestamp_before >= timestamp_;
    }
    (reached ? high : low) = reached ? middle : middle + 1;
  }
  // The one found may have got its maximum from segments that were removed: then a later one has it.
  for (; low < list.size(); ++low) {
    auto index = open_present(snapshot_, low);
    if (!index.has_value()) return std::unexpected(std::move(index.error()));
    if (!index->has_value()) continue;
    const Log::TimeLookup found = search(**index, timestamp_);
    if (found.offset != model::kNoOffset) return found;
  }
  return Log::TimeLookup{};
}

Result<Log::TimeLookup> SegmentTimeLookup::greatest() {
  Log::TimeLookup best;
  for (std::size_t i = snapshot_.find(start_); i < snapshot_.list->size(); ++i) {
    auto present = open_present(snapshot_, i);
    if (!present.has_value()) return std::unexpected(std::move(present.error()));
    if (!present->has_value()) continue;
    IndexReader* index = &**present;
    Timestamp maximum{-1};
    if (index->name().base >= start_) {
      if (const auto last = index->last_good(); last.has_value()) maximum = last->running_max;
    } else {
      for (std::uint32_t slot = index->find(start_); slot < index->count(); ++slot) {
        if (const auto entry = index->entry(slot); entry.has_value()) maximum = std::max(maximum, entry->max_timestamp);
      }
    }
    if (best.offset != model::kNoOffset && maximum <= best.timestamp) continue;
    if (const Log::TimeLookup found = search(*index, maximum); found.offset != model::kNoOffset) best = found;
  }
  return best;
}

bool SegmentExpiry::is_over(const IndexEntry& entry) const {
  if (entry.greatest_expiry <= request_.now) return true;
  const auto& most = request_.time_to_live;
  return most.has_value() && entry.appended_at.value <= request_.now.value - most->value;
}

bool SegmentExpiry::walk(IndexReader& index, Offset segment_end, Offset& from) const {
  const auto last = index.count() == 0 ? std::nullopt : index.entry(index.count() - 1);
  // The last entry speaks for all of the segment.
  if (last.has_value() && last->greatest_expiry <= request_.now) {
    from = std::max(from, last->end());
  } else {
    for (std::uint32_t slot = index.find(from); slot < index.count(); ++slot) {
      const auto entry = index.entry(slot);
      if (!entry.has_value() || !is_over(*entry)) return false;
      from = std::max(from, entry->end());
    }
  }
  if (index.name().generation > 0) {
    // What a rewritten segment does not have any more, nobody needs.
    const auto header = index.header();
    if (!header.has_value()) return false;
    from = std::max(from, header->end);
  }
  // Elsewhere a gap may be damage, which is for readers.
  return from == segment_end;
}

Result<Offset> SegmentExpiry::execute() {
  // A long backlog takes several requests, so that the worker is free for others in between.
  constexpr std::size_t kSegmentsAtOnce = 16;
  Offset from = request_.from;
  if (snapshot_.list->empty()) return from;
  const std::size_t first = snapshot_.find(from);
  if ((*snapshot_.list)[first].base > from) return from;
  for (std::size_t i = first; i < snapshot_.list->size() && i < first + kSegmentsAtOnce; ++i) {
    if (from >= request_.until) break;
    auto index = open_present(snapshot_, i);
    if (!index.has_value()) return std::unexpected(std::move(index.error()));
    if (!index->has_value() || !walk(**index, snapshot_.segment_end(i), from)) break;
  }
  return std::max(request_.from, std::min(from, request_.until));
}

Result<Offset> SegmentRetention::execute() {
  const SegmentList& list = *snapshot_.list;
  std::uint64_t total = snapshot_.bytes + outside_;
  Offset start = model::kNoOffset;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool last = i + 1 == list.size();
    if (options_.retain_bytes.value > 0 && !last) {
      const std::uint64_t bytes = segment_data_bytes(*snapshot_.cache, *snapshot_.directory, list[i]);
      if (total >= bytes && total - bytes >= options_.retain_bytes.value) {
        total -= bytes;
        start = snapshot_.segment_end(i);
        continue;
      }
    }
    if (options_.retain_time.value <= 0) break;
    auto index = open_present(snapshot_, i);
    if (!index.has_value()) return std::unexpected(std::move(index.error()));
    std::optional<IndexEntry> entry;
    if (index->has_value()) entry = (*index)->last_good();
    // A segment without a readable entry is as old as the next one says.
    if (!entry.has_value()) continue;
    if (entry->appended_at.value + options_.retain_time.value >= now_.value) break;
    start = snapshot_.segment_end(i);
  }
  return start;
}

}  // namespace millrace::storage

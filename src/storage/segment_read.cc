#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "storage/segment_index.h"
#include "storage/segment_jobs.h"

namespace millrace::storage {

Result<std::vector<BatchRef>> SegmentRead::execute() {
  if (known_damage_ != model::kNoOffset) {
    return base::fail(StorageErrc::quarantined,
                      fmt::format("log {:016x}: offsets {}..{} are damaged", snapshot_.log.value, request_.from.value,
                                  known_damage_.value - 1));
  }
  auto result = read_segments();
  if (result.has_value() && result->empty() && damage_ahead_ != model::kNoOffset) {
    widened_ = {snapshot_.log, request_.from, damage_ahead_, "damaged, with the hole before it"};
    return base::fail(StorageErrc::quarantined, fmt::format("log {:016x}: offsets up to {} are damaged",
                                                            snapshot_.log.value, damage_ahead_.value));
  }
  if (!result.has_value() && !damage_.empty() && damage_.front().first > request_.from) {
    widened_ = damage_.front();
    widened_->first = request_.from;
  }
  return result;
}

Result<std::vector<BatchRef>> SegmentRead::read_segments() {
  request_.until = std::min(request_.until, snapshot_.end);
  if (snapshot_.list->empty() || request_.from >= request_.until) return std::vector<BatchRef>();
  for (std::size_t index = snapshot_.find(request_.from);
       index < snapshot_.list->size() && (*snapshot_.list)[index].base < request_.until; ++index) {
    auto found = read_segment(index);
    if (!found.has_value() && found.error().code == StorageErrc::below_start) missing_ = (*snapshot_.list)[index];
    if (!found.has_value() && found.error().code == StorageErrc::damaged) return unreadable_segment(index);
    if (!found.has_value() || !found->empty()) return found;
  }
  return std::vector<BatchRef>();
}

std::unexpected<StorageError> SegmentRead::damaged(Offset first, Offset last, std::string reason) {
  damage_.push_back({snapshot_.log, first, last, reason});
  return base::fail(StorageErrc::quarantined, fmt::format("log {:016x}: offsets {}..{} are damaged: {}",
                                                          snapshot_.log.value, first.value, last.value, reason));
}

/// Reads from the segment at `index` of the list; nothing when it has no batch in the requested range.
Result<std::vector<BatchRef>> SegmentRead::read_segment(std::size_t index) {
  auto reader = IndexReader::open(snapshot_, index);
  if (!reader.has_value()) return std::unexpected(std::move(reader.error()));
  const SegmentName name = reader->name();
  const Offset segment_end = snapshot_.segment_end(index);

  const auto hint =
      std::ranges::find_if(hints_, [&](const ReadHint& h) { return h.next == request_.from && h.segment == name; });
  std::uint32_t slot = hint != hints_.end() ? std::min(hint->slot, reader->count()) : reader->find(request_.from);
  const std::uint32_t good = reader->next_good(slot);
  if (refused(reader->unreadable())) return unreadable();
  if (good != slot) {
    // Bad entries: what lies between their neighbours cannot be found.
    Offset first = name.base;
    if (slot > 0) {
      if (const auto before = reader->entry(slot - 1); before.has_value()) first = before->end();
    }
    const auto after = reader->entry(good);
    const Offset next = after.has_value() ? std::min(after->base, segment_end) : segment_end;
    if (request_.from < next && first < next) {
      if (request_.until <= first) return std::vector<BatchRef>();
      return damaged(first, Offset(next.value - 1), "index entries are damaged");
    }
    slot = good;
  }
  if (slot == reader->count()) {
    if (auto checked = check_end(*reader, name, segment_end); !checked.has_value()) {
      return std::unexpected(std::move(checked.error()));
    }
    return std::vector<BatchRef>();
  }

  auto entries = entries_from(*reader, slot, segment_end);
  if (refused(reader->unreadable())) return unreadable();
  if (entries.empty()) return std::vector<BatchRef>();
  auto batches = read_batches(entries, name);
  if (batches.has_value()) {
    const auto read = static_cast<std::uint32_t>(batches->size());
    const auto end = slot + static_cast<std::uint32_t>(entries.size());
    const auto skipped = static_cast<std::uint32_t>(entries.size()) - read;
    next_hint_ = {batches->back().last_offset + Offset(1), name, end - skipped};
  }
  return batches;
}

/// Entries of batches that lie one after the other, for one read.
std::vector<IndexEntry> SegmentRead::entries_from(IndexReader& reader, std::uint32_t slot, Offset segment_end) const {
  std::vector<IndexEntry> entries;
  std::uint64_t total = 0;
  for (; slot < reader.count(); ++slot) {
    const auto entry = reader.entry(slot);
    if (!entry.has_value() || entry->base >= request_.until || entry->base >= segment_end) break;
    if (!entries.empty() && (total + entry->length > request_.max_bytes.value ||
                             entry->position != entries.back().end_position() || entry->base < entries.back().end())) {
      break;
    }
    total += entry->length;
    entries.push_back(*entry);
  }
  return entries;
}

/// One of its files cannot even be opened.
std::unexpected<StorageError> SegmentRead::unreadable_segment(std::size_t index) {
  if (refused(true)) return unreadable();
  const Offset last(snapshot_.segment_end(index).value - 1);
  return damaged((*snapshot_.list)[index].base, last, "a file of the segment cannot be read");
}

bool SegmentRead::refused(bool failed) {
  refused_ |= failed;
  return failed && patient_;
}

std::unexpected<StorageError> SegmentRead::unreadable() const {
  return base::fail(StorageErrc::io, fmt::format("log {:016x}: the disk refuses to read at offset {}",
                                                 snapshot_.log.value, request_.from.value));
}

/// Behind the last entry of a closed segment there must be no data: else the end of its index was lost.
Result<void> SegmentRead::check_end(IndexReader& index, SegmentName name, Offset segment_end) {
  if (name == snapshot_.open.name || request_.from >= segment_end) return {};
  auto file = snapshot_.cache->open(segment_path(*snapshot_.directory, name));
  if (!file.has_value()) return storage_failure(std::move(file.error()));
  const auto size = (*file)->size();
  if (!size.has_value()) return storage_failure(size.error());
  const auto last = index.last_good();
  if (refused(index.unreadable())) return unreadable();
  const std::uint64_t expected = last.has_value() ? last->end_position() : kSegmentHeaderSize;
  if (*size <= expected) return {};
  const Offset first = last.has_value() ? last->end() : name.base;
  if (first >= segment_end) return {};
  return damaged(first, Offset(segment_end.value - 1), "the end of the index is missing");
}

Result<std::vector<BatchRef>> SegmentRead::read_batches(const std::vector<IndexEntry>& entries, SegmentName name) {
  auto file = snapshot_.cache->open(segment_path(*snapshot_.directory, name));
  if (!file.has_value()) return storage_failure(std::move(file.error()));
  const std::uint64_t begin = entries.front().position;
  const auto total = static_cast<std::size_t>(entries.back().end_position() - begin);
  // A hostile index can name 128 MiB that are not there.
  const auto size = (*file)->size();
  if (!size.has_value()) return storage_failure(size.error());
  if (*size < entries.front().end_position()) {
    return damaged(entries.front().base, entries.front().last, "data is missing");
  }
  bytes::Slab slab = bytes::Slab::allocate(total);
  std::size_t read = read_patiently(**file, begin, {slab.mutable_data(), total});
  if (read == 0) {
    // Perhaps only a later part is unreadable.
    bool failed = false;
    read = read_patiently(**file, begin, {slab.mutable_data(), entries.front().length}, &failed);
    if (refused(failed)) return unreadable();
  }
  std::vector<BatchRef> batches;
  batches.reserve(entries.size());
  for (const IndexEntry& entry : entries) {
    const auto at = static_cast<std::size_t>(entry.position - begin);
    std::string reason = "data cannot be read";
    const bool present = at + entry.length <= read;
    const bytes::ByteView stored = slab.view().subspan(at, entry.length);
    if (!present || !batch_matches(entry, stored, reason)) {
      // What lies behind what could be read is looked at again, on its own, by the next read.
      if (!present && !batches.empty()) break;
      auto failure = damaged(entry.base, entry.last, std::move(reason));
      if (batches.empty()) return failure;
      break;
    }
    batches.push_back({.base_offset = entry.base,
                       .last_offset = entry.last,
                       .epoch = entry.epoch,
                       .appended_at = entry.appended_at,
                       .bytes = {slab, stored}});
  }
  return batches;
}

}  // namespace millrace::storage

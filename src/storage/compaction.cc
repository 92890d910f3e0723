#include "storage/compaction.h"

#include <algorithm>
#include <string>
#include <utility>

#include "bytes/reader.h"
#include "bytes/siphash.h"
#include "model/batch_filter.h"

namespace millrace::storage {

namespace {

/// Ends of transactions that a pass remembers; what lies behind them waits for the next pass.
constexpr std::size_t kMaxMarkers = 1'000'000;
constexpr std::size_t kMaxAborted = 1'000'000;
constexpr Bytes kDecompressed{model::kMaxBatchSize};

/// Calls `each` with the entries from `from` on and their bytes, until it says no. What does not verify is passed over:
/// readers find and report it.
template <class Each>
Result<bool> for_each_batch(const SegmentSnapshot& snapshot, std::size_t index, Offset from, const Each& each) {
  auto reader = IndexReader::open(snapshot, index);
  if (!reader.has_value()) return std::unexpected(std::move(reader.error()));
  auto data = snapshot.cache->open(segment_path(*snapshot.directory, reader->name()));
  if (!data.has_value()) return storage_failure(std::move(data.error()));
  const auto size = (*data)->size();
  if (!size.has_value()) return storage_failure(size.error());
  bytes::ByteVector batch;
  std::string reason;
  for (std::uint32_t slot = reader->find(from); slot < reader->count(); ++slot) {
    const auto entry = reader->entry(slot);
    if (!entry.has_value() || entry->end_position() > *size) continue;
    batch.resize(entry->length);
    if (read_patiently(**data, entry->position, batch) != entry->length) continue;
    if (!batch_matches(*entry, batch, reason)) continue;
    if (!each(*entry, bytes::ByteView(batch))) return false;
  }
  return true;
}

std::uint64_t data_bytes(const SegmentSnapshot& snapshot, SegmentName name) {
  auto data = snapshot.cache->open(segment_path(*snapshot.directory, name));
  if (!data.has_value()) return 0;
  return (*data)->size().value_or(0);
}

}  // namespace

Result<bool> Compaction::prepare() {
  auto due = is_due();
  if (!due.has_value() || !*due) return due;
  const SegmentList& list = *plan_.snapshot.list;
  end_ = plan_.snapshot.segment_end(last_segment_ - 1);
  last_.reserve(std::min<std::size_t>(plan_.max_keys, 1024));
  for (std::size_t i = plan_.snapshot.find(plan_.cleaned); i < last_segment_; ++i) {
    const auto whole = scan_segment(i);
    if (!whole.has_value()) return std::unexpected(whole.error());
    if (!*whole) break;
  }
  if (end_ <= plan_.cleaned) return false;
  for (std::size_t i = plan_.snapshot.find(plan_.start); i < last_segment_ && list[i].base < end_; ++i) {
    segments_.push_back(list[i]);
  }
  return !segments_.empty();
}

/// Finds how far the pass may go, and whether that is worth it.
Result<bool> Compaction::is_due() {
  const SegmentSnapshot& snapshot = plan_.snapshot;
  const std::size_t closed = snapshot.list->empty() ? 0 : snapshot.list->size() - 1;
  if (closed == 0 || plan_.cleaned >= snapshot.segment_end(closed - 1)) return false;
  const std::size_t first = snapshot.find(std::max(plan_.cleaned, plan_.start));
  std::uint64_t dirty = 0;
  std::optional<Timestamp> oldest;
  for (last_segment_ = first; last_segment_ < closed; ++last_segment_) {
    auto index = IndexReader::open(snapshot, last_segment_);
    if (!index.has_value()) return std::unexpected(std::move(index.error()));
    const auto newest = index->last_good();
    const bool young = newest.has_value() && newest->appended_at.value > plan_.now.value - plan_.options.min_lag.value;
    if (young || snapshot.segment_end(last_segment_) > plan_.stable_end) break;
    const auto begin = index->next_good(index->find(plan_.cleaned));
    const auto entry = begin < index->count() ? index->entry(begin) : std::nullopt;
    if (!entry.has_value() || !newest.has_value()) continue;
    dirty += newest->end_position() - entry->position;
    if (!oldest.has_value()) oldest = entry->appended_at;
  }
  if (last_segment_ <= first || dirty == 0) return false;
  const bool late = plan_.options.max_lag > Millis(0) && oldest.has_value() &&
                    oldest->value <= plan_.now.value - plan_.options.max_lag.value;
  if (late) return true;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < last_segment_; ++i) all += data_bytes(snapshot, (*snapshot.list)[i]);
  return dirty * 1000 > plan_.options.dirty_per_mille * std::max(all, dirty);
}

/// False when the pass has to end before the end of the segment.
Result<bool> Compaction::scan_segment(std::size_t index) {
  const Offset from = std::max(plan_.cleaned, plan_.start);
  return for_each_batch(plan_.snapshot, index, from, [this](const IndexEntry& entry, bytes::ByteView batch) {
    if (scan_batch(entry, batch)) return true;
    end_ = entry.base;
    return false;
  });
}

/// False when the pass has to end before this batch.
bool Compaction::scan_batch(const IndexEntry& entry, bytes::ByteView batch) {
  const auto header = model::parse_batch_header(batch);
  if (!header.has_value() || header->control()) return true;
  if (header->transactional()) {
    const Fate fate = fate_of(*header, entry.base);
    if (fate == Fate::unknown || aborted_.size() >= kMaxAborted) return false;
    if (fate == Fate::aborted) {
      aborted_.push_back(entry.base.value);
      return true;
    }
  }
  // A batch that alone has more keys than that is taken all the same.
  if (!last_.empty() && last_.size() + static_cast<std::size_t>(header->record_count) > plan_.max_keys) return false;
  bytes::ByteVector scratch;
  const auto records = model::records_of(*header, batch, scratch, kDecompressed);
  if (!records.has_value()) return true;
  model::RecordCursor cursor(*records, header->record_count);
  model::RecordView record;
  while (cursor.next(record)) {
    if (record.has_key) last_[key_of(record.key)] = entry.base.value + record.offset_delta;
  }
  return true;
}

Compaction::Fate Compaction::fate_of(const model::BatchHeader& header, Offset base) {
  if (!markers_read_) read_markers(base);
  markers_read_ = true;
  const auto found = markers_.find(header.producer_id);
  if (found == markers_.end()) return Fate::unknown;
  const auto marker = std::ranges::upper_bound(found->second, base, {}, &Marker::offset);
  if (marker == found->second.end()) return Fate::unknown;
  return marker->committed ? Fate::committed : Fate::aborted;
}

/// Where transactions end, from here to the end of the segments.
void Compaction::read_markers(Offset from) {
  std::size_t count = 0;
  for (std::size_t i = plan_.snapshot.find(from); i < plan_.snapshot.list->size(); ++i) {
    const auto read = for_each_batch(plan_.snapshot, i, from, [&](const IndexEntry& entry, bytes::ByteView batch) {
      const auto header = model::parse_batch_header(batch);
      if (!header.has_value() || !header->control()) return true;
      bytes::ByteVector scratch;
      const auto records = model::records_of(*header, batch, scratch, kDecompressed);
      if (!records.has_value()) return true;
      model::RecordCursor cursor(*records, header->record_count);
      model::RecordView record;
      if (!cursor.next(record)) return true;
      // The key of a control record: version i16, type i16; type 0 aborts, 1 commits.
      bytes::Reader key(record.key);
      key.i16();
      const std::int16_t type = key.i16();
      if (!key.ok() || (type != 0 && type != 1)) return true;
      markers_[header->producer_id].push_back({entry.base, type == 1});
      return ++count < kMaxMarkers;
    });
    if (!read.has_value() || !*read) return;
  }
}

/// Two keys that look the same would cost a record; with 128 bits nobody meets them by chance, and who may write to the
/// log could replace the record anyway.
Compaction::Key Compaction::key_of(bytes::ByteView key) const {
  return bytes::siphash128({plan_.snapshot.log.value, 0x6d69'6c6c'7261'6365}, key);
}

bool Compaction::stays(const model::RecordView& record, Offset offset, const model::BatchHeader& header) const {
  // A record of a queue protocol need not have a key.
  if (!record.has_key) return header.enveloped();
  const auto found = last_.find(key_of(record.key));
  if (found != last_.end() && found->second > offset.value) return false;
  return record.has_value || !header.has_delete_horizon() || plan_.now < header.base_timestamp;
}

Compaction::Verdict Compaction::judge(const IndexEntry& entry, bytes::ByteView batch, bool build,
                                      bytes::ByteVector& changed) const {
  if (entry.last < plan_.start) return Verdict::drop;
  if (entry.base >= end_) return Verdict::keep;
  const auto header = model::parse_batch_header(batch);
  if (!header.has_value() || header->control()) return Verdict::keep;
  if (std::ranges::binary_search(aborted_, entry.base.value)) return Verdict::drop;
  bytes::ByteVector scratch;
  const auto records = model::records_of(*header, batch, scratch, kDecompressed);
  if (!records.has_value()) return Verdict::keep;
  std::vector<bool> keep;
  std::size_t kept = 0;
  bool deletes = false;
  model::RecordCursor cursor(*records, header->record_count);
  model::RecordView record;
  while (cursor.next(record)) {
    keep.push_back(stays(record, Offset(entry.base.value + record.offset_delta), *header));
    if (!keep.back()) continue;
    ++kept;
    deletes |= record.has_key && !record.has_value;
  }
  if (cursor.damaged()) return Verdict::keep;
  if (kept == 0) return Verdict::drop;
  const bool sets_horizon = deletes && !header->has_delete_horizon();
  if (kept == keep.size() && !sets_horizon) return Verdict::keep;
  if (!build) return Verdict::change;
  std::optional<Timestamp> horizon;
  if (sets_horizon) horizon = Timestamp(plan_.now.value + plan_.options.keep_deletions.value);
  auto made = model::filter_batch(*header, batch, *records, keep, horizon);
  if (!made.has_value()) return Verdict::keep;
  changed = std::move(*made);
  return Verdict::change;
}

}  // namespace millrace::storage

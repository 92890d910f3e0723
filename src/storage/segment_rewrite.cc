#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "storage/compaction.h"
#include "storage/segment_index.h"
#include "storage/segment_set.h"

namespace millrace::storage {

namespace {

constexpr std::uint64_t kCopyBytes = std::uint64_t{1} << 20;
/// A rewrite pays when the needed part is at most 1 / kWorthwhile.
constexpr std::uint64_t kWorthwhile = 4;

}  // namespace

std::optional<SegmentRewrite> SegmentSet::plan_rewrite(Offset start) {
  MILLRACE_ASSERT(!rewriting_);
  const std::size_t closed = list_->size() - (open_.has_value() ? 1 : 0);
  if (list_->empty() || closed == 0) return std::nullopt;
  const auto closed_end = list_->begin() + static_cast<std::ptrdiff_t>(closed);
  auto at = std::ranges::lower_bound(list_->begin(), closed_end, rewrite_cursor_, {}, &SegmentName::base);
  if (at == closed_end) at = list_->begin();
  rewrite_cursor_ = at->base + Offset(1);
  return begin_rewrite(start, static_cast<std::size_t>(at - list_->begin()));
}

SegmentRewrite SegmentSet::begin_rewrite(Offset start, std::size_t index) {
  rewriting_ = true;
  const SegmentName name = (*list_)[index];
  SegmentRewrite rewrite;
  rewrite.snapshot_ = snapshot();
  rewrite.from_ = name;
  rewrite.to_ = {name.base, name.generation + 1};
  rewrite.start_ = start;
  rewrite.segment_end_ = rewrite.snapshot_.segment_end(index);
  return rewrite;
}

CompactionPlan SegmentSet::plan_compaction(Offset start, Offset stable_end, Timestamp now,
                                           const CompactionOptions& options, std::size_t max_keys) const {
  return {.snapshot = snapshot(),
          .start = start,
          .cleaned = cleaned_,
          .stable_end = stable_end,
          .now = now,
          .options = options,
          .max_keys = max_keys};
}

std::optional<SegmentRewrite> SegmentSet::plan_rewrite(Offset start, SegmentName name) {
  MILLRACE_ASSERT(!rewriting_);
  const auto at = std::ranges::find(*list_, name);
  if (at == list_->end() || at + 1 == list_->end()) return std::nullopt;
  return begin_rewrite(start, static_cast<std::size_t>(at - list_->begin()));
}

SegmentRemoval SegmentSet::finish(SegmentRewrite&& rewrite) {
  MILLRACE_ASSERT(rewriting_);
  rewriting_ = false;
  SegmentRemoval removal;
  removal.cache_ = cache_;
  removal.directory_ = directory_;
  if (!rewrite.done_) return removal;
  auto list = std::make_shared<SegmentList>(*list_);
  const auto at = std::ranges::find(*list, rewrite.from_);
  if (at == list->end()) {
    // Trimmed meanwhile. The new files never counted.
    removal.names_ = {rewrite.to_};
    bytes_ += rewrite.kept_bytes_;
    return removal;
  }
  *at = rewrite.to_;
  list_ = std::move(list);
  cleaned_ = std::max(cleaned_, rewrite.header_.cleaned);
  removal.names_ = {rewrite.from_};
  bytes_ += rewrite.kept_bytes_;
  return removal;
}

Result<void> SegmentRewrite::load() {
  auto index = IndexReader::open(*snapshot_.cache, *snapshot_.directory, snapshot_.log, from_);
  if (!index.has_value()) return std::unexpected(std::move(index.error()));
  auto header = index->header();
  if (!header.has_value()) return std::unexpected(std::move(header.error()));
  header_ = *header;
  std::uint64_t position = kSegmentHeaderSize;
  entries_.reserve(index->count());
  for (std::uint32_t slot = 0; slot < index->count(); ++slot) {
    const auto entry = index->entry(slot);
    if (!entry.has_value() || entry->position != position || entry->last >= segment_end_ ||
        (!entries_.empty() && entry->base < entries_.back().end())) {
      return base::fail(StorageErrc::damaged, fmt::format("entry {} of a segment index is damaged", slot));
    }
    position = entry->end_position();
    entries_.push_back(*entry);
  }
  old_bytes_ = position - kSegmentHeaderSize;
  auto data = snapshot_.cache->open(segment_path(*snapshot_.directory, from_));
  if (!data.has_value()) return storage_failure(std::move(data.error()));
  const auto size = (*data)->size();
  if (!size.has_value()) return storage_failure(size.error());
  if (*size != position) return base::fail(StorageErrc::damaged, "segment and index differ in length");
  return {};
}

bool SegmentRewrite::choose(const std::function<bool(Offset first, Offset last)>& needed) {
  keep_.assign(entries_.size(), false);
  kept_bytes_ = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const IndexEntry& entry = entries_[i];
    if (entry.last < start_ || !needed(entry.base, entry.last)) continue;
    keep_[i] = true;
    kept_bytes_ += entry.length;
    if (kept_bytes_ > old_bytes_ / kWorthwhile) return false;
  }
  return !entries_.empty();
}

Result<bool> SegmentRewrite::choose(const Compaction& pass) {
  pass_ = &pass;
  keep_.assign(entries_.size(), true);
  auto from = snapshot_.cache->open(segment_path(*snapshot_.directory, from_));
  if (!from.has_value()) return storage_failure(std::move(from.error()));
  if (pass.end() > from_.base && pass.end() <= segment_end_) {
    header_.cleaned = std::max(header_.cleaned, pass.end());
    return true;
  }
  bytes::ByteVector batch;
  bytes::ByteVector changed;
  for (const IndexEntry& entry : entries_) {
    batch.resize(entry.length);
    if (auto read = read_batch(**from, entry, batch); !read.has_value()) return std::unexpected(read.error());
    if (pass.judge(entry, batch, false, changed) != Compaction::Verdict::keep) return true;
  }
  return false;
}

Result<void> SegmentRewrite::execute() {
  // An earlier attempt may have left files.
  remove_files();
  auto written = write_files();
  done_ = written.has_value();
  if (!done_) remove_files();
  return written;
}

void SegmentRewrite::remove_files() {
  io::Disk& disk = snapshot_.cache->disk();
  for (const std::string& path : {index_path(*snapshot_.directory, to_), segment_path(*snapshot_.directory, to_)}) {
    snapshot_.cache->forget(path);
    if (!disk.exists(path)) continue;
    if (const auto removed = disk.remove(path); !removed.has_value()) {
      base::log::warning("storage: leftover {}: {}", path, removed.error().detail);
    }
  }
}

Result<void> SegmentRewrite::write_files() {
  auto from = snapshot_.cache->open(segment_path(*snapshot_.directory, from_));
  if (!from.has_value()) return storage_failure(std::move(from.error()));
  auto data = snapshot_.cache->create(segment_path(*snapshot_.directory, to_));
  if (!data.has_value()) return storage_failure(std::move(data.error()));
  auto index = snapshot_.cache->create(index_path(*snapshot_.directory, to_));
  if (!index.has_value()) return storage_failure(std::move(index.error()));

  bytes::ByteVector data_header;
  encode_segment_header(data_header, snapshot_.log, to_);
  if (auto done = (*data)->write_at(0, bytes::ByteView(data_header)); !done.has_value()) {
    return storage_failure(std::move(done.error()));
  }
  bytes::ByteVector entries;
  if (auto copied = copy_batches(**from, **data, entries); !copied.has_value()) return copied;
  if (auto done = (*index)->write_at(kIndexHeaderSize, bytes::ByteView(entries)); !done.has_value()) {
    return storage_failure(std::move(done.error()));
  }
  for (io::File* file : {data->get(), index->get()}) {
    if (auto synced = file->sync(); !synced.has_value()) return storage_failure(std::move(synced.error()));
  }
  // The header makes the generation count, so it comes when all else is on the disk.
  IndexHeader header = header_;
  header.name = to_;
  header.entries = static_cast<std::uint32_t>(entries.size() / kIndexEntrySize);
  header.original_bytes = from_.generation == 0 ? old_bytes_ : header_.original_bytes;
  header.end = segment_end_;
  bytes::ByteVector encoded;
  encode_index_header(encoded, header);
  if (auto done = (*index)->write_at(0, bytes::ByteView(encoded)); !done.has_value()) {
    return storage_failure(std::move(done.error()));
  }
  if (auto synced = (*index)->sync(); !synced.has_value()) return storage_failure(std::move(synced.error()));
  if (auto synced = snapshot_.cache->disk().sync_directory(*snapshot_.directory); !synced.has_value()) {
    return storage_failure(std::move(synced.error()));
  }
  return {};
}

Result<void> SegmentRewrite::read_batch(io::File& from, const IndexEntry& entry, std::span<std::uint8_t> into) const {
  std::string reason = "batch cannot be read";
  if (read_patiently(from, entry.position, into) == entry.length && batch_matches(entry, into, reason)) return {};
  return base::fail(StorageErrc::damaged,
                    fmt::format("log {:016x}: batch at {}: {}", snapshot_.log.value, entry.base.value, reason));
}

/// Copies what is kept, in pieces, verifying each batch; appends its entries to `index`.
Result<void> SegmentRewrite::copy_batches(io::File& from, io::File& to, bytes::ByteVector& index) {
  std::uint64_t position = kSegmentHeaderSize;
  Timestamp running_max{-1};
  std::uint32_t slot = 0;
  bytes::ByteVector piece;
  bytes::ByteVector changed;
  const auto flush = [&]() -> Result<void> {
    if (auto done = to.write_at(position - piece.size(), bytes::ByteView(piece)); !done.has_value()) {
      return storage_failure(std::move(done.error()));
    }
    piece.clear();
    return {};
  };
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!keep_[i]) continue;
    IndexEntry entry = entries_[i];
    const std::size_t before = piece.size();
    piece.resize(before + entry.length);
    const std::span<std::uint8_t> batch = std::span(piece).subspan(before);
    if (auto read = read_batch(from, entry, batch); !read.has_value()) return read;
    const auto verdict = pass_ == nullptr ? Compaction::Verdict::keep : pass_->judge(entry, batch, true, changed);
    if (verdict != Compaction::Verdict::keep) piece.resize(before);
    if (verdict == Compaction::Verdict::drop) continue;
    if (verdict == Compaction::Verdict::change) {
      piece.insert(piece.end(), changed.begin(), changed.end());
      const auto header = model::parse_batch_header(changed);
      MILLRACE_ASSERT(header.has_value() && header->total_size() == changed.size());
      entry.length = static_cast<std::uint32_t>(changed.size());
      entry.batch_crc = header->crc;
      entry.max_timestamp = header->max_timestamp;
    }
    entry.position = position;
    position += entry.length;
    running_max = std::max(running_max, entry.max_timestamp);
    entry.running_max = running_max;
    encode_index_entry(index, entry, snapshot_.log, to_, slot++);
    if (piece.size() < kCopyBytes) continue;
    if (auto done = flush(); !done.has_value()) return done;
  }
  kept_bytes_ = position - kSegmentHeaderSize;
  return flush();
}

}  // namespace millrace::storage

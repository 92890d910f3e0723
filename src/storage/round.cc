#include "storage/round.h"

#include "base/assert.h"
#include "bytes/crc32c.h"
#include "bytes/endian.h"
#include "bytes/writer.h"
#include "model/batch.h"

namespace millrace::storage {

namespace {

constexpr std::size_t kKeptCapacity = std::size_t{4} << 20;
constexpr std::uint8_t kZeros[kRoundAlignment] = {};

}  // namespace

void RoundBuilder::reset(std::uint64_t round) {
  round_ = round;
  if (meta_.capacity() > kKeptCapacity) bytes::ByteVector().swap(meta_);
  meta_.clear();
  meta_.resize(kRoundHeaderSize);
  positions_.clear();
  pieces_.clear();
  slab_bytes_ = 0;
  has_record_ = false;
  parts_.clear();
}

bytes::ByteVector& RoundBuilder::begin_entry(EntryType type) {
  MILLRACE_ASSERT(!has_record_);
  positions_.push_back(meta_.size());
  meta_.resize(meta_.size() + kEntryHeaderSize);
  std::uint8_t* header = meta_.data() + meta_.size() - kEntryHeaderSize;
  header[8] = static_cast<std::uint8_t>(type);
  header[9] = kEntryVersion;
  return meta_;
}

void RoundBuilder::end_entry() {
  const std::size_t length = meta_.size() - positions_.back() - kEntryHeaderSize;
  MILLRACE_ASSERT(length <= 0xFFFFFFFF);
  bytes::store_be(meta_.data() + positions_.back() + 4, static_cast<std::uint32_t>(length));
}

void RoundBuilder::add_batch(LogId log, Offset base, Epoch epoch, Timestamp appended_at, const bytes::Slab& batch) {
  const bytes::ByteView rest = batch.view().subspan(model::kBatchPrefixSize);
  const bool copied = rest.size() <= kCopyLimit;
  const bytes::ByteView here = copied ? rest : rest.first(kBatchCovered);
  MILLRACE_ASSERT(!has_record_);

  const std::size_t position = meta_.size();
  positions_.push_back(position);
  meta_.resize(position + kEntryHeaderSize + kBatchAppendFixed + here.size());
  std::uint8_t* to = meta_.data() + position;
  bytes::store_be(to + 4, static_cast<std::uint32_t>(kBatchAppendFixed + rest.size()));
  to[8] = static_cast<std::uint8_t>(EntryType::batch_append);
  to[9] = kEntryVersion;
  bytes::store_be(to + 10, log.value);
  bytes::store_be(to + 18, base.value);
  bytes::store_be(to + 26, epoch.value);
  bytes::store_be(to + 30, appended_at.value);
  std::memcpy(to + kEntryHeaderSize + kBatchAppendFixed, here.data(), here.size());
  if (!copied) {
    pieces_.push_back({meta_.size(), batch, rest.subspan(kBatchCovered)});
    slab_bytes_ += rest.size() - kBatchCovered;
  }
}

void RoundBuilder::add_log_flushed(const LogFlushedEntry& entry) {
  bytes::Writer writer(begin_entry(EntryType::log_flushed));
  writer.u64(entry.log.value);
  writer.i64(entry.from.value);
  writer.i64(entry.until.value);
  writer.i64(entry.segment_base.value);
  writer.u64(entry.position);
  end_entry();
}

void RoundBuilder::add_log_unflushed(const LogUnflushedEntry& entry) {
  bytes::Writer writer(begin_entry(EntryType::log_unflushed));
  writer.u64(entry.log.value);
  writer.i64(entry.flushed.value);
  end_entry();
}

void RoundBuilder::add_state(EntryType type, StateId state, bytes::ByteView bytes) {
  bytes::Writer writer(begin_entry(type));
  writer.u64(state.value);
  writer.raw(bytes);
  end_entry();
}

void RoundBuilder::add_log_meta(const LogMetaEntry& entry) {
  encode_log_meta(entry, begin_entry(EntryType::log_meta));
  end_entry();
}

void RoundBuilder::add_log_trim(LogId log, Offset start) {
  bytes::Writer writer(begin_entry(EntryType::log_trim));
  writer.u64(log.value);
  writer.i64(start.value);
  end_entry();
}

void RoundBuilder::add_id(EntryType type, std::uint64_t id) {
  bytes::Writer(begin_entry(type)).u64(id);
  end_entry();
}

void RoundBuilder::add_log_deleted(LogId log) {
  add_id(EntryType::log_deleted, log.value);
}

void RoundBuilder::add_state_dropped(StateId state) {
  add_id(EntryType::state_dropped, state.value);
}

void RoundBuilder::add_recovery_mark(std::uint64_t valid_through) {
  add_id(EntryType::recovery_mark, valid_through);
}

void RoundBuilder::add_clean_stop() {
  begin_entry(EntryType::clean_stop);
  end_entry();
}

void RoundBuilder::add_record(const std::vector<RoundRecordEntry::LogEnd>& ends, std::uint64_t oldest_file) {
  bytes::Writer writer(begin_entry(EntryType::round_record));
  writer.u64(round_);
  writer.u32(0);
  writer.u64(oldest_file);
  writer.u32(static_cast<std::uint32_t>(ends.size()));
  for (const RoundRecordEntry::LogEnd& end : ends) {
    writer.u64(end.log.value);
    writer.i64(end.end.value);
  }
  end_entry();
  has_record_ = true;
}

void RoundBuilder::seal(std::uint64_t file_sequence, std::uint64_t position, std::uint64_t synced) {
  const std::uint32_t seed = entry_seed(file_sequence, round_);
  std::uint32_t over_entries = seed;
  for (std::size_t i = 0; i < positions_.size(); ++i) {
    std::uint8_t* entry = meta_.data() + positions_[i];
    const auto type = static_cast<EntryType>(entry[8]);
    if (type == EntryType::round_record) bytes::store_be(entry + kEntryHeaderSize + 8, over_entries);
    const std::size_t covered = covered_length(type, bytes::load_be<std::uint32_t>(entry + 4));
    bytes::store_be(entry, bytes::crc32c({entry + 4, covered}, seed));
    over_entries = bytes::crc32c({entry, 4}, over_entries);
  }
  encode_round_header({.round = round_,
                       .file_sequence = file_sequence,
                       .synced = synced,
                       .body_length = size() - kRoundHeaderSize,
                       .entry_count = static_cast<std::uint32_t>(positions_.size()),
                       .block = round_block(position)},
                      meta_.data());

  std::size_t from = 0;
  for (const Piece& piece : pieces_) {
    parts_.push_back({meta_.data() + from, piece.meta_end - from});
    parts_.push_back(piece.view);
    from = piece.meta_end;
  }
  if (from < meta_.size()) parts_.push_back({meta_.data() + from, meta_.size() - from});
  if (const std::uint64_t padding = round_up(size()) - size(); padding > 0) parts_.push_back({kZeros, padding});
}

}  // namespace millrace::storage

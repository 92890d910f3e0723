#include "storage/journal_format.h"

#include "bytes/crc32c.h"
#include "bytes/endian.h"
#include "bytes/writer.h"
#include "model/batch.h"

namespace millrace::storage {

namespace {

constexpr std::uint64_t kFileMagic = 0x4D494C4C4A524E4CULL;  // "MILLJRNL"
constexpr std::uint32_t kRoundMagic = 0x4D524E44;            // "MRND"
constexpr std::size_t kFileHeaderUsed = 28;
constexpr std::size_t kBatchDeltaAt = 23;
constexpr std::size_t kBatchCrcAt = 17;

template <class T>
std::optional<T> whole(const bytes::Reader& reader, T value) {
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return value;
}

}  // namespace

void encode_file_header(const JournalFileHeader& header, bytes::ByteVector& out) {
  const std::size_t begin = out.size();
  bytes::Writer writer(out);
  writer.u64(kFileMagic);
  writer.u32(header.version);
  writer.u16(header.shard);
  writer.u16(0);
  writer.u64(header.sequence);
  writer.u32(bytes::crc32c({out.data() + begin, 24}));
  out.resize(begin + kJournalHeaderSize);
}

std::optional<JournalFileHeader> decode_file_header(bytes::ByteView bytes) {
  if (bytes.size() < kFileHeaderUsed) return std::nullopt;
  bytes::Reader reader(bytes);
  const std::uint64_t magic = reader.u64();
  JournalFileHeader header;
  header.version = reader.u32();
  header.shard = reader.u16();
  reader.skip(2);
  header.sequence = reader.u64();
  if (magic != kFileMagic || reader.u32() != bytes::crc32c(bytes.first(24))) return std::nullopt;
  return header;
}

void encode_round_header(const RoundHeader& header, std::uint8_t* to) {
  bytes::store_be<std::uint32_t>(to, kRoundMagic);
  bytes::store_be(to + 8, header.round);
  bytes::store_be(to + 16, header.file_sequence);
  bytes::store_be(to + 24, header.synced);
  bytes::store_be(to + 32, header.body_length);
  bytes::store_be(to + 40, header.entry_count);
  bytes::store_be(to + 44, header.block);
  bytes::store_be(to + 4, bytes::crc32c({to + 8, kRoundHeaderSize - 8}));
}

std::optional<RoundHeader> decode_round_header(bytes::ByteView bytes) {
  if (bytes.size() < kRoundHeaderSize || bytes::load_be<std::uint32_t>(bytes.data()) != kRoundMagic)
    return std::nullopt;
  bytes::Reader reader(bytes.subspan(4, kRoundHeaderSize - 4));
  if (reader.u32() != bytes::crc32c(bytes.subspan(8, kRoundHeaderSize - 8))) return std::nullopt;
  RoundHeader header;
  header.round = reader.u64();
  header.file_sequence = reader.u64();
  header.synced = reader.u64();
  header.body_length = reader.u64();
  header.entry_count = reader.u32();
  header.block = reader.u32();
  return header;
}

std::uint32_t entry_seed(std::uint64_t file_sequence, std::uint64_t round) {
  std::uint8_t seed[16];
  bytes::store_be(seed, file_sequence);
  bytes::store_be(seed + 8, round);
  return bytes::crc32c(seed);
}

std::size_t covered_length(EntryType type, std::size_t payload_length) {
  constexpr std::size_t kHeaderCovered = kEntryHeaderSize - 4;
  if (type != EntryType::batch_append) return kHeaderCovered + payload_length;
  return kHeaderCovered + std::min(payload_length, kBatchAppendFixed + kBatchCovered);
}

std::optional<EntryView> next_entry(bytes::Reader& body) {
  EntryView entry;
  entry.crc = body.u32();
  const std::uint32_t length = body.u32();
  entry.type = static_cast<EntryType>(body.u8());
  entry.version = body.u8();
  entry.payload = body.view(length);
  if (!body.ok()) return std::nullopt;
  return entry;
}

bool verify_entry(const EntryView& entry, std::uint32_t seed) {
  // The header lies directly in front of the payload, in the same body.
  const bytes::ByteView covered(entry.payload.data() - (kEntryHeaderSize - 4),
                                covered_length(entry.type, entry.payload.size()));
  if (bytes::crc32c(covered, seed) != entry.crc) return false;
  if (entry.type != EntryType::batch_append) return true;
  const auto batch = decode_batch_append(entry.payload);
  if (!batch) return false;
  const std::uint32_t stored =
      bytes::load_be<std::uint32_t>(batch->rest.data() + (kBatchCrcAt - model::kBatchPrefixSize));
  return bytes::crc32c(batch->rest.subspan(kBatchCovered)) == stored;
}

std::optional<BatchAppendEntry> decode_batch_append(bytes::ByteView payload) {
  bytes::Reader reader(payload);
  BatchAppendEntry entry;
  entry.log = LogId(reader.u64());
  entry.base = Offset(reader.i64());
  entry.epoch = Epoch(reader.i32());
  entry.appended_at = Timestamp(reader.i64());
  entry.rest = reader.rest();
  if (!reader.ok() || entry.rest.size() < model::kBatchHeaderSize - model::kBatchPrefixSize ||
      entry.rest.size() > model::kMaxBatchSize) {
    return std::nullopt;
  }
  const auto delta = bytes::load_be<std::int32_t>(entry.rest.data() + (kBatchDeltaAt - model::kBatchPrefixSize));
  if (delta < 0 || entry.base < Offset(0) || entry.base > kMaxOffset) return std::nullopt;
  entry.last = Offset(entry.base.value + delta);
  return entry;
}

std::optional<LogFlushedEntry> decode_log_flushed(bytes::ByteView payload) {
  bytes::Reader reader(payload);
  LogFlushedEntry entry;
  entry.log = LogId(reader.u64());
  entry.from = Offset(reader.i64());
  entry.until = Offset(reader.i64());
  entry.segment_base = Offset(reader.i64());
  entry.position = reader.u64();
  if (entry.from < Offset(0) || entry.until <= entry.from || entry.until > kMaxOffset) return std::nullopt;
  return whole(reader, entry);
}

std::optional<LogUnflushedEntry> decode_log_unflushed(bytes::ByteView payload) {
  bytes::Reader reader(payload);
  LogUnflushedEntry entry;
  entry.log = LogId(reader.u64());
  entry.flushed = Offset(reader.i64());
  if (entry.flushed < Offset(0) || entry.flushed > kMaxOffset) return std::nullopt;
  return whole(reader, entry);
}

std::optional<StateEntry> decode_state_entry(bytes::ByteView payload) {
  bytes::Reader reader(payload);
  StateEntry entry;
  entry.state = StateId(reader.u64());
  entry.bytes = reader.rest();
  if (!reader.ok()) return std::nullopt;
  return entry;
}

std::optional<StateId> decode_state_dropped(bytes::ByteView payload) {
  bytes::Reader reader(payload);
  const StateId state(reader.u64());
  return whole(reader, state);
}

std::optional<LogMetaEntry> decode_log_meta(bytes::ByteView payload) {
  bytes::Reader reader(payload);
  LogMetaEntry entry;
  entry.log = LogId(reader.u64());
  entry.start = Offset(reader.i64());
  entry.end = Offset(reader.i64());
  entry.next = Offset(reader.i64());
  entry.flushed = Offset(reader.i64());
  const std::uint64_t count = reader.uvarint();
  if (!reader.ok() || count > reader.remaining() / 12) return std::nullopt;
  entry.epochs.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    const Epoch epoch(reader.i32());
    entry.epochs.push_back({epoch, Offset(reader.i64())});
  }
  const std::uint64_t ranges = reader.uvarint();
  if (!reader.ok() || ranges > reader.remaining() / 16) return std::nullopt;
  for (std::uint64_t i = 0; i < ranges; ++i) {
    const Offset first(reader.i64());
    entry.set_aside.push_back({first, Offset(reader.i64())});
    if (first < Offset(0) || entry.set_aside.back().last < first) return std::nullopt;
  }
  if (entry.start < Offset(0) || entry.end < entry.start || entry.next < entry.end || entry.flushed < Offset(0) ||
      entry.end < entry.flushed || entry.next > kMaxOffset) {
    return std::nullopt;
  }
  return whole(reader, std::move(entry));
}

void encode_log_meta(const LogMetaEntry& entry, bytes::ByteVector& out) {
  bytes::Writer writer(out);
  writer.u64(entry.log.value);
  writer.i64(entry.start.value);
  writer.i64(entry.end.value);
  writer.i64(entry.next.value);
  writer.i64(entry.flushed.value);
  writer.uvarint(entry.epochs.size());
  for (const Log::EpochStart& epoch : entry.epochs) {
    writer.i32(epoch.epoch.value);
    writer.i64(epoch.start.value);
  }
  writer.uvarint(entry.set_aside.size());
  for (const LogMetaEntry::Range& range : entry.set_aside) {
    writer.i64(range.first.value);
    writer.i64(range.last.value);
  }
}

std::optional<LogTrimEntry> decode_log_trim(bytes::ByteView payload) {
  bytes::Reader reader(payload);
  LogTrimEntry entry;
  entry.log = LogId(reader.u64());
  entry.start = Offset(reader.i64());
  if (entry.start < Offset(0) || entry.start > kMaxOffset) return std::nullopt;
  return whole(reader, entry);
}

std::optional<LogId> decode_log_deleted(bytes::ByteView payload) {
  bytes::Reader reader(payload);
  const LogId log(reader.u64());
  return whole(reader, log);
}

std::optional<RecoveryMarkEntry> decode_recovery_mark(bytes::ByteView payload) {
  bytes::Reader reader(payload);
  RecoveryMarkEntry entry;
  entry.valid_through = reader.u64();
  return whole(reader, entry);
}

std::optional<RoundRecordEntry> decode_round_record(bytes::ByteView payload) {
  bytes::Reader reader(payload);
  RoundRecordEntry entry;
  entry.round = reader.u64();
  entry.crc = reader.u32();
  entry.oldest_file = reader.u64();
  const std::uint32_t count = reader.u32();
  if (!reader.ok() || count > reader.remaining() / 16) return std::nullopt;
  entry.ends.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const LogId log(reader.u64());
    entry.ends.push_back({log, Offset(reader.i64())});
    if (entry.ends.back().end < Offset(0) || entry.ends.back().end > kMaxOffset) return std::nullopt;
  }
  return whole(reader, std::move(entry));
}

bytes::Slab restore_batch(const BatchAppendEntry& entry) {
  bytes::Slab slab = bytes::Slab::allocate(model::kBatchPrefixSize + entry.rest.size());
  std::uint8_t* to = slab.mutable_data();
  model::write_batch_prefix(to, entry.base, static_cast<std::int32_t>(entry.rest.size() + 4), entry.epoch);
  std::memcpy(to + model::kBatchPrefixSize, entry.rest.data(), entry.rest.size());
  return slab;
}

std::int32_t batch_last_delta(bytes::ByteView batch) {
  return bytes::load_be<std::int32_t>(batch.data() + kBatchDeltaAt);
}

std::uint32_t batch_crc(bytes::ByteView batch) {
  return bytes::load_be<std::uint32_t>(batch.data() + kBatchCrcAt);
}

}  // namespace millrace::storage

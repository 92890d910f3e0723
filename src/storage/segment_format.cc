#include "storage/segment_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/assert.h"
#include "bytes/crc32c.h"
#include "bytes/reader.h"
#include "bytes/writer.h"
#include "model/batch.h"
#include "model/envelope.h"

namespace millrace::storage {

namespace {

constexpr std::uint64_t kSegmentMagic = 0x4D52'5345'4744'4154;  // "MRSEGDAT"
constexpr std::uint64_t kIndexMagic = 0x4D52'5345'4749'4458;    // "MRSEGIDX"
constexpr std::size_t kBaseDigits = 20;
constexpr std::size_t kGenerationDigits = 8;
constexpr std::size_t kLogDigits = 16;
constexpr std::int64_t kLargestOffset = std::int64_t{1} << 62;
constexpr std::size_t kCrcSize = 4;

std::string file_path(const std::string& directory, SegmentName name, std::string_view extension) {
  if (name.generation == 0) return fmt::format("{}/{:020}.{}", directory, name.base.value, extension);
  return fmt::format("{}/{:020}-{:08}.{}", directory, name.base.value, name.generation, extension);
}

template <class T>
bool parse_digits(std::string_view text, std::size_t digits, int base, T& value) {
  if (text.size() != digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size() && text[0] != '-';
}

/// What both headers begin with: magic u64 | version u32 | generation u32 | log u64 | base i64.
void begin_header(bytes::Writer& writer, std::uint64_t magic, std::uint32_t version, LogId log, SegmentName name) {
  writer.u64(magic);
  writer.u32(version);
  writer.u32(name.generation);
  writer.u64(log.value);
  writer.i64(name.base.value);
}

/// Fills up with zeros and ends with the checksum.
void end_header(bytes::Writer& writer, std::size_t begin, std::size_t size) {
  bytes::ByteVector& out = writer.out();
  MILLRACE_ASSERT(out.size() - begin <= size - kCrcSize);
  out.resize(begin + size - kCrcSize);
  writer.u32(bytes::crc32c(bytes::ByteView(out).subspan(begin)));
}

/// Checks all but what follows the common beginning, up to where the reader then stands.
Result<bytes::Reader> check_header(bytes::ByteView header, std::size_t size, std::uint64_t magic,
                                   std::uint32_t newest_version, LogId log, SegmentName name) {
  if (header.size() != size) return base::fail(StorageErrc::damaged, "segment header is cut off");
  bytes::Reader reader(header);
  if (reader.u64() != magic) return base::fail(StorageErrc::damaged, "not a segment header");
  const std::uint32_t version = reader.u32();
  const std::uint32_t stored = bytes::load_be<std::uint32_t>(header.data() + size - kCrcSize);
  if (stored != bytes::crc32c(header.first(size - kCrcSize))) {
    return base::fail(StorageErrc::damaged, "segment header has a bad checksum");
  }
  if (version > newest_version) {
    return base::fail(StorageErrc::newer_version, fmt::format("segment of version {}", version));
  }
  const std::uint32_t generation = reader.u32();
  const std::uint64_t stored_log = reader.u64();
  const std::int64_t stored_base = reader.i64();
  if (stored_log != log.value || stored_base != name.base.value || generation != name.generation) {
    return base::fail(StorageErrc::damaged, fmt::format("header belongs to segment {}-{} of log {:016x}", stored_base,
                                                        generation, stored_log));
  }
  return reader;
}

std::uint32_t entry_crc(bytes::ByteView entry, LogId log, SegmentName name, std::uint32_t slot) {
  std::uint8_t place[8 + 8 + 4 + 4];
  bytes::store_be(place, log.value);
  bytes::store_be(place + 8, name.base.value);
  bytes::store_be(place + 16, name.generation);
  bytes::store_be(place + 20, slot);
  return bytes::crc32c(entry.first(kIndexEntrySize - kCrcSize), bytes::crc32c(place));
}

}  // namespace

std::string segment_path(const std::string& directory, SegmentName name) {
  return file_path(directory, name, "seg");
}

std::string index_path(const std::string& directory, SegmentName name) {
  return file_path(directory, name, "idx");
}

std::optional<SegmentName> parse_segment_name(std::string_view file_name, bool& is_index) {
  if (file_name.size() < 4) return std::nullopt;
  const std::string_view extension = file_name.substr(file_name.size() - 4);
  if (extension != ".seg" && extension != ".idx") return std::nullopt;
  is_index = extension == ".idx";
  const std::string_view stem = file_name.substr(0, file_name.size() - 4);
  SegmentName name;
  if (!parse_digits(stem.substr(0, kBaseDigits), kBaseDigits, 10, name.base.value)) return std::nullopt;
  if (stem.size() == kBaseDigits) return name;
  if (stem[kBaseDigits] != '-' || !parse_digits(stem.substr(kBaseDigits + 1), kGenerationDigits, 10, name.generation) ||
      name.generation == 0) {
    return std::nullopt;
  }
  return name;
}

std::string logs_directory(const std::string& shard_directory) {
  return shard_directory + "/logs";
}

std::string log_directory(const std::string& shard_directory, LogId log) {
  return fmt::format("{}/logs/{:016x}", shard_directory, log.value);
}

std::optional<LogId> parse_log_directory(std::string_view name) {
  LogId log;
  if (!parse_digits(name, kLogDigits, 16, log.value)) return std::nullopt;
  return log;
}

void encode_segment_header(bytes::ByteVector& out, LogId log, SegmentName name) {
  bytes::Writer writer(out);
  const std::size_t begin = out.size();
  begin_header(writer, kSegmentMagic, kSegmentVersion, log, name);
  end_header(writer, begin, kSegmentHeaderSize);
}

Result<void> check_segment_header(bytes::ByteView header, LogId log, SegmentName name) {
  const auto reader = check_header(header, kSegmentHeaderSize, kSegmentMagic, kSegmentVersion, log, name);
  if (!reader.has_value()) return std::unexpected(reader.error());
  return {};
}

void encode_index_header(bytes::ByteVector& out, const IndexHeader& header) {
  bytes::Writer writer(out);
  const std::size_t begin = out.size();
  const bool cleaned = header.cleaned != model::kNoOffset;
  begin_header(writer, kIndexMagic, cleaned ? kCleanedIndexVersion : kSegmentVersion, header.log, header.name);
  writer.u64(header.bytes_before);
  writer.i64(header.max_timestamp_before.value);
  writer.u32(header.entries);
  writer.u64(header.original_bytes);
  writer.i64(header.end.value);
  if (cleaned) writer.i64(header.cleaned.value);
  end_header(writer, begin, kIndexHeaderSize);
}

Result<IndexHeader> decode_index_header(bytes::ByteView header, LogId log, SegmentName name) {
  auto reader = check_header(header, kIndexHeaderSize, kIndexMagic, kCleanedIndexVersion, log, name);
  if (!reader.has_value()) return std::unexpected(reader.error());
  IndexHeader result{.log = log, .name = name};
  result.bytes_before = reader->u64();
  result.max_timestamp_before = Timestamp(reader->i64());
  result.entries = reader->u32();
  result.original_bytes = reader->u64();
  result.end = Offset(reader->i64());
  if (bytes::load_be<std::uint32_t>(header.data() + 8) >= kCleanedIndexVersion) {
    result.cleaned = Offset(reader->i64());
    if (result.cleaned < Offset(0) || result.cleaned > result.end) {
      return base::fail(StorageErrc::damaged, "impossible end of compaction in a segment header");
    }
  }
  const bool rewritten = name.generation > 0;
  if (rewritten &&
      (result.end <= name.base || result.end.value > kLargestOffset || result.entries > kMaxIndexEntries)) {
    return base::fail(StorageErrc::damaged, "impossible header of a rewritten segment");
  }
  if (result.bytes_before > std::numeric_limits<std::uint64_t>::max() / 4 ||
      result.original_bytes > std::numeric_limits<std::uint64_t>::max() / 4) {
    return base::fail(StorageErrc::damaged, "impossible size in a segment header");
  }
  return result;
}

namespace {

/// As milliseconds after the append, plus one; 0: no bound. What does not fit has none.
std::uint32_t to_stored_expiry(const IndexEntry& entry) {
  const std::int64_t appended = entry.appended_at.value;
  const std::int64_t expiry = entry.greatest_expiry.value;
  if (appended < 0 || expiry < appended || expiry - appended >= std::numeric_limits<std::uint32_t>::max()) return 0;
  return static_cast<std::uint32_t>(expiry - appended) + 1;
}

Timestamp from_stored_expiry(std::uint32_t stored, Timestamp appended_at) {
  if (stored == 0 || appended_at.value < 0 || appended_at.value >= kNeverExpires.value - stored) return kNeverExpires;
  return Timestamp(appended_at.value + (stored - 1));
}

}  // namespace

void encode_index_entry(bytes::ByteVector& out, const IndexEntry& entry, LogId log, SegmentName name,
                        std::uint32_t slot) {
  bytes::Writer writer(out);
  const std::size_t begin = out.size();
  writer.i64(entry.base.value);
  writer.u32(static_cast<std::uint32_t>(entry.last.value - entry.base.value));
  writer.u32(entry.length);
  writer.u64(entry.position);
  writer.i32(entry.epoch.value);
  writer.u32(entry.batch_crc);
  writer.i64(entry.appended_at.value);
  writer.i64(entry.max_timestamp.value);
  writer.i64(entry.running_max.value);
  writer.u32(to_stored_expiry(entry));
  MILLRACE_ASSERT(out.size() - begin == kIndexEntrySize - kCrcSize);
  // The checksum starts from where the entry lives, and covers it.
  writer.u32(0);
  writer.patch_be(out.size() - kCrcSize, entry_crc(bytes::ByteView(out).subspan(begin), log, name, slot));
}

std::optional<IndexEntry> decode_index_entry(bytes::ByteView input, LogId log, SegmentName name, std::uint32_t slot) {
  if (input.size() != kIndexEntrySize) return std::nullopt;
  const std::uint32_t stored = bytes::load_be<std::uint32_t>(input.data() + kIndexEntrySize - kCrcSize);
  if (stored != entry_crc(input, log, name, slot)) return std::nullopt;
  bytes::Reader reader(input);
  IndexEntry entry;
  entry.base = Offset(reader.i64());
  const std::uint32_t delta = reader.u32();
  entry.length = reader.u32();
  entry.position = reader.u64();
  entry.epoch = Epoch(reader.i32());
  entry.batch_crc = reader.u32();
  entry.appended_at = Timestamp(reader.i64());
  entry.max_timestamp = Timestamp(reader.i64());
  entry.running_max = Timestamp(reader.i64());
  entry.greatest_expiry = from_stored_expiry(reader.u32(), entry.appended_at);
  if (entry.base < name.base || entry.base.value > kLargestOffset ||
      delta > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max()) ||
      entry.length < model::kBatchHeaderSize || entry.length > model::kMaxBatchSize ||
      entry.position < kSegmentHeaderSize || entry.position > static_cast<std::uint64_t>(kLargestOffset)) {
    return std::nullopt;
  }
  entry.last = Offset(entry.base.value + delta);
  return entry;
}

bool batch_matches(const IndexEntry& entry, bytes::ByteView batch, std::string& reason) {
  const auto header = model::parse_batch_header(batch);
  if (!header.has_value()) {
    reason = "not a batch: " + header.error().detail;
  } else if (header->total_size() != entry.length || batch.size() != entry.length) {
    reason = fmt::format("batch has {} bytes instead of {}", header->total_size(), entry.length);
  } else if (header->base_offset != entry.base || header->last_offset() != entry.last) {
    reason = fmt::format("batch has offsets {}..{} instead of {}..{}", header->base_offset.value,
                         header->last_offset().value, entry.base.value, entry.last.value);
  } else if (header->leader_epoch != entry.epoch) {
    reason = fmt::format("batch has epoch {} instead of {}", header->leader_epoch.value, entry.epoch.value);
  } else if (header->crc != entry.batch_crc) {
    reason = fmt::format("batch is another one: checksum {:08x} instead of {:08x}", header->crc, entry.batch_crc);
  } else if (!model::batch_checksum_matches(batch)) {
    reason = "batch has a bad checksum";
  } else {
    return true;
  }
  return false;
}

Timestamp greatest_expiry(bytes::ByteView batch, Timestamp appended_at) {
  if (!model::is_expiring_batch(batch)) return kNeverExpires;
  const auto header = model::parse_batch_header(batch);
  // Batches with envelopes are not compressed.
  if (!header.has_value() || header->compression() != bytes::Compression::none) return kNeverExpires;
  bytes::ByteVector scratch;
  const auto records = model::records_of(*header, batch, scratch, Bytes(model::kMaxBatchSize));
  if (!records.has_value()) return kNeverExpires;
  model::RecordCursor cursor(*records, header->record_count);
  model::RecordView record;
  std::int64_t longest = 0;
  while (cursor.next(record)) {
    model::HeaderCursor headers(record);
    model::HeaderView first;
    if (!headers.next(first)) return kNeverExpires;
    const auto envelope = model::parse_envelope(first.value);
    if (!envelope.has_value() || !envelope->time_to_live.has_value()) return kNeverExpires;
    longest = std::max(longest, envelope->time_to_live->value);
  }
  if (cursor.damaged() || longest >= kNeverExpires.value - std::max<std::int64_t>(appended_at.value, 0)) {
    return kNeverExpires;
  }
  return Timestamp(appended_at.value + longest);
}

IndexEntry describe_batch(const BatchRef& batch, std::uint64_t position) {
  const auto header = model::parse_batch_header(batch.bytes.view);
  MILLRACE_ASSERT(header.has_value() && header->total_size() == batch.bytes.view.size());
  MILLRACE_ASSERT(batch.last_offset.value - batch.base_offset.value == header->last_offset_delta);
  return {.base = batch.base_offset,
          .last = batch.last_offset,
          .position = position,
          .length = static_cast<std::uint32_t>(batch.bytes.view.size()),
          .epoch = batch.epoch,
          .appended_at = batch.appended_at,
          .max_timestamp = header->max_timestamp,
          .running_max = header->max_timestamp,
          .batch_crc = header->crc};
}

}  // namespace millrace::storage

#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "bytes/view.h"
#include "storage/error.h"
#include "storage/types.h"

namespace millrace::storage {

// A segment is a pair of files, <20-digit base offset>.seg with batches one after the other and .idx with one entry per
// batch; a rewritten one has its generation in the name, <base>-<generation>.seg. All integers are big-endian.
// docs/on-disk-format.md draws the layouts.

constexpr std::uint32_t kSegmentVersion = 1;
/// Of an index header that says how far compaction went; others have version 1.
constexpr std::uint32_t kCleanedIndexVersion = 2;
constexpr std::size_t kSegmentHeaderSize = 64;
constexpr std::size_t kIndexHeaderSize = 128;
constexpr std::size_t kIndexEntrySize = 64;
/// A segment is closed when its index has this many entries, whatever its bytes.
constexpr std::uint32_t kMaxIndexEntries = 128 * 1024;

/// No bound is known: some record has no time to live, or the entry is older than the field.
constexpr Timestamp kNeverExpires{std::numeric_limits<std::int64_t>::max()};

/// Which of a log's segment files; generation 0 is the one that was appended to.
struct SegmentName {
  Offset base{};
  std::uint32_t generation = 0;
  friend auto operator<=>(const SegmentName&, const SegmentName&) = default;
};

std::string segment_path(const std::string& directory, SegmentName name);
std::string index_path(const std::string& directory, SegmentName name);
/// Understands the last part of a path; `is_index` tells which file of the pair. Empty for a foreign name.
std::optional<SegmentName> parse_segment_name(std::string_view file_name, bool& is_index);
/// <shard directory>/logs and <shard directory>/logs/<16-digit hex log id>.
std::string logs_directory(const std::string& shard_directory);
std::string log_directory(const std::string& shard_directory, LogId log);
/// The log whose directory has this name.
std::optional<LogId> parse_log_directory(std::string_view name);

/// First 64 bytes of a .seg file.
void encode_segment_header(bytes::ByteVector& out, LogId log, SegmentName name);
/// Errors: damaged (also when it names another log or segment), newer_version.
Result<void> check_segment_header(bytes::ByteView header, LogId log, SegmentName name);

/// First 128 bytes of an .idx file.
struct IndexHeader {
  LogId log;
  SegmentName name;
  /// Bytes of all batches ever appended to the log before this segment, and their greatest record timestamp (-1: none).
  std::uint64_t bytes_before = 0;
  Timestamp max_timestamp_before{-1};
  /// For a rewritten segment: its entries, the bytes that it had before any rewrite, and one past the last offset it
  /// stands for. For generation 0: zero, zero and -1.
  std::uint32_t entries = 0;
  std::uint64_t original_bytes = 0;
  Offset end = model::kNoOffset;
  /// Everything below, in this segment and those before, was compacted; kNoOffset: nobody said so here.
  Offset cleaned = model::kNoOffset;
};
void encode_index_header(bytes::ByteVector& out, const IndexHeader& header);
/// Errors: damaged (also when it names another log or segment), newer_version.
Result<IndexHeader> decode_index_header(bytes::ByteView header, LogId log, SegmentName name);

/// What is known of one stored batch. The checksum on disk also covers the log, the segment and the entry's number, so
/// an entry that was meant for another place never verifies.
struct IndexEntry {
  Offset base{};
  Offset last{};
  std::uint64_t position = 0;
  std::uint32_t length = 0;
  Epoch epoch{};
  Timestamp appended_at{};
  /// Greatest record timestamp of this batch, and of it and all earlier ones in this segment.
  Timestamp max_timestamp{};
  Timestamp running_max{};
  /// All records of this batch, and of all earlier ones in this segment, are over their own times to live then.
  Timestamp greatest_expiry = kNeverExpires;
  /// The batch's own checksum field.
  std::uint32_t batch_crc = 0;

  Offset end() const { return Offset(last.value + 1); }
  std::uint64_t end_position() const { return position + length; }
};

/// Appends the 64 bytes of entry number `slot`.
void encode_index_entry(bytes::ByteVector& out, const IndexEntry& entry, LogId log, SegmentName name,
                        std::uint32_t slot);
/// Nothing when the checksum does not match or a field is impossible.
std::optional<IndexEntry> decode_index_entry(bytes::ByteView bytes, LogId log, SegmentName name, std::uint32_t slot);

constexpr std::uint64_t index_entry_position(std::uint32_t slot) {
  return kIndexHeaderSize + std::uint64_t{slot} * kIndexEntrySize;
}

/// True when `batch` is exactly the batch that the entry describes, down to its checksum; else `reason` says what
/// differs.
bool batch_matches(const IndexEntry& entry, bytes::ByteView batch, std::string& reason);

/// When the last record of a batch is over its own time to live; kNeverExpires unless all have one.
Timestamp greatest_expiry(bytes::ByteView batch, Timestamp appended_at);

/// The entry for a batch about to be stored at `position`, read from its header; running_max and greatest_expiry are
/// left to the caller.
IndexEntry describe_batch(const BatchRef& batch, std::uint64_t position);

}  // namespace millrace::storage

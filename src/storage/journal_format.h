#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bytes/reader.h"
#include "bytes/slab.h"
#include "bytes/view.h"
#include "storage/log.h"
#include "storage/types.h"

namespace millrace::storage {

/// Layout of the journal, version 1. All integers big-endian; docs/on-disk-format.md draws it.
///
/// A file `<16-digit sequence>.wal` is preallocated. Its first 4096 bytes are the file header:
///
///     0 magic "MILLJRNL" | 8 version u32 | 12 shard u16 | 14 zero u16 | 16 sequence u64 | 24 crc u32 of 0..24
///
/// Then rounds, each beginning on a multiple of 512:
///
///     0 magic u32 | 4 crc u32 of 8..48 | 8 round u64 | 16 file sequence u64 | 24 synced u64
///     32 body length u64 | 40 entry count u32 | 44 block u32 | 48 body: entries, the last one is the round record
///
/// `synced`: every round up to this number was on stable storage when this one was written. So a round that does not
/// verify is damage when its number is at or below the greatest `synced` seen, else it was torn and never confirmed.
///
/// An entry:
///
///     0 crc u32 | 4 payload length u32 | 8 type u8 | 9 version u8 | 10 payload
///
/// The crc covers what follows it (for a batch only up to the batch's own checksum, which covers the rest) and is
/// seeded with file sequence and round, so that stale or misplaced bytes never verify.
constexpr std::uint32_t kJournalVersion = 1;
constexpr std::uint64_t kJournalHeaderSize = 4096;
constexpr std::uint64_t kRoundAlignment = 512;
constexpr std::size_t kRoundHeaderSize = 48;
constexpr std::size_t kEntryHeaderSize = 10;
constexpr std::uint8_t kEntryVersion = 1;
/// Greater offsets are refused as damage, so that sums with them cannot overflow.
constexpr Offset kMaxOffset{std::int64_t{1} << 60};

enum class EntryType : std::uint8_t {
  batch_append = 1,
  log_flushed = 2,
  command = 3,
  snapshot = 4,
  log_meta = 5,
  log_trim = 6,
  log_deleted = 7,
  state_dropped = 8,
  recovery_mark = 9,
  clean_stop = 10,
  round_record = 11,
  log_unflushed = 12,
};

struct JournalFileHeader {
  std::uint32_t version = kJournalVersion;
  std::uint16_t shard = 0;
  std::uint64_t sequence = 0;
};

struct RoundHeader {
  std::uint64_t round = 0;
  std::uint64_t file_sequence = 0;
  std::uint64_t synced = 0;
  std::uint64_t body_length = 0;
  std::uint32_t entry_count = 0;
  /// Where the round lies in its file, in units of kRoundAlignment: one that was written to a wrong place is none.
  std::uint32_t block = 0;
};

/// log u64, base i64, epoch i32, appended at i64, then the batch from byte 16 on (its prefix follows from the rest).
struct BatchAppendEntry {
  LogId log;
  Offset base;
  Offset last;  // not stored: from the batch
  Epoch epoch;
  Timestamp appended_at;
  bytes::ByteView rest;  // the batch without its prefix
};
constexpr std::size_t kBatchAppendFixed = 28;
/// Bytes of a batch, after its prefix, that the entry's crc covers: magic and checksum.
constexpr std::size_t kBatchCovered = 5;

/// [from, until) went to segments in the same round, with all batches of the log that were only in the journal.
struct LogFlushedEntry {
  LogId log;
  Offset from;  // of the first batch
  Offset until;
  /// Where the first batch went.
  Offset segment_base;
  std::uint64_t position = 0;
};

/// Takes a log_flushed of the round before back (no space was left); that round counts only together with this one.
struct LogUnflushedEntry {
  LogId log;
  Offset flushed;
};

/// What is known of a log.
struct LogMetaEntry {
  LogId log;
  Offset start;
  Offset end;      // one past the last offset that a batch has
  Offset next;     // next offset to assign: >= end
  Offset flushed;  // everything below is synced in segments
  std::vector<Log::EpochStart> epochs;
  /// Offsets whose batches were lost with a damaged part of the journal.
  struct Range {
    Offset first;
    Offset last;
  };
  std::vector<Range> set_aside = {};
};

struct LogTrimEntry {
  LogId log;
  Offset start;
};

/// Payload of command and snapshot.
struct StateEntry {
  StateId state;
  bytes::ByteView bytes;
};

/// Written first after each recovery: rounds between `valid_through` and the round that has this entry are void.
struct RecoveryMarkEntry {
  std::uint64_t valid_through = 0;
};

struct RoundRecordEntry {
  std::uint64_t round = 0;
  std::uint32_t crc = 0;  // over the crcs of the entries before it
  /// The oldest journal file that was needed when the round was written: without it data is missing.
  std::uint64_t oldest_file = 0;
  struct LogEnd {
    LogId log;
    Offset end;
  };
  std::vector<LogEnd> ends;
};

/// One entry as it lies in the body of a round.
struct EntryView {
  std::uint32_t crc = 0;
  EntryType type{};
  std::uint8_t version = 0;
  bytes::ByteView payload;
};

constexpr std::uint64_t round_up(std::uint64_t position) {
  return (position + kRoundAlignment - 1) / kRoundAlignment * kRoundAlignment;
}

constexpr std::uint32_t round_block(std::uint64_t position) {
  return static_cast<std::uint32_t>(position / kRoundAlignment);
}

void encode_file_header(const JournalFileHeader& header, bytes::ByteVector& out);
/// Empty when the bytes are no header of a journal file. Any version is returned.
std::optional<JournalFileHeader> decode_file_header(bytes::ByteView bytes);

void encode_round_header(const RoundHeader& header, std::uint8_t* to);
/// Empty when magic or checksum are wrong.
std::optional<RoundHeader> decode_round_header(bytes::ByteView bytes);

/// What the checksums of the entries of a round begin with.
std::uint32_t entry_seed(std::uint64_t file_sequence, std::uint64_t round);
/// Bytes of an entry, counted from byte 4, that its crc covers.
std::size_t covered_length(EntryType type, std::size_t payload_length);

/// Takes the next entry from a body without verifying it; empty when its length does not fit.
std::optional<EntryView> next_entry(bytes::Reader& body);
/// Verifies the crc, and the checksum of a batch.
bool verify_entry(const EntryView& entry, std::uint32_t seed);

// Decoders of payloads; empty when the bytes are no such entry.
std::optional<BatchAppendEntry> decode_batch_append(bytes::ByteView payload);
std::optional<LogFlushedEntry> decode_log_flushed(bytes::ByteView payload);
std::optional<LogUnflushedEntry> decode_log_unflushed(bytes::ByteView payload);
std::optional<StateEntry> decode_state_entry(bytes::ByteView payload);
std::optional<StateId> decode_state_dropped(bytes::ByteView payload);
std::optional<LogMetaEntry> decode_log_meta(bytes::ByteView payload);
std::optional<LogTrimEntry> decode_log_trim(bytes::ByteView payload);
std::optional<LogId> decode_log_deleted(bytes::ByteView payload);
std::optional<RecoveryMarkEntry> decode_recovery_mark(bytes::ByteView payload);
std::optional<RoundRecordEntry> decode_round_record(bytes::ByteView payload);

/// Appends the payload.
void encode_log_meta(const LogMetaEntry& entry, bytes::ByteVector& out);

/// The whole batch, with its prefix, in a slab of its own.
bytes::Slab restore_batch(const BatchAppendEntry& entry);
/// Last offset delta and checksum of a valid batch.
std::int32_t batch_last_delta(bytes::ByteView batch);
std::uint32_t batch_crc(bytes::ByteView batch);

}  // namespace millrace::storage

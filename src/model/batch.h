#pragma once

#include <cstdint>
#include <span>

#include "base/units.h"
#include "bytes/compression.h"
#include "bytes/view.h"
#include "model/error.h"
#include "model/ids.h"

namespace millrace::model {

/// The stored form of consecutive records: the public record batch layout, version 2, big-endian.
///
///     0  base offset        i64 | 27 base timestamp   i64
///     8  length (after 12)  i32 | 35 max timestamp    i64
///     12 leader epoch       i32 | 43 producer id      i64
///     16 magic = 2          i8  | 51 producer epoch   i16
///     17 crc-32c of 21..end u32 | 53 base sequence    i32
///     21 attributes         i16 | 57 record count     i32
///     23 last offset delta  i32 | 61 records
///
/// Base offset and leader epoch lie outside the checksum, so one encoded batch can be appended to many logs.
struct BatchHeader {
  Offset base_offset;
  std::int32_t length = 0;
  Epoch leader_epoch;
  std::uint32_t crc = 0;
  std::uint16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  base::Timestamp base_timestamp;
  base::Timestamp max_timestamp;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t record_count = 0;

  std::size_t total_size() const { return static_cast<std::size_t>(length) + 12; }
  Offset last_offset() const { return Offset(base_offset.value + last_offset_delta); }
  bytes::Compression compression() const { return static_cast<bytes::Compression>(attributes & 0x7); }
  bool log_append_time() const { return (attributes & 0x8) != 0; }
  bool transactional() const { return (attributes & 0x10) != 0; }
  bool control() const { return (attributes & 0x20) != 0; }
  /// Compaction found records without value in it: until the base timestamp, which then says a time of its own, they
  /// stay. The times of the records count from it all the same.
  bool has_delete_horizon() const { return (attributes & kDeleteHorizon) != 0; }
  /// The first header of every record is an Envelope (model/envelope.h). Bit 15 is unused by the public format and
  /// refused in what clients send, so that an envelope cannot be forged.
  bool enveloped() const { return (attributes & kEnveloped) != 0; }
  /// At least one record's envelope has a time to live; only in enveloped batches.
  bool expiring() const { return (attributes & kExpiring) != 0; }

  static constexpr std::uint16_t kEnveloped = 0x8000;
  static constexpr std::uint16_t kExpiring = 0x4000;
  static constexpr std::uint16_t kDeleteHorizon = 0x40;
  /// Attribute bits that a client may set.
  static constexpr std::uint16_t kClientAttributes = 0x3F;
};

constexpr std::size_t kBatchHeaderSize = 61;
/// The part that differs between copies of one batch in several logs: base offset, length, leader epoch.
constexpr std::size_t kBatchPrefixSize = 16;
/// A batch larger than this is refused everywhere: 128 MiB.
constexpr std::size_t kMaxBatchSize = std::size_t{128} << 20;

/// Reads the header and checks magic, length (the whole batch must lie in `input`) and counts; not the checksum.
Result<BatchHeader> parse_batch_header(bytes::ByteView input);
/// Compares the stored with the computed checksum; `batch` is exactly one batch.
bool batch_checksum_matches(bytes::ByteView batch);
/// BatchHeader::expiring() without reading the whole header; `batch` is a whole batch.
bool is_expiring_batch(bytes::ByteView batch);
/// Gives all records of a batch the time at which it was stored, whatever their own say; makes its checksum anew.
void set_append_time(std::span<std::uint8_t> batch, base::Timestamp time);
/// Writes the prefix of a batch as stored in one particular log.
void write_batch_prefix(std::uint8_t* to, Offset base_offset, std::int32_t length, Epoch leader_epoch);

/// One record inside an uncompressed block of records; views point into that block.
struct RecordView {
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  bool has_key = false;
  bool has_value = false;
  bytes::ByteView key;
  bytes::ByteView value;
  std::int32_t header_count = 0;
  bytes::ByteView headers;  // encoded; read with HeaderCursor
};

struct HeaderView {
  bytes::ByteView key;
  bool has_value = false;
  bytes::ByteView value;
};

/// Walks the records of a batch. `records` is the block after the header, decompressed.
class RecordCursor {
 public:
  RecordCursor(bytes::ByteView records, std::int32_t count);
  /// False at the end or at damage; damaged() tells which.
  bool next(RecordView& record);
  bool damaged() const { return damaged_; }

 private:
  bytes::ByteView rest_;
  std::int32_t left_;
  bool damaged_ = false;
};

class HeaderCursor {
 public:
  explicit HeaderCursor(const RecordView& record) : rest_(record.headers), left_(record.header_count) {}
  bool next(HeaderView& header);
  bool damaged() const { return damaged_; }
  /// Encoded headers not yet read, and their count.
  bytes::ByteView rest() const { return rest_; }
  std::int32_t left() const { return left_; }

 private:
  bytes::ByteView rest_;
  std::int32_t left_;
  bool damaged_ = false;
};

/// The records block of a batch, decompressed into `scratch` when needed; at most `limit` bytes.
Result<bytes::ByteView> records_of(const BatchHeader& header, bytes::ByteView batch, bytes::ByteVector& scratch,
                                   base::Bytes limit);

/// Whether a client's time, in milliseconds, or a difference of two, is one to count with: no sum or difference of such
/// overflows. The farthest is 36 million years away.
constexpr bool is_near(std::int64_t time) {
  constexpr std::int64_t kFarthest = std::int64_t{1} << 60;
  return time >= -kFarthest && time <= kFarthest;
}

/// Full check of a batch that a client sent: checksum, attribute bits, counts, deltas 0..n-1, times, decodable records.
/// Returns its header.
Result<BatchHeader> validate_client_batch(bytes::ByteView batch, base::Bytes decompressed_limit);

}  // namespace millrace::model

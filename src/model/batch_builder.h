#pragma once

#include <cstdint>
#include <span>

#include "bytes/slab.h"
#include "bytes/view.h"
#include "model/batch.h"

namespace millrace::model {

/// Encodes records, one after the other, into one uncompressed batch.
///
/// The base offset is 0 and the leader epoch 0 until the batch is appended to a log (write_batch_prefix). The builder
/// grows one buffer and hands it over as a slab in finish(); it can then be reused.
class BatchBuilder {
 public:
  struct Options {
    bool enveloped = false;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    bool transactional = false;
    bool control = false;
    bool log_append_time = false;
  };

  BatchBuilder() = default;
  void start(const Options& options);

  bool empty() const { return count_ == 0; }
  std::int32_t count() const { return count_; }
  /// Bytes of the batch so far.
  std::size_t size() const { return used_; }

  /// A record whose headers are already encoded (`header_count` headers in `headers`). `value` may come in two parts
  /// that are joined, so that a body split over frames is copied once. Null key or value: has_* = false.
  struct Record {
    base::Timestamp timestamp;
    bool has_key = false;
    bytes::ByteView key;
    bool has_value = true;
    std::span<const bytes::ByteView> value_parts;
    std::int32_t header_count = 0;
    std::span<const bytes::ByteView> header_parts;
    /// Offset delta to the first record; -1: the next one. Must grow (holes are allowed).
    std::int32_t offset_delta = -1;
    /// Its envelope has a time to live: the batch will be marked as expiring.
    bool expires = false;
  };
  void add(const Record& record);

  /// Seals the batch: lengths, counts, checksum. The builder is empty afterwards. Must not be called when empty().
  bytes::Slab finish();

 private:
  std::uint8_t* reserve(std::size_t size);

  Options options_;
  bytes::Slab slab_;
  std::size_t used_ = 0;
  std::int32_t count_ = 0;
  std::int32_t last_delta_ = -1;
  bool expiring_ = false;
  base::Timestamp base_timestamp_;
  base::Timestamp max_timestamp_;
};

/// Appends one encoded record header to `out`.
void append_header(bytes::ByteVector& out, bytes::ByteView key, bool has_value, bytes::ByteView value);

}  // namespace millrace::model

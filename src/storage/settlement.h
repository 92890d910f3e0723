#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>

#include "bytes/view.h"
#include "storage/error.h"
#include "storage/types.h"

namespace millrace::storage {

/// Which records of a log one queue has finished with: everything below the floor, plus a set above it.
///
/// Pure state without I/O; owned by whoever owns the queue. Offsets above the floor are kept per chunk of 4096: nothing
/// for a chunk without settled offsets, a bitmap (512 bytes) for a mixed one, and one entry for any run of full chunks.
/// So the worst case is one bit per record, and settling in order costs nothing but the floor.
///
/// Holes of the log (offsets that hold no record) count as settled once the owner has told them, so that
/// `end - floor - count_above_floor` is the number of records that are left.
class Settlement {
 public:
  static constexpr std::int64_t kChunkOffsets = 4096;
  /// Offsets above this are refused by decode and asserted against.
  static constexpr std::int64_t kMaxOffset = std::int64_t{1} << 62;

  explicit Settlement(Offset floor = Offset(0));

  /// Marks [first, last] settled; returns how many of them were not before.
  std::int64_t settle(Offset first, Offset last);
  std::int64_t settle(Offset offset) { return settle(offset, offset); }
  /// Tells that [first, last] holds no records. The floor passes over it when it reaches it.
  void advance_over_hole(Offset first, Offset last) { settle(first, last); }

  bool is_settled(Offset offset) const;
  /// The first unsettled offset at or above `from`; always exists.
  Offset next_unsettled(Offset from) const;
  /// True when at least one offset of [first, last] is unsettled.
  bool any_unsettled(Offset first, Offset last) const { return next_unsettled(first) <= last; }

  /// Everything below is settled; the floor itself is not.
  Offset floor() const { return Offset(floor_); }
  /// One past the highest settled offset; the floor when there is none above it.
  Offset end() const;
  /// Settled offsets above the floor.
  std::int64_t count_above_floor() const { return above_; }

  /// Appends the versioned form to `out`; about 520 bytes per mixed chunk at most.
  void encode(bytes::ByteVector& out) const;
  /// Reads what encode wrote, the whole of `input`. Errors: newer_version, damaged.
  static Result<Settlement> decode(bytes::ByteView input);

  /// Heap and own bytes, for limits.
  std::size_t memory_bytes() const;

  friend bool operator==(const Settlement& a, const Settlement& b);

 private:
  static constexpr std::size_t kWords = kChunkOffsets / 64;
  struct Chunk {
    std::array<std::uint64_t, kWords> words{};
    std::int32_t count = 0;
    /// Sets bits [from, to] and returns how many were clear.
    std::int32_t set(std::int64_t from, std::int64_t to);
    /// First clear bit at or above `from`; kChunkOffsets when there is none.
    std::int64_t next_clear(std::int64_t from) const;
    std::int64_t next_set(std::int64_t from) const;
    std::int32_t count_from(std::int64_t from) const;
  };
  using Runs = std::map<std::int64_t, std::int64_t>;

  std::int64_t settle_part(std::int64_t chunk, std::int64_t from, std::int64_t to);
  std::int64_t settle_full(std::int64_t first_chunk, std::int64_t last_chunk);
  void add_run(std::int64_t first_chunk, std::int64_t last_chunk);
  Runs::const_iterator run_of(std::int64_t chunk) const;
  void raise_floor();
  void drop_below_floor();

  std::int64_t floor_;
  std::int64_t above_ = 0;
  /// Mixed chunks by number. In the floor's chunk bits below the floor mean nothing.
  std::map<std::int64_t, std::unique_ptr<Chunk>> chunks_;
  /// Runs of full chunks: first -> last; never adjacent.
  Runs runs_;
};

}  // namespace millrace::storage

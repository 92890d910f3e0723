#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "broker/types.h"
#include "bytes/reader.h"
#include "bytes/view.h"

namespace millrace::broker {

/// A set of offsets of one log, per chunk of 4096 offsets: nothing for a chunk without members, a bitmap (512 bytes)
/// for a mixed one, and one entry for any run of full chunks. So the worst case is one bit per record, and a run costs
/// the same however long it is. Owned by its user.
class OffsetSet {
 public:
  static constexpr std::int64_t kChunkOffsets = 4096;
  /// A longer run of members is refused by decode().
  static constexpr std::int64_t kMaxRun = std::int64_t{1} << 33;

  bool empty() const { return chunks_.empty() && full_.empty(); }
  bool contains(Offset offset) const;
  /// The first member at or above `from`.
  std::optional<Offset> next(Offset from) const;
  void add(Offset first, Offset last);
  void erase(Offset first, Offset last);

  /// On the heap, about.
  std::size_t memory_bytes() const { return chunks_.size() * (kNodeBytes + sizeof(Chunk)) + full_.size() * kNodeBytes; }

  /// Appends the members as runs: count uvarint, for each: offsets between uvarint, length uvarint.
  void encode(bytes::ByteVector& out) const;
  /// Adds what encode() wrote. False when it is not well-formed.
  [[nodiscard]] bool decode(bytes::Reader& in);

  friend bool operator==(const OffsetSet& a, const OffsetSet& b);

 private:
  static constexpr std::size_t kWords = kChunkOffsets / 64;
  static constexpr std::size_t kNodeBytes = 64;  // of a map, with key, pointer and what the allocator adds
  struct Chunk {
    std::array<std::uint64_t, kWords> words{};
    std::int32_t count = 0;
    void set(std::int64_t from, std::int64_t to);
    void clear(std::int64_t from, std::int64_t to);
    /// First bit at or above `from` that is set, or clear; kChunkOffsets when there is none.
    std::int64_t next(std::int64_t from, bool set) const;
  };
  /// Runs of full chunks: first -> one past the last.
  using Runs = std::map<std::int64_t, std::int64_t>;

  void add_part(std::int64_t chunk, std::int64_t from, std::int64_t to);
  void add_full(std::int64_t first, std::int64_t end);
  /// Takes chunks [first, end) out of the full ones.
  void erase_full(std::int64_t first, std::int64_t end);
  /// Makes a full chunk a mixed one, all of whose bits are set.
  void open_full(std::int64_t chunk);
  Runs::const_iterator run_of(std::int64_t chunk) const;
  /// First clear offset at or above `from`, which is a member.
  Offset end_of_run(Offset from) const;

  std::map<std::int64_t, std::unique_ptr<Chunk>> chunks_;  // by offset / kChunkOffsets; none is empty or full
  Runs full_;                                              // neither empty nor adjacent
};

}  // namespace millrace::broker

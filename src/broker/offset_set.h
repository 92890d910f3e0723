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

/// A set of offsets of one log: a bitmap of 512 bytes for each chunk of 4096 offsets that has members. So it costs one
/// bit per record where members lie close together, and nothing where there are none. Owned by its user.
class OffsetSet {
 public:
  static constexpr std::int64_t kChunkOffsets = 4096;
  /// A longer run of members is refused by decode().
  static constexpr std::int64_t kMaxRun = std::int64_t{1} << 33;

  bool empty() const { return chunks_.empty(); }
  bool contains(Offset offset) const;
  /// The first member at or above `from`.
  std::optional<Offset> next(Offset from) const;
  void add(Offset first, Offset last);
  void erase(Offset first, Offset last);

  /// Appends the members as runs: count uvarint, for each: offsets between uvarint, length uvarint.
  void encode(bytes::ByteVector& out) const;
  /// Adds what encode() wrote. False when it is not well-formed.
  [[nodiscard]] bool decode(bytes::Reader& in);

  friend bool operator==(const OffsetSet& a, const OffsetSet& b);

 private:
  static constexpr std::size_t kWords = kChunkOffsets / 64;
  struct Chunk {
    std::array<std::uint64_t, kWords> words{};
    std::int32_t count = 0;
  };
  /// First clear offset at or above `from`, which is a member.
  Offset end_of_run(Offset from) const;

  std::map<std::int64_t, std::unique_ptr<Chunk>> chunks_;  // by offset / kChunkOffsets; none is empty
};

}  // namespace millrace::broker

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bytes/view.h"
#include "io/error.h"
#include "storage/error.h"
#include "storage/file_cache.h"
#include "storage/segment_format.h"
#include "storage/segment_jobs.h"

namespace millrace::storage {

/// disk_full for lack of space, below_start for a file that is not there (any more), damaged for one that the disk does
/// not read, io otherwise.
std::unexpected<StorageError> storage_failure(io::IoError error);

/// Reads up to into.size() bytes; a failing read is tried again twice. Returns how many bytes could be read; sets
/// `failed` when the system refused, which is not the same as bytes that are wrong.
std::size_t read_patiently(io::File& file, std::uint64_t position, std::span<std::uint8_t> into,
                           bool* failed = nullptr);

/// Reads the index of one segment, a block at a time. Blocks; used by one worker at a time.
///
/// An entry that does not verify or cannot be read is "bad": its slot is known, what it said is not.
class IndexReader {
 public:
  /// `entries`: how many there are; when not given, as many as the file has room for.
  static Result<IndexReader> open(FileCache& cache, const std::string& directory, LogId log, SegmentName name,
                                  std::optional<std::uint32_t> entries = std::nullopt);
  /// The segment at `index` of the snapshot's list.
  static Result<IndexReader> open(const SegmentSnapshot& snapshot, std::size_t index);

  SegmentName name() const { return name_; }
  std::uint32_t count() const { return count_; }
  Result<IndexHeader> header();
  /// Nothing for a bad entry.
  std::optional<IndexEntry> entry(std::uint32_t slot);
  /// For a property that holds for the entries up to some point: the first slot such that it and the bad ones directly
  /// behind it are followed by a good entry without the property, or by nothing. The slot before it is good and has the
  /// property.
  template <class Below>
  std::uint32_t partition(const Below& below) {
    std::uint32_t low = 0;
    std::uint32_t high = count_;
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      std::uint32_t good = middle;
      std::optional<IndexEntry> found;
      while (good < high && !(found = entry(good)).has_value()) ++good;
      if (good == high || !below(*found)) {
        high = middle;
      } else {
        low = good + 1;
      }
    }
    return low;
  }
  /// Where to look for the batch that contains `from`, or the next one.
  std::uint32_t find(Offset from) {
    return partition([from](const IndexEntry& entry) { return entry.last < from; });
  }
  /// The first good slot at or above `slot`, or count().
  std::uint32_t next_good(std::uint32_t slot);
  /// The last good entry below `slot`.
  std::optional<IndexEntry> last_good(std::uint32_t slot);
  std::optional<IndexEntry> last_good() { return last_good(count_); }

  /// A part of the index could not be read: its entries look damaged, but may not be.
  bool unreadable() const { return unreadable_; }

  io::File& file() { return *file_; }

 private:
  static constexpr std::uint32_t kBlockEntries = 64;

  FileCache::Handle file_;
  LogId log_;
  SegmentName name_;
  std::uint32_t count_ = 0;
  bytes::ByteVector block_;
  std::uint32_t block_first_ = 0;
  bool unreadable_ = false;
};

}  // namespace millrace::storage

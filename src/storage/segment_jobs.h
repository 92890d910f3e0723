#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/error.h"
#include "storage/file_cache.h"
#include "storage/log.h"
#include "storage/segment_format.h"
#include "storage/types.h"

namespace millrace::storage {

class Compaction;
class IndexReader;
class SegmentSet;

// The blocking halves of SegmentSet's operations. Each is made on the loop by a plan_ member, executed once on a worker
// and, where the set has a finish member for it, handed back on the loop. Between these it may only be moved. All are
// safe against a concurrent write, trim or rewrite of the same log: they see the log as it was when they were planned;
// a file that was removed meanwhile makes them fail with below_start.

constexpr SegmentName kNoSegment{model::kNoOffset, 0};

/// Segments of a log in order of their base; replaced, never changed, so that jobs can share it.
using SegmentList = std::vector<SegmentName>;

/// The segment that is appended to: how far its files go.
struct OpenSegment {
  SegmentName name = kNoSegment;
  std::uint32_t entries = 0;
  /// End of the last batch in the .seg file.
  std::uint64_t position = kSegmentHeaderSize;
  Timestamp running_max{-1};
  Timestamp greatest_expiry{-1};
  Timestamp appended_at;  // of the last batch
  Timestamp opened_at;    // append time of the first batch
  std::uint64_t bytes_before = 0;
  Timestamp max_timestamp_before{-1};
};

/// Where a read ended, so that the next one need not search.
struct ReadHint {
  Offset next = model::kNoOffset;
  SegmentName segment;
  std::uint32_t slot = 0;
};

/// The log as it is seen by one job.
struct SegmentSnapshot {
  FileCache* cache = nullptr;
  std::shared_ptr<const std::string> directory;
  LogId log;
  std::shared_ptr<const SegmentList> list;
  /// Its name is kNoSegment when no segment is open for appending.
  OpenSegment open;
  Offset end;
  std::uint64_t bytes = 0;

  /// The last segment that begins at or below `offset`, or the first one. There must be one.
  std::size_t find(Offset offset) const;
  /// One past the last offset that the segment at `index` can have.
  Offset segment_end(std::size_t index) const { return index + 1 < list->size() ? (*list)[index + 1].base : end; }
};

/// Where one batch will be.
struct SegmentPlace {
  Offset segment_base;
  std::uint64_t position = 0;
  std::uint32_t length = 0;
  std::uint32_t batch_crc = 0;
};

class SegmentWrite {
 public:
  /// One per planned batch, known before execute().
  const std::vector<SegmentPlace>& places() const { return places_; }
  Bytes bytes() const { return Bytes(bytes_); }
  /// Writes batches and index entries, syncs both files on the descriptors that wrote, and the directories when
  /// something was created. disk_full: nothing counts, abandon the write. Any other error: the data's fate is unknown,
  /// the process has to stop.
  Result<void> execute();
  /// The same in two steps, so that several writes reach the disk together: all of them are written, then each is
  /// synced. `parents` are directories that were synced since all of them were written.
  Result<void> write();
  Result<void> sync(std::set<std::string>& parents);

 private:
  friend class SegmentSet;
  struct Part {
    bool create = false;
    OpenSegment before;
    OpenSegment after;
    std::size_t first_batch = 0;
    std::size_t batch_count = 0;
  };
  struct Files {
    FileCache::Handle data;
    FileCache::Handle index;
  };
  Result<void> remove_leftovers();
  void note_expiry();
  Result<void> write_part(const Part& part);
  Result<Files> create_files(SegmentName name);
  Result<Files> open_files(SegmentName name);
  Result<void> sync_directories(std::set<std::string>& parents);

  SegmentSnapshot snapshot_;
  bool create_directory_ = false;
  bool created_ = false;
  /// The descriptors that wrote, until they have synced.
  std::vector<Files> written_;
  /// What an abandoned write before this one left behind: bytes behind the end of the open segment, and whole segments.
  std::optional<OpenSegment> cut_;
  std::vector<SegmentName> leftovers_;
  std::vector<BatchRef> batches_;
  std::vector<IndexEntry> entries_;
  std::vector<SegmentPlace> places_;
  std::vector<Part> parts_;
  std::uint64_t bytes_ = 0;
};

class SegmentRead {
 public:
  /// Reads batches of one segment into one slab and verifies each; see Log::read_cold. Errors: quarantined,
  /// below_start, io.
  Result<std::vector<BatchRef>> execute();

 private:
  friend class SegmentSet;
  Result<std::vector<BatchRef>> read_segments();
  Result<std::vector<BatchRef>> read_segment(std::size_t index);
  Result<std::vector<BatchRef>> read_batches(const std::vector<IndexEntry>& entries, SegmentName name);
  /// Records the damage and makes the error.
  std::unexpected<StorageError> damaged(Offset first, Offset last, std::string reason);
  Result<void> check_end(IndexReader& index, SegmentName name, Offset segment_end);
  std::vector<IndexEntry> entries_from(IndexReader& reader, std::uint32_t slot, Offset segment_end) const;
  /// Notes that the disk did not read; true when that ends this job without a verdict.
  bool refused(bool failed);
  std::unexpected<StorageError> unreadable() const;
  std::unexpected<StorageError> unreadable_segment(std::size_t index);

  SegmentSnapshot snapshot_;
  Log::ReadRequest request_;
  /// What the disk refuses to read is not called damage yet.
  bool patient_ = true;
  bool refused_ = false;
  std::array<ReadHint, 2> hints_;
  /// The part of the request that is known to be damaged already.
  Offset known_damage_ = model::kNoOffset;
  /// Last offset of the known damage that the request was cut short before.
  Offset damage_ahead_ = model::kNoOffset;
  ReadHint next_hint_;
  std::vector<QuarantinedRange> damage_;
  /// Damage together with the hole before it in which the request begins, so that a reader in the hole gets over both.
  std::optional<QuarantinedRange> widened_;
  /// A segment whose file was not there. Damage, unless the segment was trimmed or rewritten meanwhile.
  std::optional<SegmentName> missing_;
};

class SegmentTimeLookup {
 public:
  /// kNoOffset in the result when no batch fits. Errors: io.
  Result<Log::TimeLookup> execute();

 private:
  friend class SegmentSet;
  Result<Log::TimeLookup> first_at_least();
  Result<Log::TimeLookup> greatest();
  /// The first fitting batch of one segment.
  Log::TimeLookup search(IndexReader& index, Timestamp timestamp) const;

  SegmentSnapshot snapshot_;
  Offset start_;
  Timestamp timestamp_;
  bool maximum_ = false;
};

/// Goes through the index from an offset on, as long as all is over its time. See Log::find_expired.
class SegmentExpiry {
 public:
  /// Errors: io.
  Result<Offset> execute();

 private:
  friend class SegmentSet;
  bool is_over(const IndexEntry& entry) const;
  /// How far it goes in one segment, from `from` on; moves `from`. True when the next segment may go on.
  bool walk(IndexReader& index, Offset segment_end, Offset& from) const;

  SegmentSnapshot snapshot_;
  Log::ExpiryRequest request_;
};

class SegmentRetention {
 public:
  /// The new start of the log: everything below is beyond the limits. kNoOffset when nothing is.
  Result<Offset> execute();

 private:
  friend class SegmentSet;
  SegmentSnapshot snapshot_;
  Timestamp now_;
  LogOptions options_;
  std::uint64_t outside_ = 0;
};

/// Files that nothing refers to any more.
class SegmentRemoval {
 public:
  bool empty() const { return names_.empty() && !whole_directory_; }
  /// Deletes them. After an error the rest is a leftover that the next open removes.
  Result<void> execute();

 private:
  friend class SegmentSet;
  std::uint64_t freed_ = 0;
  FileCache* cache_ = nullptr;
  std::shared_ptr<const std::string> directory_;
  std::vector<SegmentName> names_;
  /// Of these: what is damaged is renamed to `*.damaged` instead.
  std::vector<SegmentName> damaged_;
  bool whole_directory_ = false;
};

/// Copies the batches of a closed segment that are still needed into a new generation of it.
///
/// load() on a worker, choose() on the loop, then, when it says so, execute() on a worker; at last SegmentSet::finish.
/// After any error, or when choose() says no, the old segment simply stays: finish the rewrite all the same.
class SegmentRewrite {
 public:
  /// Reads the segment's index. Errors: damaged, below_start, io.
  Result<void> load();
  /// Asks for each batch whether any of its offsets is needed. True when at most a quarter of the bytes is: then
  /// execute.
  bool choose(const std::function<bool(Offset first, Offset last)>& needed);
  /// Instead, for a log that is compacted, on the worker: true when a pass changes anything of the segment, or ends in
  /// it; that is then noted in it. The pass must outlive execute(). Errors: damaged, io.
  Result<bool> choose(const Compaction& pass);
  /// Writes and syncs the new files. Errors: damaged, disk_full, below_start, io.
  Result<void> execute();

 private:
  friend class SegmentSet;
  Result<void> write_files();
  Result<void> copy_batches(io::File& from, io::File& to, bytes::ByteVector& index);
  Result<void> read_batch(io::File& from, const IndexEntry& entry, std::span<std::uint8_t> into) const;
  void remove_files();

  SegmentSnapshot snapshot_;
  SegmentName from_;
  SegmentName to_;
  Offset start_;
  Offset segment_end_;
  IndexHeader header_;
  std::vector<IndexEntry> entries_;
  std::vector<bool> keep_;
  const Compaction* pass_ = nullptr;
  std::uint64_t kept_bytes_ = 0;
  std::uint64_t old_bytes_ = 0;
  bool done_ = false;
};

}  // namespace millrace::storage

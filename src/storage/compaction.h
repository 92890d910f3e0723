#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <vector>

#include "model/batch.h"
#include "storage/segment_index.h"
#include "storage/segment_jobs.h"

namespace millrace::storage {

/// Which log's segments a pass may look at, and how it is to decide.
struct CompactionPlan {
  SegmentSnapshot snapshot;
  Offset start;
  /// Everything below was compacted before.
  Offset cleaned;
  /// Records at or above it may still be taken back.
  Offset stable_end;
  Timestamp now;
  CompactionOptions options;
  /// Bounds the memory of a pass, which then ends early; the next one goes on from there.
  std::size_t max_keys = 0;
};

/// One pass of compaction over a log: of each key only the last record stays, in what was read now and in what is
/// older.
///
/// prepare() on a worker reads the part that was not compacted yet, up to end(), and remembers the last offset of each
/// key. Then each of segments() is rewritten through judge(), one after the other. The last segment of the log is never
/// touched, so that the log keeps its end. What a transaction wrote is looked at when its end is in the segments: an
/// aborted one's records go, and hide nothing. Control batches stay.
class Compaction {
 public:
  explicit Compaction(CompactionPlan plan) : plan_(std::move(plan)) {}

  /// Whether a pass is due; then the rest may be called. Blocks. Errors: damaged, below_start, io.
  Result<bool> prepare();
  /// The pass covers everything below.
  Offset end() const { return end_; }
  /// To be rewritten, in this order.
  const std::vector<SegmentName>& segments() const { return segments_; }

  enum class Verdict : std::uint8_t { keep, drop, change };
  /// What becomes of a batch. With `build` and the verdict `change`, `changed` is the new batch: its offsets and epoch
  /// are the old ones. A batch whose records cannot be read is kept.
  Verdict judge(const IndexEntry& entry, bytes::ByteView batch, bool build, bytes::ByteVector& changed) const;

 private:
  using Key = std::array<std::uint64_t, 2>;
  struct KeyHash {
    using is_avalanching = void;
    std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(key[0]); }
  };
  struct Marker {
    Offset offset;
    bool committed = false;
  };
  enum class Fate : std::uint8_t { committed, aborted, unknown };

  Result<bool> is_due();
  Result<bool> scan_segment(std::size_t index);
  bool scan_batch(const IndexEntry& entry, bytes::ByteView batch);
  Fate fate_of(const model::BatchHeader& header, Offset base);
  void read_markers(Offset from);
  Key key_of(bytes::ByteView key) const;
  bool stays(const model::RecordView& record, Offset offset, const model::BatchHeader& header) const;

  CompactionPlan plan_;
  Offset end_{0};
  /// One past the last segment of the list that may be touched.
  std::size_t last_segment_ = 0;
  std::vector<SegmentName> segments_;
  boost::unordered_flat_map<Key, std::int64_t, KeyHash> last_;
  std::vector<std::int64_t> aborted_;  // bases of batches, ascending
  bool markers_read_ = false;
  boost::unordered_flat_map<std::int64_t, std::vector<Marker>> markers_;  // by producer
};

}  // namespace millrace::storage

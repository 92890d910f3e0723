#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "storage/error.h"
#include "storage/types.h"

namespace millrace::storage {

/// An append-only sequence of batches with growing offsets. Owned by its shard's Store; all calls on that shard's loop.
///
/// Ends: start <= last stable <= committed <= appended. Records at or above the committed end are invisible. Offsets
/// may have holes (moved, compacted or quarantined records).
class Log {
 public:
  virtual ~Log() = default;
  virtual LogId id() const = 0;
  virtual const LogOptions& options() const = 0;
  virtual void set_options(const LogOptions& options) = 0;

  virtual Offset start() const = 0;
  /// One past the last assigned offset.
  virtual Offset appended_end() const = 0;
  virtual Offset committed_end() const = 0;
  /// One past the last record below which no transaction is open.
  virtual Offset last_stable_end() const = 0;
  /// The owner of the log's transactions says from where on some are open; kNoOffset: none is.
  virtual void set_undecided_from(Offset first) = 0;
  /// Up to where a reader may read: the one answer for readers of every kind.
  Offset readable_end(Isolation isolation) const {
    return isolation == Isolation::decided ? last_stable_end() : committed_end();
  }
  virtual Epoch epoch() const = 0;

  /// What to read: batches that contain offsets in [from, until), at most about `max_bytes` (but at least one batch).
  struct ReadRequest {
    Offset from;
    Offset until;
    Bytes max_bytes{std::uint64_t{1} << 20};
  };
  /// Appends what is in memory to `out` and returns true; false when the data at `from` must come from disk (use
  /// read_cold). Batches begin with the one that contains `from`, or the next one when `from` lies in a hole; nothing
  /// is appended when nothing is there below `until`. Never crosses the committed end.
  virtual bool read_hot(const ReadRequest& request, std::vector<BatchRef>& out) = 0;
  using ReadCallback = std::move_only_function<void(Result<std::vector<BatchRef>>)>;
  /// Reads from the segment on a worker; verifies each batch against the side index; the callback runs on the loop
  /// (also after the log was deleted, then with unknown_log). An empty result means nothing is there.
  /// A damaged batch ends the result before it; a read that begins at one fails with quarantined, and the next readable
  /// offset is after the range (see Store::quarantined()).
  virtual void read_cold(const ReadRequest& request, ReadCallback done) = 0;
  /// First offset at or above `from` that is not in a quarantined range.
  virtual Offset skip_quarantined(Offset from) const = 0;

  /// Declares everything below `start` unneeded (settled, deleted). Freed in whole segments; durable with the next
  /// round.
  virtual void trim(Offset start) = 0;
  /// Offsets below `next` are never assigned from now on: something else that is durable names them. For owners whose
  /// state may know more than a damaged log; does nothing where the log is further.
  virtual void raise_next(Offset next) = 0;
  /// For a queue whose old segments are nearly empty: tells which offsets below the committed end are still needed, so
  /// that the store may rewrite segments without the rest. `needed(first, last)` is true when any offset in the range
  /// is.
  virtual void set_needed(std::function<bool(Offset first, Offset last)> needed) = 0;

  struct TimeLookup {
    Offset offset = model::kNoOffset;
    Timestamp timestamp{-1};
  };
  using TimeCallback = std::move_only_function<void(Result<TimeLookup>)>;
  /// The first batch whose maximum record timestamp is >= `timestamp` (the caller finds the record in it).
  virtual void find_time(Timestamp timestamp, TimeCallback done) = 0;
  /// The batch with the greatest record timestamp.
  virtual void find_max_time(TimeCallback done) = 0;

  /// For a queue whose oldest records are over their time: which further ones are, as the segments' indexes tell
  /// without a look at a record.
  struct ExpiryRequest {
    Offset from;
    Offset until;
    Timestamp now;
    /// Of every record, beside its own; none: only those with one of their own expire.
    std::optional<Millis> time_to_live;
  };
  using ExpiryCallback = std::move_only_function<void(Result<Offset>)>;
  /// Below the offset that `done` gets, all from `from` on are over their time; there may be more such ones behind it.
  /// False, and `done` is not called, when what is at `from` is not in a segment. Errors: unknown_log, io.
  virtual bool find_expired(const ExpiryRequest& request, ExpiryCallback done) = 0;

  /// Start offset of each epoch, ascending.
  struct EpochStart {
    Epoch epoch;
    Offset start;
  };
  virtual const std::vector<EpochStart>& epochs() const = 0;
  /// Stored bytes (journal-only tail included).
  virtual Bytes size() const = 0;
};

}  // namespace millrace::storage

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"
#include "bytes/slab.h"
#include "model/ids.h"

namespace millrace::storage {

using base::Bytes;
using base::Millis;
using base::Timestamp;
using model::Epoch;
using model::LogId;
using model::Offset;

/// Number of a commit round of one shard; grows by one.
using Round = base::Quantity<struct RoundTag, std::uint64_t>;
/// Owner of replayable state: a queue's settlement, a group, a producer table ... For a queue it is the queue's number.
using StateId = base::StrongId<struct StateTag, std::uint64_t>;

/// Which records a reader wants to see.
enum class Isolation : std::uint8_t {
  everything,  // all that is committed, also what open transactions wrote
  decided,     // only up to where no transaction is open
};

/// When a log's records count as stored.
enum class Durability : std::uint8_t {
  sync,    // on stable storage: survives loss of power
  os,      // handed to the operating system: survives a kill of the process
  memory,  // in this process only; never in the journal
};

/// Whether, and when, a log keeps only the last record of each key.
struct CompactionOptions {
  bool enabled = false;
  /// Runs when at least so many thousandths of what it could read were not compacted yet.
  std::uint32_t dirty_per_mille = 500;
  /// Records younger than this stay as they are.
  Millis min_lag{0};
  /// Records older than this are compacted whatever the dirty part; 0: no limit.
  Millis max_lag{0};
  /// How long a record without value is kept after it was seen first.
  Millis keep_deletions{86'400'000};
};

struct LogOptions {
  Durability durability = Durability::sync;
  /// Whole segments below these limits are removed; 0: no limit. A queue's own log is trimmed by settlement instead.
  Bytes retain_bytes{0};
  Millis retain_time{0};
  Bytes segment_bytes{std::uint64_t{64} << 20};
  /// A segment is closed when its first batch is older than this; 0: by size only.
  Millis segment_time{0};
  CompactionOptions compaction = {};
};

/// One batch as read: the slab holds its stored bytes; the prefix (first model::kBatchPrefixSize bytes) may belong to
/// another log that shares the slab, so use base_offset and epoch from here (model::write_batch_prefix).
struct BatchRef {
  Offset base_offset;
  Offset last_offset;
  Epoch epoch;
  /// When the broker appended it (not a client's timestamp): retention and queue time-to-live count from here.
  Timestamp appended_at;
  bytes::SlabView bytes;
};

/// A range set aside because its bytes are damaged.
struct QuarantinedRange {
  LogId log;
  Offset first;
  Offset last;
  std::string reason;
};

}  // namespace millrace::storage

#pragma once

#include "base/strong_id.h"
#include "base/units.h"

namespace millrace::model {

/// Position of a record in its log: 0, 1, 2 ... with holes; never reused.
using Offset = base::Quantity<struct OffsetTag, std::int64_t>;
/// Counts the times a log came under new leadership (every start of the process is one).
using Epoch = base::Quantity<struct EpochTag, std::int32_t>;
/// A log; never reused, also not after a deletion.
using LogId = base::StrongId<struct LogTag, std::uint64_t>;
/// A queue, exchange, topic or other object of the catalog; never reused. A queue's own log has the queue's number.
using ObjectId = base::StrongId<struct ObjectTag, std::uint64_t>;
/// A shard of this process: 0 .. shard count - 1.
using ShardId = base::StrongId<struct ShardTag, std::uint16_t>;

constexpr Offset kNoOffset{-1};

}  // namespace millrace::model

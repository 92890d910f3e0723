#pragma once

#include <cstdint>

#include "base/strong_id.h"
#include "base/units.h"
#include "model/ids.h"

namespace millrace::broker {

using base::Bytes;
using base::Millis;
using base::Timestamp;
using model::LogId;
using model::ObjectId;
using model::Offset;
using model::ShardId;

/// A client connection; unique while the process runs.
using ConnectionId = base::StrongId<struct ConnectionTag, std::uint64_t>;
/// A consumer of a queue; unique while the process runs.
using ConsumerId = base::StrongId<struct ConsumerTag, std::uint64_t>;

/// A queue and where it lives; what routing yields.
struct QueueRef {
  ObjectId queue;
  ShardId shard;
  friend bool operator==(const QueueRef&, const QueueRef&) = default;
};

/// A log and where it lives.
struct LogRef {
  LogId log;
  ShardId shard;
  friend bool operator==(const LogRef&, const LogRef&) = default;
};

}  // namespace millrace::broker

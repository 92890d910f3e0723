#pragma once

#include <cstdint>
#include <vector>

#include "broker/consumers.h"
#include "broker/types.h"
#include "bytes/slab.h"

namespace millrace::broker {

/// What a consumer's shard asks of the queue's.
struct ConsumeRequest {
  ConsumeOptions options;
  ConsumerId consumer;
  /// Where deliveries go.
  ShardId home;
  /// Bytes that may be on their way to the client and not yet taken.
  std::uint64_t window = 0;
};

enum class SettleHow : std::uint8_t {
  accept,
  requeue,
  reject,
  /// It never reached the client: ready again as if it had not been delivered.
  give_back,
  /// Ready again like `requeue`, and counted as a failed delivery.
  fail,
};

/// What a client decided, as the queue is asked for it.
inline SettleHow settle_how(Settle how) {
  switch (how) {
    case Settle::accept:
      return SettleHow::accept;
    case Settle::requeue:
      return SettleHow::requeue;
    case Settle::reject:
      return SettleHow::reject;
    case Settle::fail:
      return SettleHow::fail;
  }
  return SettleHow::requeue;
}

struct SettleRequest {
  ObjectId queue;
  ConsumerId consumer;
  Offset first;
  Offset last;
  SettleHow how = SettleHow::accept;
};

struct WindowReturn {
  ObjectId queue;
  ConsumerId consumer;
  std::uint64_t bytes = 0;
};

/// A dead-letter move as it arrives where its targets live.
struct MoveRequest {
  ObjectId source;
  ShardId source_shard;
  Offset offset;
  std::vector<ObjectId> targets;
  bytes::Slab batch;
};

}  // namespace millrace::broker

#pragma once

#include "broker/types.h"

namespace millrace::broker {

/// The shard of a new queue or log.
inline ShardId shard_of_new(ObjectId id, std::size_t shards) {
  return ShardId(static_cast<std::uint16_t>(id.value % shards));
}

}  // namespace millrace::broker

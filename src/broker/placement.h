#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "broker/types.h"
#include "bytes/crc32c.h"
#include "catalog/command.h"

namespace millrace::broker {

/// The shard of a new queue or log.
inline ShardId shard_of_new(ObjectId id, std::size_t shards) {
  return ShardId(static_cast<std::uint16_t>(id.value % shards));
}

/// The shard of a group or a coordinator. Stored ones stay where they are only while this stays as it is.
inline ShardId shard_of_name(ObjectId vhost, std::string_view name, std::size_t shards) {
  const std::uint64_t mixed = bytes::crc32c(bytes::as_bytes(name)) + vhost.value;
  return ShardId(static_cast<std::uint16_t>(mixed % shards));
}

/// What makes the exchange, and the queue of one that delays. `next_id` numbers both.
std::vector<catalog::Command> new_exchange(catalog::Exchange exchange, std::size_t shards,
                                           const std::function<catalog::ObjectId()>& next_id);

}  // namespace millrace::broker

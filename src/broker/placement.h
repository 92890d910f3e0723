#pragma once

#include <string_view>

#include "broker/types.h"
#include "bytes/crc32c.h"

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

}  // namespace millrace::broker

#pragma once

#include <cstdint>

#include "broker/types.h"

namespace millrace::broker {

class Shard;

// For limits on what several consumers of a connection hold together, whatever queues they take from. Called on the
// connection's shard.

/// A consumer may hold as many messages as its prefetch says.
inline constexpr std::uint32_t kNoAllowance = UINT32_MAX;

/// How many messages the consumer may hold from now on, beside its prefetch. What is on its way already still comes.
/// Without effect on readers of streams.
void set_allowance(Shard& shard, const QueueRef& queue, ConsumerId consumer, std::uint32_t most);
/// A message that was delivered and did not reach the client: ready again as if nothing had happened.
void give_back(Shard& shard, const QueueRef& queue, ConsumerId consumer, Offset offset);

}  // namespace millrace::broker

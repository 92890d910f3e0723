#pragma once

#include <string>
#include <vector>

#include "broker/shard.h"
#include "broker/transactions.h"
#include "gateway/amqp091/delivery_tags.h"

namespace millrace::gateway::amqp091 {

/// What a transactional channel has published and settled since the last commit. Lives on its channel's shard.
struct ChannelTransaction {
  struct Settled {
    std::vector<DeliveryTags::Taken> taken;
    broker::Settle how = broker::Settle::accept;
  };
  /// To a reply consumer, which has no queue.
  struct Reply {
    std::string name;
    bytes::ByteVector properties;
    bytes::ByteVector body;
  };

  explicit ChannelTransaction(broker::Shard& owner) : shard(owner) {}
  ~ChannelTransaction() { shard.transactions().release_memory(counted); }
  ChannelTransaction(const ChannelTransaction&) = delete;
  ChannelTransaction& operator=(const ChannelTransaction&) = delete;

  /// Tells the shard how much memory this takes now; false when that is too much.
  [[nodiscard]] bool count_memory();
  /// Makes the settlements part of `work`, and returns what they are about.
  std::vector<DeliveryTags::Range> move_settlements();

  broker::Shard& shard;
  broker::Transaction work;
  std::vector<Settled> settled;
  std::vector<Reply> replies;
  /// Frames of basic.return that go out at the commit.
  bytes::ByteVector returns;
  /// Of `settled` and `replies`.
  std::uint64_t kept_bytes = 0;
  std::uint64_t counted = 0;
};

}  // namespace millrace::gateway::amqp091

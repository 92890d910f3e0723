#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "broker/consumers.h"
#include "broker/publisher.h"
#include "broker/queue_requests.h"
#include "broker/router.h"
#include "broker/types.h"
#include "bytes/slab.h"
#include "model/batch_builder.h"

namespace millrace::broker {

/// What one shard has to do of a transaction: append batches to its queues, in this order, and settle deliveries.
struct TransactionPart {
  struct Append {
    ObjectId queue;
    bytes::Slab batch;
    std::uint32_t records = 0;
  };
  ShardId shard;
  std::vector<Append> appends;
  std::vector<SettleRequest> settles;

  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const Append& append : appends) sum += append.batch.size();
    return sum;
  }
};

/// Publishes and settlements that are to take effect together, gathered by one channel; see Transactions::commit().
/// Nothing is done before, and nothing at all when it is dropped.
class Transaction {
 public:
  /// Copies all it needs of the message.
  void publish(const Route& route, const Message& message);
  void settle(QueueRef queue, ConsumerId consumer, Offset first, Offset last, Settle how);

  bool empty() const { return batches_.empty() && settles_.empty(); }
  /// Memory that it takes.
  std::uint64_t bytes() const;
  /// One part per shard that has to do something. The transaction is empty afterwards.
  std::vector<TransactionPart> take_parts();

 private:
  struct Batch {
    std::uint64_t route = 0;
    std::vector<QueueRef> queues;
    model::BatchBuilder builder;
  };
  struct ShardSettle {
    ShardId shard;
    SettleRequest request;
  };
  void seal();

  struct Sealed {
    std::vector<QueueRef> queues;
    bytes::Slab batch;
    std::uint32_t records = 0;
  };
  std::vector<Sealed> batches_;
  Batch open_;
  std::uint64_t sealed_bytes_ = 0;
  std::vector<ShardSettle> settles_;
  bytes::ByteVector scratch_;
};

}  // namespace millrace::broker

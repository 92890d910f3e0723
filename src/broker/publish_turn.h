#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "broker/types.h"
#include "bytes/slab.h"
#include "storage/types.h"

namespace millrace::broker {

class Shard;

/// What a queue did not take of a bundle: a batch, by the publisher's number of it, or one record of it.
struct RefusedPublish {
  static constexpr std::uint32_t kAllRecords = 0xFFFFFFFF;
  std::uint32_t batch = 0;
  std::uint32_t record = kAllRecords;
};

/// The batches that the publishers of one shard have for the queues of another, from one turn, in order.
struct PublishBundle {
  struct Append {
    ObjectId queue;
    bytes::Slab batch;
    std::uint32_t records = 0;
    /// The publisher's number of the batch, to name it when it is refused.
    std::uint32_t index = 0;
  };
  ShardId from;
  std::vector<Append> appends;
  /// Runs on `from` when everything that was accepted is stored.
  std::function<void(ShardId by, const std::vector<RefusedPublish>& refused)> done;
};

/// On a queue's shard: appends bundles and answers each when its round is durable. This is the only place that lets a
/// confirm go out.
class PublishReceiver {
 public:
  explicit PublishReceiver(Shard& shard) : shard_(shard) {}
  void receive(std::unique_ptr<PublishBundle> bundle);
  void committed(storage::Round round);

 private:
  struct Waiting {
    storage::Round round;
    std::unique_ptr<PublishBundle> bundle;
    std::vector<RefusedPublish> refused;
  };
  void answer(std::unique_ptr<PublishBundle> bundle, std::vector<RefusedPublish> refused);

  Shard& shard_;
  std::deque<Waiting> waiting_;         // by round
  std::vector<std::uint32_t> records_;  // reused
};

}  // namespace millrace::broker

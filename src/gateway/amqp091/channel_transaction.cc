#include "gateway/amqp091/channel_transaction.h"

namespace millrace::gateway::amqp091 {

bool ChannelTransaction::count_memory() {
  const std::uint64_t now = work.bytes() + returns.size() + kept_bytes;
  shard.transactions().release_memory(counted);
  counted = now;
  return shard.transactions().take_memory(now);
}

std::vector<DeliveryTags::Range> ChannelTransaction::move_settlements() {
  std::vector<DeliveryTags::Range> all;
  std::vector<DeliveryTags::Range> ranges;
  for (const Settled& group : settled) {
    ranges.clear();
    for (const DeliveryTags::Taken& taken : group.taken) DeliveryTags::append(taken.entry, ranges);
    for (const DeliveryTags::Range& range : ranges) {
      work.settle(range.queue, range.consumer, range.first, range.last, group.how);
    }
    all.insert(all.end(), ranges.begin(), ranges.end());
  }
  settled.clear();
  return all;
}

}  // namespace millrace::gateway::amqp091

#include "broker/publish_turn.h"

#include "broker/queue_host.h"
#include "broker/shard.h"

namespace millrace::broker {

void PublishReceiver::receive(std::unique_ptr<PublishBundle> bundle) {
  std::vector<RefusedPublish> refused;
  bool durable = false;
  for (const PublishBundle::Append& append : bundle->appends) {
    records_.clear();
    const bool appended = shard_.queues().append(append.queue, append.batch, append.records, records_);
    for (const std::uint32_t record : records_) refused.push_back({append.index, record});
    if (!appended) {
      if (records_.empty()) refused.push_back({append.index});
      continue;
    }
    const storage::Log* log = shard_.store().find_log(LogId(append.queue.value));
    durable = durable || (log != nullptr && log->options().durability != storage::Durability::memory);
  }
  if (!durable) {
    answer(std::move(bundle), std::move(refused));
    return;
  }
  waiting_.push_back({shard_.store().current_round(), std::move(bundle), std::move(refused)});
}

void PublishReceiver::committed(storage::Round round) {
  while (!waiting_.empty() && waiting_.front().round <= round) {
    Waiting ready = std::move(waiting_.front());
    waiting_.pop_front();
    answer(std::move(ready.bundle), std::move(ready.refused));
  }
}

void PublishReceiver::answer(std::unique_ptr<PublishBundle> bundle, std::vector<RefusedPublish> refused) {
  const ShardId self = shard_.id();
  const ShardId to = bundle->from;
  // The slabs are dropped here, on the shard that stored them; only the callback goes home.
  shard_.mailbox().send(
      to, [done = std::move(bundle->done), self, refused = std::move(refused)](Shard&) { done(self, refused); });
}

}  // namespace millrace::broker

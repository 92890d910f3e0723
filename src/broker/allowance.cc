#include "broker/allowance.h"

#include "broker/queue_host.h"
#include "broker/shard.h"

namespace millrace::broker {

void set_allowance(Shard& shard, const QueueRef& queue, ConsumerId consumer, std::uint32_t most) {
  shard.mailbox().send(queue.shard, [id = queue.queue, consumer, most](Shard& there) {
    there.queues().set_allowance(id, consumer, most);
  });
}

void give_back(Shard& shard, const QueueRef& queue, ConsumerId consumer, Offset offset) {
  shard.mailbox().send(queue.shard, [id = queue.queue, consumer, offset](Shard& there) {
    there.queues().settle({{id, consumer, offset, offset, SettleHow::give_back}});
  });
}

}  // namespace millrace::broker

#include "broker/allowance.h"
#include "gateway/amqp091/channel.h"

// The limit that the consumers of a channel share: basic.qos with `global`.
namespace millrace::gateway::amqp091 {

namespace {

/// What a queue hands out without asking for an answer, and what streams are read by, has no part in it.
bool limited(const Consumer& consumer) {
  return !consumer.no_ack() && consumer.queue_type() == QueueType::classic;
}

}  // namespace

/// 0: none any more. Concerns the consumers that are there as well.
void Channel::set_shared_limit(std::uint16_t limit) {
  if (limit == 0) {
    shared_limit_.reset();
  } else if (shared_limit_ != nullptr) {
    shared_limit_->set_limit(limit);
  } else {
    shared_limit_ = std::make_unique<SharedLimit>(limit);
    tags_.for_each([this](std::uint64_t, const DeliveryTags::Entry& entry) {
      if (entry.consumer != broker::ConsumerId(0)) shared_limit_->hold(entry.consumer, 1);
    });
  }
  share_limit();
}

/// Tells each consumer's queue what it may have now, where that has changed.
void Channel::share_limit() {
  for (const auto& [tag, consumer] : consumers_) {
    if (consumer->id() == broker::ConsumerId(0) || !limited(*consumer)) continue;
    const std::uint32_t most =
        shared_limit_ == nullptr ? broker::kNoAllowance : shared_limit_->allowance_of(consumer->id());
    if (most == consumer->allowance()) continue;
    consumer->set_allowance(most);
    broker::set_allowance(shard(), consumer->queue(), consumer->id(), most);
  }
}

/// These are not held any more.
void Channel::release_limit(const std::vector<DeliveryTags::Range>& ranges) {
  if (shared_limit_ == nullptr || ranges.empty()) return;
  for (const DeliveryTags::Range& range : ranges) {
    if (range.consumer == broker::ConsumerId(0)) continue;
    shared_limit_->release(range.consumer, static_cast<std::uint64_t>(range.last.value - range.first.value + 1));
  }
  share_limit();
}

/// Whether there is room for a delivery; one that has come too many goes back.
bool Channel::takes(const Consumer& consumer, broker::QueueRef from, const broker::Delivery& delivery) {
  if (shared_limit_ == nullptr || !limited(consumer) || shared_limit_->take(consumer.id())) return true;
  broker::give_back(shard(), from, consumer.id(), delivery.offset);
  return false;
}

}  // namespace millrace::gateway::amqp091

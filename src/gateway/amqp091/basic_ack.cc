#include <fmt/core.h>

#include "gateway/amqp091/channel.h"

namespace millrace::gateway::amqp091 {

using broker::Settle;
using wire::ReplyCode;

void Channel::settle_ranges(Settle how) {
  for (const DeliveryTags::Range& range : ranges_) {
    shard().consumers().settle(range.queue, range.consumer, range.first, range.last, how);
  }
  release_limit(ranges_);
  ranges_.clear();
}

void Channel::settle(std::uint64_t tag, bool multiple, Settle how) {
  if (comes_late(tag, multiple)) return;
  if (transaction_ != nullptr) return settle_later(tag, multiple, how);
  bool known = true;
  if (multiple && tag == 0) {
    tags_.take_all(ranges_);
  } else {
    known = multiple ? tags_.take_through(tag, ranges_) : tags_.take(tag, ranges_);
  }
  if (!known) return fail(ReplyCode::precondition_failed, fmt::format("unknown delivery tag {}", tag));
  settle_ranges(how);
}

void Channel::basic_ack(const wire::BasicAck& method) {
  settle(method.delivery_tag, method.multiple, Settle::accept);
}

void Channel::basic_nack(const wire::BasicNack& method) {
  settle(method.delivery_tag, method.multiple, method.requeue ? Settle::requeue : Settle::reject);
}

/// RabbitMQ counts what comes back this way as a failed delivery, and what basic.nack gives back not.
void Channel::basic_reject(const wire::BasicReject& method) {
  settle(method.delivery_tag, false, method.requeue ? Settle::fail : Settle::reject);
}

bool Channel::requeue_all(bool requeue) {
  if (!requeue) {
    fail(ReplyCode::not_implemented, "requeue=false");
    return false;
  }
  tags_.take_all(ranges_);
  settle_ranges(Settle::requeue);
  return true;
}

void Channel::basic_recover(const wire::BasicRecover& method) {
  if (requeue_all(method.requeue)) reply(wire::BasicRecoverOk{});
}

void Channel::basic_recover_async(const wire::BasicRecoverAsync& method) {
  requeue_all(method.requeue);
}

}  // namespace millrace::gateway::amqp091

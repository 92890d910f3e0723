#include <fmt/core.h>

#include <algorithm>

#include "broker/policies.h"
#include "gateway/amqp091/channel.h"

// A client that does not settle what it got within the consumer timeout loses its channel, and gives back what it
// holds: it is most likely stuck.
namespace millrace::gateway::amqp091 {

using wire::ReplyCode;

namespace {

// Tries again when the channel waits for the broker, whose answer must not come behind the channel's end.
constexpr base::Nanos kBusyDelay{1'000'000'000};
// No delivery has a limit now.
constexpr base::Millis kRecheck{60'000};

}  // namespace

/// That of the queue or its policy, or the server's.
base::Millis Channel::consumer_timeout(const broker::QueueRef& queue) {
  const catalog::Queue* found = shard().catalog().find_holder(queue.queue);
  if (found == nullptr) return connection_.options().consumer_timeout;
  if (std::exchange(timeouts_generation_, shard().catalog_generation()) != shard().catalog_generation()) {
    timeouts_.clear();
  }
  const auto [it, added] = timeouts_.try_emplace(queue.queue.value);
  if (added) {
    const auto settings = broker::Policies(shard().catalog()).settings_of(*found);
    it->second = settings.consumer_timeout.value_or(connection_.options().consumer_timeout);
  }
  return it->second;
}

/// The same for a delivery; its consumer's own goes before.
base::Millis Channel::consumer_timeout(const DeliveryTags::Entry& entry) {
  for (const auto& [tag, consumer] : consumers_) {
    if (consumer->id() == entry.consumer && consumer->timeout().has_value()) return *consumer->timeout();
  }
  return consumer_timeout(entry.queue);
}

/// Something was delivered that has to be settled; `tag` is the first of it.
void Channel::note_delivery(std::uint64_t tag, base::Millis timeout) {
  if (timeout == base::Millis(0)) return;
  const base::Nanos now = shard().loop().clock().monotonic();
  delivery_times_.note(tag, now);
  watch_timeout(now + base::to_nanos(timeout) + DeliveryTimes::kStep, now);
}

void Channel::watch_timeout(base::Nanos due, base::Nanos now) {
  if (timeout_timer_ && timeout_due_ <= due) return;
  timeout_due_ = due;
  timeout_timer_ = shard().loop().call_after(std::max(due - now, base::Nanos(0)), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->timeout_timer_ = {};
    self->check_timeout();
  });
}

/// Each delivery has the limit of its consumer or queue, so that the oldest need not be the first that is due.
void Channel::check_timeout() {
  if (state_ != State::open) return;
  const auto oldest = tags_.oldest();
  if (!oldest.has_value()) return delivery_times_.clear();
  delivery_times_.forget_before(oldest->tag);
  const base::Nanos now = shard().loop().clock().monotonic();
  std::optional<base::Nanos> due;
  base::Millis timeout{0};
  tags_.for_each([&](std::uint64_t tag, const DeliveryTags::Entry& entry) {
    const base::Millis own = consumer_timeout(entry);
    if (own == base::Millis(0)) return;
    const base::Nanos at = delivery_times_.latest_time_of(tag) + base::to_nanos(own);
    if (due.has_value() && *due <= at) return;
    due = at;
    timeout = own;
  });
  // A limit may come with a policy.
  if (!due.has_value()) return watch_timeout(now + base::to_nanos(kRecheck), now);
  if (*due > now) return watch_timeout(*due, now);
  if (busy_) return watch_timeout(now + kBusyDelay, now);
  method_ = wire::Method{0};
  timed_out_ = true;
  fail(
      ReplyCode::precondition_failed,
      fmt::format("delivery acknowledgement on channel {} timed out. Timeout value used: {} ms. This timeout value can "
                  "be configured, see consumers doc guide to learn more",
                  number_, timeout.value));
}

}  // namespace millrace::gateway::amqp091

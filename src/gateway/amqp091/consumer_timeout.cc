#include <fmt/core.h>

#include <algorithm>

#include "base/assert.h"
#include "base/log.h"
#include "broker/policies.h"
#include "gateway/amqp091/channel.h"

// A client that does not settle what it got within the consumer timeout is most likely stuck, and gives back what it
// holds. Of a quorum queue the consumer is cancelled, if its client takes notices of that; else the channel is closed.
namespace millrace::gateway::amqp091 {

using wire::ReplyCode;

namespace {

// Tries again when the channel waits for the broker, whose answer must not come behind the channel's end.
constexpr base::Nanos kBusyDelay{1'000'000'000};
// No delivery has a limit now.
constexpr base::Millis kRecheck{60'000};
// A channel that gave back so many deliveries, none of which was settled late, is closed the next time.
constexpr std::size_t kMaxReclaimed = 100'000;

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

/// Cancels the consumer that holds something for too long, and takes back all that it holds. False when the channel has
/// to end instead.
bool Channel::cancel_stuck(broker::ConsumerId holder) {
  const auto found = std::ranges::find_if(consumers_, [&](const auto& entry) { return entry.second->id() == holder; });
  if (holder == broker::ConsumerId(0) || found == consumers_.end()) return false;
  if (found->second->queue_type() != QueueType::quorum) return false;
  if (!connection_.wants_cancel_notices() || reclaimed_.size() >= kMaxReclaimed) return false;
  base::log::info("amqp: {} channel {}: consumer '{}' did not acknowledge in time and is cancelled",
                  connection_.socket().peer(), number_, found->first);
  shard().consumers().drop(holder);
  consumer_cancelled(*found->second);
  std::vector<std::uint64_t> held;
  tags_.for_each([&](std::uint64_t tag, const DeliveryTags::Entry& entry) {
    if (entry.consumer == holder) held.push_back(tag);
  });
  for (const std::uint64_t tag : held) {
    const bool taken = tags_.take(tag, ranges_);
    MILLRACE_ASSERT(taken, "tag {} is not there", tag);
  }
  reclaimed_.insert(held.begin(), held.end());
  settle_ranges(broker::Settle::requeue);
  return true;
}

/// Whether the settlement is about deliveries only that were taken back, which their client need not have known. One
/// that is about others too goes on with the newest of these.
bool Channel::comes_late(std::uint64_t& tag, bool multiple) {
  if (reclaimed_.empty()) return false;
  if (!multiple) return reclaimed_.erase(tag) > 0;
  if (tag == 0) {
    reclaimed_.clear();
    return false;
  }
  const bool known = reclaimed_.contains(tag);
  reclaimed_.erase(reclaimed_.begin(), reclaimed_.upper_bound(tag));
  if (!known) return false;
  std::uint64_t newest = 0;
  tags_.for_each([&](std::uint64_t other, const DeliveryTags::Entry&) {
    if (other < tag) newest = std::max(newest, other);
  });
  tag = newest;
  return newest == 0;
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
  broker::ConsumerId holder;
  tags_.for_each([&](std::uint64_t tag, const DeliveryTags::Entry& entry) {
    const base::Millis own = consumer_timeout(entry);
    if (own == base::Millis(0)) return;
    const base::Nanos at = delivery_times_.latest_time_of(tag) + base::to_nanos(own);
    if (due.has_value() && *due <= at) return;
    due = at;
    timeout = own;
    holder = entry.consumer;
  });
  // A limit may come with a policy.
  if (!due.has_value()) return watch_timeout(now + base::to_nanos(kRecheck), now);
  if (*due > now) return watch_timeout(*due, now);
  if (busy_) return watch_timeout(now + kBusyDelay, now);
  if (cancel_stuck(holder)) return check_timeout();
  method_ = wire::Method{0};
  timed_out_ = true;
  fail(
      ReplyCode::precondition_failed,
      fmt::format("delivery acknowledgement on channel {} timed out. Timeout value used: {} ms. This timeout value can "
                  "be configured, see consumers doc guide to learn more",
                  number_, timeout.value));
}

}  // namespace millrace::gateway::amqp091

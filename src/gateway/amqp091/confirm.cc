#include <algorithm>

#include "gateway/amqp091/channel.h"

// Publisher confirms, and the count of what is under way to storage.
namespace millrace::gateway::amqp091 {

void Channel::confirm_select(const wire::ConfirmSelect& method) {
  if (transaction_ != nullptr) {
    return fail(wire::ReplyCode::precondition_failed, "cannot switch from tx to confirm mode");
  }
  if (!confirms_) {
    confirms_ = true;
    confirm_base_ = tracker_.last_sequence();
    confirmed_ = confirm_base_;
  }
  if (!method.no_wait) reply(wire::ConfirmSelectOk{});
}

void Channel::count_unsettled(std::uint64_t bytes) {
  connection_.add_unsettled(bytes, 1);
  const std::uint64_t sequence = tracker_.last_sequence();
  if (!unsettled_.empty() && unsettled_.back().read == connection_.reads()) {
    Unsettled& last = unsettled_.back();
    last.last_sequence = sequence;
    last.bytes += bytes;
    ++last.messages;
    return;
  }
  unsettled_.push_back({sequence, bytes, 1, connection_.reads()});
}

void Channel::forget_settled(std::uint64_t sequence) {
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  while (!unsettled_.empty() && unsettled_.front().last_sequence <= sequence) {
    bytes += unsettled_.front().bytes;
    messages += unsettled_.front().messages;
    unsettled_.pop_front();
  }
  if (messages > 0) connection_.remove_unsettled(bytes, messages);
}

void Channel::on_rejected(std::uint64_t sequence) {
  broker::add(shard().counters().rejected, 1);
  if (!confirms_ || state_ != State::open || sequence <= confirmed_) return;
  reply(wire::BasicNack{sequence - confirm_base_, false, false});
  rejected_.push_back(sequence);
}

/// As few acknowledgements as there are stretches between the rejected ones: some clients take one for several as the
/// answer to each, whatever they were told before.
void Channel::on_confirmed(std::uint64_t sequence) {
  if (confirms_ && state_ == State::open && sequence > confirmed_) {
    std::ranges::sort(rejected_);
    const auto covered = std::ranges::upper_bound(rejected_, sequence);
    for (auto rejected = rejected_.begin(); rejected != covered; ++rejected) {
      acknowledge_through(*rejected - 1);
      confirmed_ = std::max(confirmed_, *rejected);
    }
    rejected_.erase(rejected_.begin(), covered);
    acknowledge_through(sequence);
  }
  forget_settled(sequence);
}

void Channel::acknowledge_through(std::uint64_t sequence) {
  if (sequence <= confirmed_) return;
  reply(wire::BasicAck{sequence - confirm_base_, sequence > confirmed_ + 1});
  shard().counters().confirmed.fetch_add(sequence - confirmed_, std::memory_order_relaxed);
  confirmed_ = sequence;
}

}  // namespace millrace::gateway::amqp091

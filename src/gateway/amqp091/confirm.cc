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

/// One acknowledgement for all; a rejected one between them has been told before, so that being covered again means
/// nothing to it. Only the last must not be one.
void Channel::on_confirmed(std::uint64_t sequence) {
  if (confirms_ && state_ == State::open && sequence > confirmed_) {
    std::uint64_t last = sequence;
    if (!rejected_.empty()) {
      std::ranges::sort(rejected_);
      while (last > confirmed_ && std::ranges::binary_search(rejected_, last)) --last;
      std::erase_if(rejected_, [sequence](std::uint64_t rejected) { return rejected <= sequence; });
    }
    if (last > confirmed_) reply(wire::BasicAck{last - confirm_base_, last > confirmed_ + 1});
    shard().counters().confirmed.fetch_add(last - confirmed_, std::memory_order_relaxed);
    confirmed_ = sequence;
  }
  forget_settled(sequence);
}

}  // namespace millrace::gateway::amqp091

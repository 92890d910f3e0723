#include <fmt/core.h>

#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/channel_transaction.h"

// Class tx: a transactional channel keeps what it publishes and settles until tx.commit, and then all of it takes
// effect or nothing.
namespace millrace::gateway::amqp091 {

using wire::ReplyCode;

void Channel::tx_select(const wire::TxSelect&) {
  if (confirms_) return fail(ReplyCode::precondition_failed, "cannot switch from confirm to tx mode");
  if (transaction_ == nullptr) transaction_ = std::make_unique<ChannelTransaction>(shard());
  reply(wire::TxSelectOk{});
}

void Channel::tx_commit(const wire::TxCommit&) {
  if (transaction_ == nullptr) return fail(ReplyCode::precondition_failed, "channel is not transactional");
  std::unique_ptr<ChannelTransaction> committed =
      std::exchange(transaction_, std::make_unique<ChannelTransaction>(shard()));
  bytes::ByteVector& out = connection_.out();
  out.insert(out.end(), committed->returns.begin(), committed->returns.end());
  for (const ChannelTransaction::Reply& reply : committed->replies) {
    const bytes::ByteView body = reply.body;
    send_reply(reply.name, reply.properties, {&body, 1});
  }
  std::vector<DeliveryTags::Range> settled = committed->move_settlements();
  release_limit(settled);
  auto answer = later<void>([](Channel& channel, const broker::Result<void>& result) {
    if (result.has_value()) return channel.reply(wire::TxCommitOk{});
    channel.fail(ReplyCode::precondition_failed,
                 fmt::format("transaction refused, nothing of it was done: {}", result.error().detail));
  });
  // What it would have settled is given back when it is refused, also when the channel has ended meanwhile.
  shard().transactions().commit(
      std::move(committed->work), [&shard = shard(), settled = std::move(settled),
                                   answer = std::move(answer)](broker::Result<void> result) mutable {
        for (const DeliveryTags::Range& range : settled) {
          if (result.has_value()) break;
          shard.consumers().settle(range.queue, range.consumer, range.first, range.last, broker::Settle::requeue);
        }
        answer(std::move(result));
      });
}

void Channel::tx_rollback(const wire::TxRollback&) {
  if (transaction_ == nullptr) return fail(ReplyCode::precondition_failed, "channel is not transactional");
  for (const ChannelTransaction::Settled& group : transaction_->settled) tags_.restore(group.taken);
  transaction_ = std::make_unique<ChannelTransaction>(shard());
  reply(wire::TxRollbackOk{});
}

void Channel::settle_later(std::uint64_t tag, bool multiple, broker::Settle how) {
  ChannelTransaction::Settled& group = transaction_->settled.emplace_back();
  group.how = how;
  bool known = true;
  if (multiple && tag == 0) {
    tags_.take_all(group.taken);
  } else {
    known = multiple ? tags_.take_through(tag, group.taken) : tags_.take(tag, group.taken);
  }
  if (!known) return fail(ReplyCode::precondition_failed, fmt::format("unknown delivery tag {}", tag));
  transaction_->kept_bytes += sizeof(group) + group.taken.size() * sizeof(DeliveryTags::Taken);
  check_transaction();
}

bool Channel::keep_reply(std::string_view name, bytes::ByteView properties, std::span<const bytes::ByteView> body) {
  if (!can_reply(name)) return false;
  ChannelTransaction::Reply& reply = transaction_->replies.emplace_back();
  reply.name = name;
  reply.properties.assign(properties.begin(), properties.end());
  for (const bytes::ByteView part : body) reply.body.insert(reply.body.end(), part.begin(), part.end());
  transaction_->kept_bytes += sizeof(reply) + reply.properties.size() + reply.body.size();
  return true;
}

void Channel::check_transaction() {
  if (transaction_->count_memory()) return;
  fail(ReplyCode::precondition_failed, "transaction takes too much memory");
}

/// The channel ends without a commit.
void Channel::drop_transaction() {
  if (transaction_ == nullptr) return;
  ranges_ = transaction_->move_settlements();
  settle_ranges(broker::Settle::fail);
  transaction_.reset();
}

}  // namespace millrace::gateway::amqp091

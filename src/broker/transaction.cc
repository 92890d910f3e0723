#include "broker/transaction.h"

#include <algorithm>

namespace millrace::broker {

namespace {

// Keeps batches well below the size limit.
constexpr std::size_t kSealAt = std::size_t{1} << 20;

TransactionPart& part_of(std::vector<TransactionPart>& parts, ShardId shard) {
  const auto it = std::ranges::find(parts, shard, &TransactionPart::shard);
  if (it != parts.end()) return *it;
  parts.push_back({.shard = shard, .appends = {}, .settles = {}});
  return parts.back();
}

}  // namespace

void Transaction::seal() {
  if (open_.builder.empty()) return;
  const auto records = static_cast<std::uint32_t>(open_.builder.count());
  batches_.push_back({std::exchange(open_.queues, {}), open_.builder.finish(), records});
  sealed_bytes_ += batches_.back().batch.size();
}

void Transaction::publish(const Route& route, const Message& message) {
  if (route.queues.empty()) return;
  if (open_.builder.empty() || open_.route != route.id || open_.builder.size() >= kSealAt) {
    seal();
    open_.route = route.id;
    open_.queues = route.queues;
    open_.builder.start({.enveloped = true});
  }
  append_record(open_.builder, message, scratch_);
}

void Transaction::settle(QueueRef queue, ConsumerId consumer, Offset first, Offset last, Settle how) {
  settles_.push_back({queue.shard, {queue.queue, consumer, first, last, settle_how(how)}});
}

std::uint64_t Transaction::bytes() const {
  return sealed_bytes_ + open_.builder.size() + settles_.size() * sizeof(ShardSettle);
}

std::vector<TransactionPart> Transaction::take_parts() {
  seal();
  std::vector<TransactionPart> parts;
  for (const Sealed& sealed : batches_) {
    for (const QueueRef& queue : sealed.queues) {
      part_of(parts, queue.shard).appends.push_back({queue.queue, sealed.batch, sealed.records});
    }
  }
  for (const ShardSettle& settle : settles_) part_of(parts, settle.shard).settles.push_back(settle.request);
  batches_.clear();
  settles_.clear();
  sealed_bytes_ = 0;
  return parts;
}

}  // namespace millrace::broker

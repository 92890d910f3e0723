#include "direct_client.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::simtest {

using broker::Settle;

namespace {

/// Any protocol that has no gateway here: the broker then moves dead letters unchanged.
constexpr model::Protocol kProtocol = model::Protocol::mqtt;

}  // namespace

DirectClient::DirectClient(broker::Shard& shard, Oracle& oracle, const Plan& plan, std::vector<broker::QueueRef> queues,
                           std::uint64_t number)
    : shard_(shard),
      oracle_(oracle),
      plan_(plan),
      queues_(std::move(queues)),
      number_(number),
      random_(plan.seed * 1000 + number),
      stream_(oracle.new_stream()),
      tracker_(shard, this),
      ledger_(oracle, queues_.size()) {}

DirectClient::~DirectClient() = default;

void DirectClient::start() {
  schedule();
}

void DirectClient::stop() {
  timer_.cancel();
  for (const auto& [id, consumer] : consumers_) shard_.consumers().drop(id);
  consumers_.clear();
}

void DirectClient::schedule() {
  const base::Nanos pause(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(plan_.think_nanos)) + 1));
  timer_ = shard_.loop().call_after(pause, [this] { act(); });
}

void DirectClient::act() {
  const std::uint64_t dice = random_.below(100);
  if (dice < 40) {
    for (std::uint64_t left = random_.between(1, 6); left > 0; --left) publish();
  } else if (dice < 50) {
    consume();
  } else if (dice < 54) {
    cancel();
  } else if (dice < 86) {
    for (std::uint64_t left = random_.between(1, 4); left > 0; --left) settle();
  } else if (dice < 92) {
    settle_range();
  } else if (dice < 99) {
    get();
  } else if (plan_.automatic) {
    purge();
  }
  schedule();
}

void DirectClient::publish() {
  const std::size_t queue = random_.below(queues_.size() - 1);
  const catalog::State& catalog = shard_.catalog();
  const model::ObjectId vhost = catalog.find_virtual_host("/")->id;
  const Oracle::Wishes wishes = oracle_.draw_wishes(queue, random_);
  const MessageId id = oracle_.sent(queue, stream_, wishes);
  const bytes::ByteVector body = oracle_.make_body(id, random_.below(plan_.largest_body));
  const bytes::ByteView parts[] = {bytes::ByteView(body)};
  const bytes::ByteView natives[] = {bytes::as_bytes("native")};
  broker::Message message;
  message.timestamp = shard_.loop().clock().wall();
  message.body = parts;
  message.envelope.protocol = kProtocol;
  message.envelope.time_to_live = wishes.time_to_live;
  if (wishes.priority != 0) message.envelope.priority = wishes.priority;
  message.native = natives;
  const auto& route = shard_.router().route(*catalog.find_exchange(vhost, ""), queue_name(queue, plan_));
  shard_.publisher().publish(tracker_, route, message);
  published_.push_back({tracker_.last_sequence(), id, queue, ledger_.mark(queue)});
}

void DirectClient::on_confirmed(std::uint64_t sequence) {
  while (!published_.empty() && published_.front().sequence <= sequence) {
    const Published published = published_.front();
    published_.pop_front();
    if (published.refused) continue;
    oracle_.confirmed(published.id);
    ledger_.proven(published.queue, published.settled);
  }
}

void DirectClient::on_rejected(std::uint64_t sequence) {
  for (Published& published : published_) {
    if (published.sequence != sequence) continue;
    published.refused = true;
    oracle_.refused(published.id);
  }
}

std::size_t DirectClient::queue_of(broker::QueueRef ref) const {
  return static_cast<std::size_t>(std::find(queues_.begin(), queues_.end(), ref) - queues_.begin());
}

void DirectClient::consume() {
  if (consuming_ || consumers_.size() >= 3) return;
  const std::size_t queue = random_.below(queues_.size());
  broker::ConsumeOptions options;
  options.queue = queues_[queue];
  options.connection = broker::ConnectionId(1'000'000 + number_);
  options.auto_ack = plan_.automatic && random_.chance(1, 8);
  if (options.auto_ack) oracle_.removal_began(queue);
  options.prefetch = random_.chance(1, 4) ? 0 : static_cast<std::uint32_t>(random_.between(1, 20));
  options.tag = "direct";
  consuming_ = true;
  shard_.consumers().consume(options, this,
                             [this, queue, auto_ack = options.auto_ack](broker::Result<broker::ConsumerId> made) {
                               consuming_ = false;
                               if (made.has_value()) {
                                 consumers_[*made] = {queue, auto_ack};
                               } else {
                                 oracle_.fail("consume failed: " + made.error().detail);
                               }
                             });
}

void DirectClient::cancel() {
  if (consumers_.empty()) return;
  auto chosen = consumers_.begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(random_.below(consumers_.size())));
  const broker::ConsumerId id = chosen->first;
  if (random_.chance(1, 2)) {
    shard_.consumers().cancel(id, [this, id](broker::Result<void>) {
      const auto gone = consumers_.find(id);
      if (gone == consumers_.end()) return;
      if (gone->second.auto_ack) oracle_.removal_ended(gone->second.queue);
      consumers_.erase(gone);
    });
    return;
  }
  shard_.consumers().drop(id);
  consumers_.erase(id);
  // As a connection that ended: what it held goes back.
  for (std::size_t i = held_.size(); i-- > 0;) {
    if (held_[i].consumer == id) settle_one(held_[i], Settle::requeue);
  }
  std::erase_if(held_, [id](const Held& held) { return held.consumer == id; });
}

void DirectClient::on_cancelled(broker::ConsumerId, const std::string& reason) {
  oracle_.fail("a consumer was cancelled: " + reason);
}

void DirectClient::take(const broker::DeliveryBundle& bundle, std::size_t queue, bool auto_ack, Consumer* consumer) {
  for (const broker::Delivery& delivery : bundle.deliveries) {
    const MessageId id = oracle_.delivered({.queue = queue,
                                            .body = delivery.record.value,
                                            .redelivered = delivery.redelivered,
                                            .offset = delivery.offset.value,
                                            .holder = auto_ack ? 0 : number_ + 1});
    if (id == 0) return;
    if (consumer != nullptr && !delivery.redelivered) {
      // What another consumer gave back undelivered may come late; it was offered before and is then below.
      if (delivery.offset.value == consumer->last_fresh) {
        oracle_.fail(fmt::format("offset {} of queue {} came twice", delivery.offset.value, queue));
      }
      consumer->last_fresh = std::max(consumer->last_fresh, delivery.offset.value);
    }
    if (auto_ack) {
      oracle_.accepted(id, queue, Settled::asked);
    } else {
      held_.push_back({queue, bundle.consumer, delivery.offset, id});
    }
  }
}

void DirectClient::on_deliveries(const broker::DeliveryBundle& bundle) {
  const auto found = consumers_.find(bundle.consumer);
  if (found == consumers_.end()) return oracle_.fail("a delivery to a consumer that is not there");
  take(bundle, found->second.queue, found->second.auto_ack, &found->second);
  shard_.consumers().consumed(bundle.consumer, bundle.window_bytes);
}

void DirectClient::note(const Held& held, Settle how) {
  if (how == Settle::requeue) {
    oracle_.trace(fmt::format("message {} requeued", held.id));
    return oracle_.released(held.id);
  }
  if (how == Settle::accept) {
    oracle_.accepted(held.id, held.queue, Settled::asked);
  } else {
    oracle_.rejected(held.id, held.queue, Settled::asked);
  }
  ledger_.add(held.queue, held.id, how == Settle::reject);
}

void DirectClient::settle_one(const Held& held, Settle how) {
  note(held, how);
  shard_.consumers().settle(queues_[held.queue], held.consumer, held.offset, held.offset, how);
}

void DirectClient::settle() {
  if (held_.empty()) return;
  const std::size_t index = random_.below(held_.size());
  const bool reject = random_.below(100) < plan_.reject_percent;
  const Settle otherwise = random_.chance(1, 4) ? Settle::requeue : Settle::accept;
  settle_one(held_[index], reject ? Settle::reject : otherwise);
  held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
}

void DirectClient::settle_range() {
  if (held_.empty()) return;
  const Held one = held_[random_.below(held_.size())];
  const Held other = held_[random_.below(held_.size())];
  // All who take single messages share one consumer id: a range there would reach into what others hold.
  if (one.queue != other.queue || one.consumer != other.consumer || one.consumer == broker::ConsumerId(0)) return;
  const broker::Offset first = std::min(one.offset, other.offset);
  const broker::Offset last = std::max(one.offset, other.offset);
  const std::uint64_t dice = random_.below(10);
  const Settle how = dice < 7 ? Settle::accept : dice < 9 ? Settle::requeue : Settle::reject;
  const auto hit = [&](const Held& held) {
    return held.queue == one.queue && held.consumer == one.consumer && first <= held.offset && held.offset <= last;
  };
  std::vector<broker::Offset> offsets;
  for (const Held& held : held_) {
    if (!hit(held)) continue;
    note(held, how);
    offsets.push_back(held.offset);
  }
  std::erase_if(held_, hit);
  // Never over what is not held: it may have been given back, and be on its way here once more. What is consecutive is
  // joined on the way.
  std::ranges::sort(offsets);
  for (const broker::Offset offset : offsets) {
    shard_.consumers().settle(queues_[one.queue], one.consumer, offset, offset, how);
  }
}

void DirectClient::get() {
  const std::size_t queue = random_.below(queues_.size());
  const bool auto_ack = plan_.automatic && random_.chance(1, 8);
  if (auto_ack) oracle_.removal_began(queue);
  shard_.consumers().get(queues_[queue], broker::ConnectionId(1'000'000 + number_), auto_ack,
                         [this, queue, auto_ack](broker::Result<broker::GetReply> reply) {
                           if (auto_ack) oracle_.removal_ended(queue);
                           if (!reply.has_value()) return;
                           reply->bundle.consumer = broker::ConsumerId(0);
                           take(reply->bundle, queue, auto_ack, nullptr);
                         });
}

void DirectClient::purge() {
  const std::size_t queue = random_.below(queues_.size());
  oracle_.removal_began(queue);
  shard_.consumers().purge(queues_[queue],
                           [this, queue](broker::Result<std::uint64_t>) { oracle_.removal_ended(queue); });
}

}  // namespace millrace::simtest

#include "broker/topic_queue.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::broker {

namespace {

/// The first part is who watches whether the queue is used. The order is the topic's: nobody goes first.
catalog::QueueSettings settings_of_part(catalog::QueueSettings settings, bool first) {
  settings.max_priority.reset();
  if (!first) settings.expires.reset();
  return settings;
}

}  // namespace

catalog::Queue TopicQueue::definition_of(const catalog::Queue& queue, const catalog::QueuePart& part) const {
  catalog::Queue definition = queue;
  definition.id = part.id;
  definition.settings = settings_of_part(queue.settings, parts_.empty());
  definition.auto_delete = queue.auto_delete && parts_.empty();
  return definition;
}

void TopicQueue::add(Queue& part) {
  for (const Member& member : members_) {
    const auto joined = part.consume(member.request, member.credit);
    MILLRACE_ASSERT(joined.has_value(), "a part refuses what the others took");
  }
  parts_.push_back(&part);
}

void TopicQueue::set_settings(const catalog::QueueSettings& settings) {
  for (Queue* part : parts_) {
    const catalog::QueueSettings own = settings_of_part(settings, part == parts_.front());
    if (part->definition().settings != own) part->set_settings(own);
  }
}

TopicQueue::Member* TopicQueue::find(ConsumerId consumer) {
  const auto it = std::ranges::find(members_, consumer, [](const Member& each) { return each.request.consumer; });
  return it == members_.end() ? nullptr : &*it;
}

/// All parts have the same consumers, so that all of them answer alike.
Result<void> TopicQueue::consume(const ConsumeRequest& request) {
  auto credit = std::make_shared<ConsumerCredit>();
  for (Queue* part : parts_) {
    if (auto joined = part->consume(request, credit); !joined.has_value()) return joined;
  }
  members_.push_back({request, std::move(credit)});
  return {};
}

bool TopicQueue::cancel(ConsumerId consumer) {
  std::erase_if(members_, [consumer](const Member& each) { return each.request.consumer == consumer; });
  bool last = false;
  for (Queue* part : parts_) last |= part->cancel(consumer);
  return last;
}

void TopicQueue::return_window(ConsumerId consumer, std::uint64_t bytes) {
  Member* member = find(consumer);
  if (member == nullptr) return;
  std::uint64_t& used = member->credit->window_used;
  used -= std::min(bytes, used);
  for (Queue* part : parts_) part->wake(consumer);
}

void TopicQueue::set_allowance(ConsumerId consumer, std::uint32_t most) {
  Member* member = find(consumer);
  if (member == nullptr) return;
  member->credit->allowance = most;
  for (Queue* part : parts_) part->wake(consumer);
}

void TopicQueue::wake_others(const Queue& part, ConsumerId consumer) {
  const auto from = std::ranges::find(parts_, &part) - parts_.begin();
  const auto count = static_cast<std::ptrdiff_t>(parts_.size());
  for (std::ptrdiff_t i = 1; i < count; ++i) parts_[static_cast<std::size_t>((from + i) % count)]->wake(consumer);
}

bool TopicQueue::is_known() const {
  return std::ranges::all_of(parts_, [](const Queue* part) { return part->is_known(); });
}

void TopicQueue::get(ConnectionId connection, bool auto_ack, Callback<GetReply> done) {
  // Who has just been told that a record is stored finds it.
  if (!is_known() || stats().ready == 0) {
    return look([this, connection, auto_ack, done = std::move(done)](Result<QueueStats> seen) mutable {
      if (!seen.has_value()) return done(std::unexpected(seen.error()));
      start_get(connection, auto_ack, std::move(done));
    });
  }
  start_get(connection, auto_ack, std::move(done));
}

void TopicQueue::start_get(ConnectionId connection, bool auto_ack, Callback<GetReply> done) {
  auto asked = std::make_shared<Asked>(Asked{connection, auto_ack, std::move(done), next_get_++, parts_.size()});
  ask_next(std::move(asked));
}

void TopicQueue::ask_next(std::shared_ptr<Asked> asked) {
  Queue* part = parts_[asked->at++ % parts_.size()];
  --asked->left;
  part->get(asked->connection, asked->auto_ack,
            [weak = std::weak_ptr(alive_), this, asked](Result<GetReply> reply) mutable {
              const bool alive = weak.lock() != nullptr;
              if (!reply.has_value() || !alive) return asked->done(std::move(reply));
              if (reply->bundle.deliveries.empty() && asked->left > 0) return ask_next(std::move(asked));
              reply->remaining = stats().ready;
              asked->done(std::move(reply));
            });
}

QueueStats TopicQueue::stats() const {
  QueueStats sum;
  for (const Queue* part : parts_) {
    const QueueStats one = part->stats();
    sum.ready += one.ready;
    sum.unacknowledged += one.unacknowledged;
    sum.bytes += one.bytes;
    sum.lost += one.lost;
    sum.consumers = one.consumers;
  }
  return sum;
}

void TopicQueue::look(Callback<QueueStats> done) {
  struct Looking {
    Callback<QueueStats> done;
    std::size_t left = 0;
  };
  auto looking = std::make_shared<Looking>(Looking{std::move(done), parts_.size()});
  for (Queue* part : parts_) {
    part->look([weak = std::weak_ptr(alive_), this, looking] {
      if (--looking->left > 0) return;
      if (weak.lock() == nullptr) return looking->done(base::fail(BrokerErrc::not_found, "the queue was deleted"));
      looking->done(stats());
    });
  }
}

}  // namespace millrace::broker

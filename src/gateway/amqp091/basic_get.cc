#include <fmt/core.h>

#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/declare_arguments.h"

namespace millrace::gateway::amqp091 {

void Channel::basic_get(const wire::BasicGet& method) {
  const auto name = queue_name(method.queue);
  if (!name.has_value() || !allow_queue(auth::Operation::read, *name)) return;
  const auto source = find_source(*name);
  if (!source.has_value()) return;
  if (source->type == QueueType::stream) {
    return fail(wire::ReplyCode::not_implemented,
                fmt::format("basic.get not supported by stream queues {}", queue_text(*name)));
  }
  const broker::QueueRef ref = source->ref;
  const bool no_ack = method.no_ack;
  auto answer = later<broker::GetReply>(
      [name = *name, no_ack, type = source->type](Channel& channel, const broker::Result<broker::GetReply>& result) {
        if (!result.has_value()) return channel.fail(to_failure(result.error(), channel.queue_text(name)));
        channel.got(name, no_ack, type, *result);
      });
  // What was taken for a channel that has ended meanwhile goes back.
  shard().consumers().get(ref, connection_.id(), no_ack,
                          [weak = weak_from_this(), &shard = shard(), no_ack,
                           answer = std::move(answer)](broker::Result<broker::GetReply> result) mutable {
                            const auto self = weak.lock();
                            const bool alive = self != nullptr && self->state_ == State::open;
                            if (!alive && result.has_value() && !no_ack) {
                              for (const broker::Delivery& delivery : result->bundle.deliveries) {
                                shard.consumers().settle(result->bundle.queue, broker::ConsumerId(0), delivery.offset,
                                                         delivery.offset, broker::Settle::requeue);
                              }
                            }
                            answer(std::move(result));
                          });
}

void Channel::got(const std::string& queue_name, bool no_ack, QueueType type, const broker::GetReply& result) {
  if (result.bundle.deliveries.empty()) return reply(wire::BasicGetEmpty{});
  const broker::Delivery& delivery = result.bundle.deliveries.front();
  const std::uint64_t tag =
      no_ack ? tags_.skip() : tags_.add({result.bundle.queue, broker::ConsumerId(0), delivery.offset});
  if (!no_ack) note_delivery(tag, consumer_timeout(result.bundle.queue));
  Presenter& presenter = connection_.presenter();
  const OutgoingMessage message = presenter.present(delivery, queue_name, type);
  const wire::BasicGetOk method{tag, delivery.redelivered, message.exchange, message.routing_key,
                                static_cast<std::uint32_t>(std::min<std::uint64_t>(result.remaining, UINT32_MAX))};
  wire::append_get_ok(connection_.out(), number_, method, {message.properties, message.body}, connection_.frame_max());
}

}  // namespace millrace::gateway::amqp091

#include <fmt/core.h>

#include <algorithm>

#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/declare_arguments.h"
#include "gateway/amqp091/stream_arguments.h"

namespace millrace::gateway::amqp091 {

using auth::Operation;
using wire::ReplyCode;

namespace {

// Bodies from this size on are sent from where they lie instead of being copied into the output.
constexpr std::size_t kShareFrom = std::size_t{16} << 10;
constexpr std::size_t kMaxConsumersPerChannel = 10'000;

}  // namespace

void Channel::basic_qos(const wire::BasicQos& method) {
  if (method.prefetch_size != 0) {
    return fail(ReplyCode::not_implemented, fmt::format("prefetch_size!=0 ({})", method.prefetch_size));
  }
  if (method.global) {
    set_shared_limit(method.prefetch_count);
  } else {
    prefetch_ = method.prefetch_count;
  }
  reply(wire::BasicQosOk{});
}

std::string Channel::consumer_tag(const wire::BasicConsume& method) {
  return method.consumer_tag.empty() ? "amq.ctag-" + connection_.unique_suffix() : std::string(method.consumer_tag);
}

void Channel::basic_consume(const wire::BasicConsume& method) {
  if (method.queue == kReplyTo) return consume_replies(method);
  const auto name = queue_name(method.queue);
  if (!name.has_value() || !allow_queue(Operation::read, *name)) return;
  const auto source = find_source(*name);
  if (!source.has_value()) return;
  std::string tag = consumer_tag(method);
  if (consumers_.contains(tag) || (reply_address_.has_value() && tag == reply_tag_)) {
    return fail(ReplyCode::not_allowed, fmt::format("attempt to reuse consumer tag '{}'", tag));
  }
  if (consumers_.size() >= kMaxConsumersPerChannel) {
    return fail(ReplyCode::not_allowed,
                fmt::format("reached maximum ({}) of consumers per channel", kMaxConsumersPerChannel));
  }
  broker::ConsumeOptions options;
  options.queue = source->ref;
  options.connection = connection_.id();
  options.auto_ack = method.no_ack;
  options.exclusive = method.exclusive;
  options.prefetch = method.no_ack ? 0 : prefetch_;
  options.tag = tag;
  if (!read_consumer(method, *name, *source, options)) return;
  auto consumer = std::make_shared<Consumer>(*this, tag, *name, options.queue, source->type, method.no_ack);
  if (const auto timeout = method.arguments.find("x-consumer-timeout")) {
    consumer->set_timeout(base::Millis(timeout->as_int().value_or(0)));
  }
  consumers_.emplace(std::move(tag), consumer);
  auto answer = later<broker::ConsumerId>(
      [consumer, no_wait = method.no_wait](Channel& channel, const broker::Result<broker::ConsumerId>& result) {
        channel.consume_answered(consumer, no_wait, result);
      });
  // The answer must find the consumer also when the channel is gone: it exists in the broker then.
  shard().consumers().consume(
      options, consumer.get(),
      [consumer, &shard = shard(), answer = std::move(answer)](broker::Result<broker::ConsumerId> result) mutable {
        if (!consumer->attached() && result.has_value()) shard.consumers().drop(*result);
        answer(std::move(result));
      });
}

/// What the arguments say, and what the queue's type asks for.
bool Channel::read_consumer(const wire::BasicConsume& method, const std::string& name, const Source& source,
                            broker::ConsumeOptions& options) {
  const std::string resource = queue_text(name);
  if (const auto failure = check_consumer_arguments(method.arguments, source.type, resource)) {
    fail(*failure);
    return false;
  }
  if (const auto priority = method.arguments.find("x-priority")) {
    const auto value = priority->as_int();
    if (!value.has_value()) {
      fail(no_integer("x-priority", *priority, resource));
      return false;
    }
    options.priority = static_cast<std::int32_t>(std::clamp<std::int64_t>(*value, INT32_MIN, INT32_MAX));
  }
  if (const auto timeout = method.arguments.find("x-consumer-timeout")) {
    const auto value = timeout->as_int();
    if (!value.has_value() || *value < 0 || *value > kMaxExpiry.value) {
      fail(ReplyCode::precondition_failed,
           fmt::format("invalid arg 'x-consumer-timeout' for {}: a number of milliseconds is asked for", resource));
      return false;
    }
  }
  if (source.type != QueueType::classic && shared_limit_ != nullptr) {
    fail(ReplyCode::not_implemented, fmt::format("{} does not support global qos", resource));
    return false;
  }
  if (source.type != QueueType::stream) return true;
  if (prefetch_ == 0) {
    fail(ReplyCode::precondition_failed, fmt::format("consumer prefetch count is not set for stream {}", resource));
    return false;
  }
  if (method.no_ack) {
    fail(ReplyCode::not_implemented, fmt::format("automatic acknowledgement not supported by stream {}", resource));
    return false;
  }
  const auto failure = read_stream_consumer(method.arguments, connection_.now(), resource, shard().codecs(), options);
  if (failure.has_value()) fail(*failure);
  return !failure.has_value();
}

void Channel::consume_answered(const std::shared_ptr<Consumer>& consumer, bool no_wait,
                               const broker::Result<broker::ConsumerId>& result) {
  if (!result.has_value()) {
    consumer->detach();
    consumers_.erase(consumer->tag());
    const std::string resource = queue_text(consumer->queue_name());
    if (result.error().code == broker::BrokerErrc::in_use) {
      return fail(ReplyCode::access_refused, fmt::format("{} in exclusive use", resource));
    }
    return fail(to_failure(result.error(), resource));
  }
  consumer->set_id(*result);
  if (shared_limit_ != nullptr) share_limit();
  if (!no_wait) reply(wire::BasicConsumeOk{consumer->tag()});
}

void Channel::basic_cancel(const wire::BasicCancel& method) {
  const std::string tag(method.consumer_tag);
  const auto found = consumers_.find(tag);
  if (found == consumers_.end()) {
    if (tag == reply_tag_) stop_replies();
    if (!method.no_wait) reply(wire::BasicCancelOk{tag});
    return;
  }
  // Deliveries that are on their way still reach the client before cancel-ok, and are its to settle.
  std::shared_ptr<Consumer> consumer = found->second;
  auto answer = later<void>([consumer, tag, no_wait = method.no_wait](Channel& channel, const broker::Result<void>&) {
    consumer->detach();
    channel.connection_.forget_window(consumer->id());
    channel.consumers_.erase(tag);
    if (!no_wait) channel.reply(wire::BasicCancelOk{tag});
  });
  shard().consumers().cancel(consumer->id(), [consumer, answer = std::move(answer)](
                                                 broker::Result<void> result) mutable { answer(std::move(result)); });
}

void Channel::consumer_cancelled(Consumer& consumer) {
  const auto found = consumers_.find(consumer.tag());
  if (found == consumers_.end()) return;
  connection_.forget_window(consumer.id());
  if (connection_.wants_cancel_notices() && state_ == State::open) {
    constexpr bool kNoWait = true;
    reply(wire::BasicCancel{consumer.tag(), kNoWait});
  }
  consumer.detach();
  // The broker is inside one of the consumer's calls.
  shard().loop().post([gone = std::move(found->second)] {});
  consumers_.erase(found);
}

void Channel::deliver(Consumer& consumer, const broker::DeliveryBundle& bundle) {
  bool first = !consumer.no_ack();
  for (std::size_t i = 0; i < bundle.deliveries.size(); ++i) {
    if (!takes(consumer, bundle.queue, bundle.deliveries[i])) continue;
    write_delivery(consumer, bundle.queue, bundle.deliveries[i], bundle.slabs[bundle.slab_of[i]]);
    if (!std::exchange(first, false)) continue;
    note_delivery(tags_.last(),
                  consumer.timeout().has_value() ? *consumer.timeout() : consumer_timeout(consumer.queue()));
  }
  if (shared_limit_ != nullptr) share_limit();
  connection_.delivered(bundle.consumer, bundle.window_bytes);
}

void Channel::write_delivery(Consumer& consumer, broker::QueueRef from, const broker::Delivery& delivery,
                             const bytes::Slab& slab) {
  const std::uint64_t tag = consumer.no_ack() ? tags_.skip() : tags_.add({from, consumer.id(), delivery.offset});
  Presenter& presenter = connection_.presenter();
  const OutgoingMessage message = presenter.present(delivery, consumer.queue_name(), consumer.queue_type());
  const std::uint32_t frame_max = connection_.frame_max();
  if (message.body.size() < kShareFrom) {
    wire::append_deliver(connection_.out(), number_, consumer.tag(), tag, delivery.redelivered, message.exchange,
                         message.routing_key, message.properties, message.body, frame_max);
    return;
  }
  const wire::BasicDeliver method{consumer.tag(), tag, delivery.redelivered, message.exchange, message.routing_key};
  wire::append_with_header(connection_.out(), number_, method, message.properties, message.body.size());
  const std::size_t part_max = wire::body_part_max(frame_max);
  for (bytes::ByteView rest = message.body; !rest.empty();) {
    const bytes::ByteView part = rest.first(std::min(rest.size(), part_max));
    rest = rest.subspan(part.size());
    wire::append_body_frame_start(connection_.out(), number_, part.size());
    connection_.socket().output_shared({slab, part});
    wire::append_frame_end(connection_.out());
  }
}

void Consumer::on_deliveries(const broker::DeliveryBundle& bundle) {
  if (channel_ != nullptr) channel_->deliver(*this, bundle);
}

void Consumer::on_cancelled(broker::ConsumerId, const std::string&) {
  if (channel_ != nullptr) channel_->consumer_cancelled(*this);
}

}  // namespace millrace::gateway::amqp091

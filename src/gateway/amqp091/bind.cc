#include "gateway/amqp091/bind.h"

#include "gateway/amqp091/exchange_kinds.h"
#include "gateway/amqp091/header_matching.h"

namespace millrace::gateway::amqp091 {

using auth::Operation;
using wire::ReplyCode;

/// Rights come before existence, as RabbitMQ has it.
bool Channel::may_bind(const BindRequest& request) {
  const bool of_queue = request.kind == catalog::DestinationKind::queue;
  const bool may_write = of_queue ? allow_queue(Operation::write, request.destination)
                                  : allow_exchange(Operation::write, request.destination);
  if (!may_write) return false;
  if ((!of_queue && request.destination.empty()) || request.source.empty()) {
    fail(ReplyCode::access_refused, "operation not permitted on the default exchange");
    return false;
  }
  if (!allow_exchange(Operation::read, request.source)) return false;
  const catalog::Exchange* source = shard().catalog().find_exchange(connection_.vhost().id, request.source);
  return source == nullptr || allow_topic(Operation::read, *source, request.routing_key);
}

/// A topic is bound by its name, as a queue is, unless a queue has that name.
const catalog::Topic* Channel::destination_topic(std::string_view name) {
  const catalog::State& state = shard().catalog();
  const catalog::ObjectId vhost = connection_.vhost().id;
  return state.find_queue(vhost, name) == nullptr ? state.find_topic(vhost, name) : nullptr;
}

std::optional<catalog::Binding> Channel::binding_of(const BindRequest& request, Binding how) {
  if (!may_bind(request)) return std::nullopt;
  const catalog::Exchange* source = find_exchange(request.source);
  if (source == nullptr) return std::nullopt;
  catalog::Binding binding;
  binding.vhost = source->vhost;
  binding.source = source->id;
  binding.routing_key = request.routing_key;
  binding.native_arguments = sorted_arguments(request.arguments);
  const catalog::Queue* queue = nullptr;
  if (request.kind == catalog::DestinationKind::queue) {
    if (const catalog::Topic* topic = destination_topic(request.destination)) {
      binding.destination = {catalog::DestinationKind::topic, topic->id};
    } else {
      queue = find_queue(request.destination);
      if (queue == nullptr || !allow_topic_write(source_topic(*queue))) return std::nullopt;
      binding.destination = {request.kind, queue->id};
    }
  } else {
    const catalog::Exchange* exchange = find_exchange(request.destination);
    if (exchange == nullptr) return std::nullopt;
    binding.destination = {request.kind, exchange->id};
  }
  const auto failure = complete_binding(*source, queue, binding);
  if (failure.has_value() && how == Binding::made) {
    fail(*failure);
    return std::nullopt;
  }
  return binding;
}

}  // namespace millrace::gateway::amqp091

#include "gateway/amqp091/definitions.h"

#include <fmt/core.h>

#include "gateway/amqp091/declare_arguments.h"
#include "gateway/amqp091/exchange_kinds.h"
#include "gateway/amqp091/header_matching.h"

namespace millrace::gateway::amqp091 {

using wire::ReplyCode;

std::expected<catalog::Exchange, Failure> define_exchange(DefinedExchange wanted, const catalog::VirtualHost& vhost) {
  catalog::Exchange exchange;
  if (auto failure = read_exchange_type(wanted.type, wire::FieldTableView::trusted(wanted.arguments), exchange)) {
    return std::unexpected(std::move(*failure));
  }
  exchange.vhost = vhost.id;
  exchange.name = std::move(wanted.name);
  exchange.durable = wanted.durable;
  exchange.auto_delete = wanted.auto_delete;
  exchange.internal = wanted.internal;
  exchange.native_arguments = std::move(wanted.arguments);
  exchange.native_protocol = model::Protocol::amqp091;
  const auto arguments = wire::FieldTableView::trusted(exchange.native_arguments);
  const auto alternate = parse_alternate_exchange(arguments, exchange_text(exchange.name, vhost.name));
  if (!alternate.has_value()) return std::unexpected(alternate.error());
  exchange.alternate_exchange = alternate->value_or("");
  if (auto failure = read_type_arguments(arguments, exchange)) return std::unexpected(*failure);
  return exchange;
}

std::expected<catalog::Queue, Failure> define_queue(DefinedQueue wanted, const catalog::VirtualHost& vhost) {
  if (wire::FieldTableView::trusted(wanted.arguments).find(kSourceTopicArgument).has_value()) {
    return std::unexpected(Failure{ReplyCode::not_implemented, "a queue over a topic is for clients to declare"});
  }
  add_usual_type(vhost, {.durable = wanted.durable, .auto_delete = wanted.auto_delete}, wanted.arguments);
  catalog::Queue queue;
  queue.vhost = vhost.id;
  queue.name = std::move(wanted.name);
  queue.durable = wanted.durable;
  queue.auto_delete = wanted.auto_delete;
  if (auto failure = parse_queue_arguments(wire::FieldTableView::trusted(wanted.arguments),
                                           {.durable = wanted.durable, .auto_delete = wanted.auto_delete},
                                           queue_text(queue.name, vhost.name), queue)) {
    return std::unexpected(std::move(*failure));
  }
  queue.native_arguments = std::move(wanted.arguments);
  queue.native_protocol = model::Protocol::amqp091;
  return queue;
}

std::expected<catalog::Binding, Failure> define_binding(const catalog::Exchange& source, const catalog::Queue* queue,
                                                        const catalog::Exchange* exchange,
                                                        const std::string& routing_key, bytes::ByteView arguments) {
  catalog::Binding binding;
  binding.vhost = source.vhost;
  binding.source = source.id;
  binding.destination = queue != nullptr
                            ? catalog::BindingDestination{catalog::DestinationKind::queue, queue->id}
                            : catalog::BindingDestination{catalog::DestinationKind::exchange, exchange->id};
  binding.routing_key = routing_key;
  binding.native_arguments = sorted_arguments(wire::FieldTableView::trusted(arguments));
  if (auto failure = complete_binding(source, queue, binding)) return std::unexpected(*failure);
  return binding;
}

}  // namespace millrace::gateway::amqp091

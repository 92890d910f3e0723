#pragma once

#include <fmt/core.h>

#include "gateway/amqp091/channel.h"

// What queue.bind and exchange.bind have in common, for their two files.
namespace millrace::gateway::amqp091 {

struct BindRequest {
  catalog::DestinationKind kind;
  std::string destination;
  std::string source;
  std::string_view routing_key;
  wire::FieldTableView arguments;
};

/// Binding what is bound already is no error.
template <class Ok>
void Channel::bind(catalog::Binding binding, bool no_wait) {
  const catalog::Exchange* source = shard().catalog().find_exchange(binding.source);
  MILLRACE_ASSERT(source != nullptr);
  const std::string resource = exchange_text(source->name);
  shard().topology().bind(
      std::move(binding), later<void>([no_wait, resource](Channel& channel, const broker::Result<void>& result) {
        const bool present = !result.has_value() && result.error().code == broker::BrokerErrc::already_exists;
        if (!result.has_value() && !present) return channel.fail(to_failure(result.error(), resource));
        if (!no_wait) channel.reply(Ok{});
      }));
}

/// Unbinding what is not bound is no error, and neither when its source or destination does not exist.
template <class Ok>
void Channel::unbind(const BindRequest& request, bool no_wait) {
  if (!may_bind(request)) return;
  const catalog::State& state = shard().catalog();
  const catalog::ObjectId vhost = connection_.vhost().id;
  const catalog::Exchange* source = state.find_exchange(vhost, request.source);
  const bool of_queue = request.kind == catalog::DestinationKind::queue;
  const catalog::Queue* queue = of_queue ? state.find_queue(vhost, request.destination) : nullptr;
  const catalog::Exchange* exchange = of_queue ? nullptr : state.find_exchange(vhost, request.destination);
  const catalog::Topic* topic = of_queue ? destination_topic(request.destination) : nullptr;
  if (source == nullptr || (queue == nullptr && exchange == nullptr && topic == nullptr)) {
    if (!no_wait) reply(Ok{});
    return;
  }
  const auto binding = binding_of(request, Binding::removed);
  if (!binding.has_value()) return;
  const std::string resource = exchange_text(request.source);
  shard().topology().unbind(
      *binding, later<void>([no_wait, resource](Channel& channel, const broker::Result<void>& result) {
        const bool absent = !result.has_value() && result.error().code == broker::BrokerErrc::not_found;
        if (!result.has_value() && !absent) return channel.fail(to_failure(result.error(), resource));
        if (!no_wait) channel.reply(Ok{});
      }));
}

}  // namespace millrace::gateway::amqp091

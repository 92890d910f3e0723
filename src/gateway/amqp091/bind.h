#pragma once

#include <fmt/core.h>

#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/header_matching.h"

// What queue.bind and exchange.bind have in common, for their two files.
namespace millrace::gateway::amqp091 {

inline catalog::Binding make_binding(const catalog::Exchange& source, catalog::BindingDestination destination,
                                     std::string_view routing_key, wire::FieldTableView arguments) {
  return {source.vhost, source.id, destination, std::string(routing_key), sorted_arguments(arguments), {}};
}

/// Binding what is bound already is no error.
template <class Ok>
void Channel::bind(catalog::Binding binding, bool no_wait) {
  const catalog::Exchange* source = shard().catalog().find_exchange(binding.source);
  MILLRACE_ASSERT(source != nullptr);
  if (source->type == catalog::ExchangeType::headers) {
    auto match = parse_header_match(wire::FieldTableView::trusted(binding.native_arguments));
    if (!match.has_value()) return fail(match.error());
    binding.match = std::move(*match);
  }
  const std::string resource = exchange_text(source->name);
  shard().topology().bind(
      std::move(binding), later<void>([no_wait, resource](Channel& channel, const broker::Result<void>& result) {
        const bool present = !result.has_value() && result.error().code == broker::BrokerErrc::already_exists;
        if (!result.has_value() && !present) return channel.fail(to_failure(result.error(), resource));
        if (!no_wait) channel.reply(Ok{});
      }));
}

/// Unbinding what is not bound is no error either.
template <class Ok>
void Channel::unbind(const catalog::Binding& binding, bool no_wait) {
  const std::string resource = exchange_text("");
  shard().topology().unbind(
      binding, later<void>([no_wait, resource](Channel& channel, const broker::Result<void>& result) {
        const bool absent = !result.has_value() && result.error().code == broker::BrokerErrc::not_found;
        if (!result.has_value() && !absent) return channel.fail(to_failure(result.error(), resource));
        if (!no_wait) channel.reply(Ok{});
      }));
}

}  // namespace millrace::gateway::amqp091

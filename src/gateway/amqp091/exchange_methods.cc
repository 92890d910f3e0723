#include <fmt/core.h>

#include "gateway/amqp091/bind.h"
#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/declare_arguments.h"
#include "gateway/amqp091/errors.h"
#include "gateway/amqp091/exchange_kinds.h"

namespace millrace::gateway::amqp091 {

using auth::Operation;
using wire::ReplyCode;

/// An exchange.declare that outlives its frame.
struct ExchangeDeclaration {
  catalog::Exchange exchange;
  bool no_wait = false;
};

void Channel::exchange_declare(const wire::ExchangeDeclare& method) {
  ExchangeDeclaration wanted;
  if (!method.passive) {
    const auto failure = read_exchange_type(method.type, method.arguments, wanted.exchange);
    if (failure.has_value()) return fail(*failure);
  }
  const std::string name = without_line_ends(method.exchange);
  if (name.empty()) {
    return fail(ReplyCode::access_refused, "operation not permitted on the default exchange");
  }
  if (method.passive) return exchange_declare_passive(name, method.no_wait);
  if (!allow_exchange(Operation::configure, name)) return;
  wanted.no_wait = method.no_wait;
  wanted.exchange.vhost = connection_.vhost().id;
  wanted.exchange.name = name;
  wanted.exchange.durable = method.durable;
  wanted.exchange.auto_delete = method.auto_delete;
  wanted.exchange.internal = method.internal;
  const bytes::ByteView arguments = method.arguments.content();
  wanted.exchange.native_arguments.assign(arguments.begin(), arguments.end());
  wanted.exchange.native_protocol = model::Protocol::amqp091;
  const catalog::Exchange* current = shard().catalog().find_exchange(connection_.vhost().id, name);
  if (current != nullptr) return exchange_redeclare(wanted, *current);
  exchange_create(std::move(wanted));
}

void Channel::exchange_declare_passive(std::string_view name, bool no_wait) {
  if (find_exchange(name) == nullptr) return;
  if (!no_wait) reply(wire::ExchangeDeclareOk{});
}

void Channel::exchange_redeclare(const ExchangeDeclaration& wanted, const catalog::Exchange& current) {
  const catalog::Exchange& asked = wanted.exchange;
  const std::string resource = exchange_text(asked.name);
  // How a delaying one routes is not compared.
  if (asked.delays != current.delays || (!asked.delays && asked.type != current.type)) {
    return fail(inequivalent("type", exchange_type_name(asked), exchange_type_name(current), resource));
  }
  for (const auto& failure : {compare_flag("durable", asked.durable, current.durable, resource),
                              compare_flag("auto_delete", asked.auto_delete, current.auto_delete, resource),
                              compare_flag("internal", asked.internal, current.internal, resource)}) {
    if (failure.has_value()) return fail(*failure);
  }
  const auto arguments = wire::FieldTableView::trusted(
      current.native_protocol == model::Protocol::amqp091 ? current.native_arguments : bytes::ByteView{});
  const auto received = wire::FieldTableView::trusted(asked.native_arguments);
  if (const auto failure = compare_exchange_arguments(received, arguments, resource)) return fail(*failure);
  if (!wanted.no_wait) reply(wire::ExchangeDeclareOk{});
}

void Channel::exchange_create(ExchangeDeclaration wanted) {
  catalog::Exchange& exchange = wanted.exchange;
  if (exchange.name.starts_with(kReservedPrefix)) {
    return fail(ReplyCode::access_refused,
                fmt::format("exchange name '{}' contains reserved prefix 'amq.*'", exchange.name));
  }
  const auto arguments = wire::FieldTableView::trusted(exchange.native_arguments);
  const auto alternate = parse_alternate_exchange(arguments, exchange_text(exchange.name));
  if (!alternate.has_value()) return fail(alternate.error());
  if (alternate->has_value()) {
    if (!allow_exchange(Operation::read, exchange.name) || !allow_exchange(Operation::write, **alternate)) return;
  }
  exchange.alternate_exchange = alternate->value_or("");
  if (const auto failure = read_type_arguments(arguments, exchange)) return fail(*failure);
  catalog::Exchange asked = exchange;
  shard().topology().create_exchange(
      std::move(asked),
      later<broker::ObjectId>(
          [wanted = std::move(wanted)](Channel& channel, const broker::Result<broker::ObjectId>& result) mutable {
            channel.exchange_created(std::move(wanted), result);
          }));
}

void Channel::exchange_created(ExchangeDeclaration wanted, const broker::Result<broker::ObjectId>& result) {
  if (result.has_value()) {
    if (!wanted.no_wait) reply(wire::ExchangeDeclareOk{});
    return;
  }
  if (result.error().code != broker::BrokerErrc::already_exists) {
    return fail(to_failure(result.error(), exchange_text(wanted.exchange.name)));
  }
  // Somebody else was faster. An empty transaction comes back when the other one has reached this shard.
  shard().topology().execute(
      {}, later<void>([wanted = std::move(wanted)](Channel& channel, const broker::Result<void>&) mutable {
        const catalog::Exchange* current =
            channel.shard().catalog().find_exchange(channel.connection_.vhost().id, wanted.exchange.name);
        if (current != nullptr) return channel.exchange_redeclare(wanted, *current);
        channel.exchange_create(std::move(wanted));  // and it is gone again
      }));
}

void Channel::exchange_delete(const wire::ExchangeDelete& method) {
  const std::string name = without_line_ends(method.exchange);
  if (name.empty()) {
    return fail(ReplyCode::access_refused, "operation not permitted on the default exchange");
  }
  if (name.starts_with(kReservedPrefix)) {
    return fail(ReplyCode::access_refused, fmt::format("deletion of system {} not allowed", exchange_text(name)));
  }
  if (!allow_exchange(Operation::configure, name)) return;
  const catalog::Exchange* exchange = shard().catalog().find_exchange(connection_.vhost().id, name);
  if (exchange == nullptr) {
    if (!method.no_wait) reply(wire::ExchangeDeleteOk{});
    return;
  }
  shard().topology().delete_exchange(
      exchange->id, method.if_unused,
      later<void>([name, no_wait = method.no_wait](Channel& channel, const broker::Result<void>& result) {
        const bool absent = !result.has_value() && result.error().code == broker::BrokerErrc::not_found;
        if (!result.has_value() && !absent) {
          return channel.fail(to_failure(result.error(), channel.exchange_text(name)));
        }
        if (!no_wait) channel.reply(wire::ExchangeDeleteOk{});
      }));
}

void Channel::exchange_bind(const wire::ExchangeBind& method) {
  auto binding = binding_of({catalog::DestinationKind::exchange, without_line_ends(method.destination),
                             without_line_ends(method.source), method.routing_key, method.arguments});
  if (binding.has_value()) bind<wire::ExchangeBindOk>(std::move(*binding), method.no_wait);
}

void Channel::exchange_unbind(const wire::ExchangeUnbind& method) {
  unbind<wire::ExchangeUnbindOk>({catalog::DestinationKind::exchange, without_line_ends(method.destination),
                                  without_line_ends(method.source), method.routing_key, method.arguments},
                                 method.no_wait);
}

}  // namespace millrace::gateway::amqp091

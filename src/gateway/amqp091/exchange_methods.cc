#include <fmt/core.h>

#include "gateway/amqp091/bind.h"
#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/declare_arguments.h"

namespace millrace::gateway::amqp091 {

using auth::Operation;
using catalog::ExchangeType;
using wire::ReplyCode;

namespace {

constexpr std::string_view kReservedPrefix = "amq.";

std::optional<ExchangeType> parse_type(std::string_view name) {
  if (name == "direct") return ExchangeType::direct;
  if (name == "fanout") return ExchangeType::fanout;
  if (name == "topic") return ExchangeType::topic;
  if (name == "headers") return ExchangeType::headers;
  return std::nullopt;
}

std::string_view type_name(ExchangeType type) {
  switch (type) {
    case ExchangeType::direct:
      return "direct";
    case ExchangeType::fanout:
      return "fanout";
    case ExchangeType::topic:
      return "topic";
    case ExchangeType::headers:
      return "headers";
  }
  return "direct";
}

}  // namespace

void Channel::exchange_declare(const wire::ExchangeDeclare& method) {
  if (method.exchange.empty()) {
    return fail(ReplyCode::access_refused, "operation not permitted on the default exchange");
  }
  if (method.passive) return exchange_declare_passive(method);
  const auto type = parse_type(method.type);
  if (!type.has_value())
    return fail(ReplyCode::command_invalid, fmt::format("unknown exchange type '{}'", method.type));
  if (!allow_exchange(Operation::configure, method.exchange)) return;
  const catalog::Exchange* current = shard().catalog().find_exchange(connection_.vhost().id, method.exchange);
  if (current != nullptr) return exchange_redeclare(method, *current);
  exchange_create(method, *type);
}

void Channel::exchange_declare_passive(const wire::ExchangeDeclare& method) {
  if (find_exchange(method.exchange) == nullptr) return;
  if (!method.no_wait) reply(wire::ExchangeDeclareOk{});
}

void Channel::exchange_redeclare(const wire::ExchangeDeclare& method, const catalog::Exchange& current) {
  const std::string resource = exchange_text(method.exchange);
  if (method.type != type_name(current.type)) {
    return fail(inequivalent("type", method.type, type_name(current.type), resource));
  }
  for (const auto& failure : {compare_flag("durable", method.durable, current.durable, resource),
                              compare_flag("auto_delete", method.auto_delete, current.auto_delete, resource),
                              compare_flag("internal", method.internal, current.internal, resource)}) {
    if (failure.has_value()) return fail(*failure);
  }
  const auto arguments = wire::FieldTableView::trusted(
      current.native_protocol == model::Protocol::amqp091 ? current.native_arguments : bytes::ByteView{});
  if (const auto failure = compare_exchange_arguments(method.arguments, arguments, resource)) return fail(*failure);
  if (!method.no_wait) reply(wire::ExchangeDeclareOk{});
}

void Channel::exchange_create(const wire::ExchangeDeclare& method, ExchangeType type) {
  if (method.exchange.starts_with(kReservedPrefix)) {
    return fail(ReplyCode::access_refused,
                fmt::format("exchange name '{}' contains reserved prefix 'amq.*'", method.exchange));
  }
  const auto alternate = parse_alternate_exchange(method.arguments, exchange_text(method.exchange));
  if (!alternate.has_value()) return fail(alternate.error());
  if (alternate->has_value()) {
    if (!allow_exchange(Operation::read, method.exchange) || !allow_exchange(Operation::write, **alternate)) return;
  }
  catalog::Exchange exchange;
  exchange.vhost = connection_.vhost().id;
  exchange.name = method.exchange;
  exchange.type = type;
  exchange.durable = method.durable;
  exchange.auto_delete = method.auto_delete;
  exchange.internal = method.internal;
  exchange.alternate_exchange = alternate->value_or("");
  const bytes::ByteView arguments = method.arguments.content();
  exchange.native_arguments.assign(arguments.begin(), arguments.end());
  exchange.native_protocol = model::Protocol::amqp091;
  std::string name(method.exchange);
  shard().topology().create_exchange(
      std::move(exchange),
      later<broker::ObjectId>(
          [name, no_wait = method.no_wait](Channel& channel, const broker::Result<broker::ObjectId>& result) {
            // Somebody else's declaration may have come first; who declares at the same time means the same thing.
            const bool raced = !result.has_value() && result.error().code == broker::BrokerErrc::already_exists;
            if (!result.has_value() && !raced)
              return channel.fail(to_failure(result.error(), channel.exchange_text(name)));
            if (!no_wait) channel.reply(wire::ExchangeDeclareOk{});
          }));
}

void Channel::exchange_delete(const wire::ExchangeDelete& method) {
  if (method.exchange.empty()) {
    return fail(ReplyCode::access_refused, "operation not permitted on the default exchange");
  }
  if (method.exchange.starts_with(kReservedPrefix)) {
    return fail(ReplyCode::access_refused,
                fmt::format("deletion of system {} not allowed", exchange_text(method.exchange)));
  }
  if (!allow_exchange(Operation::configure, method.exchange)) return;
  const catalog::Exchange* exchange = shard().catalog().find_exchange(connection_.vhost().id, method.exchange);
  if (exchange == nullptr) {
    if (!method.no_wait) reply(wire::ExchangeDeleteOk{});
    return;
  }
  shard().topology().delete_exchange(exchange->id, method.if_unused,
                                     later<void>([name = std::string(method.exchange), no_wait = method.no_wait](
                                                     Channel& channel, const broker::Result<void>& result) {
                                       const bool absent =
                                           !result.has_value() && result.error().code == broker::BrokerErrc::not_found;
                                       if (!result.has_value() && !absent) {
                                         return channel.fail(to_failure(result.error(), channel.exchange_text(name)));
                                       }
                                       if (!no_wait) channel.reply(wire::ExchangeDeleteOk{});
                                     }));
}

const catalog::Exchange* Channel::bindable_exchange(std::string_view name, Operation operation) {
  if (name.empty()) {
    fail(ReplyCode::access_refused, "operation not permitted on the default exchange");
    return nullptr;
  }
  if (!allow_exchange(operation, name)) return nullptr;
  return find_exchange(name);
}

std::optional<catalog::Binding> Channel::exchange_binding(std::string_view destination, std::string_view source,
                                                          std::string_view routing_key,
                                                          wire::FieldTableView arguments) {
  const catalog::Exchange* to = bindable_exchange(destination, Operation::write);
  const catalog::Exchange* from = to == nullptr ? nullptr : bindable_exchange(source, Operation::read);
  if (from == nullptr) return std::nullopt;
  return make_binding(*from, {catalog::DestinationKind::exchange, to->id}, routing_key, arguments);
}

void Channel::exchange_bind(const wire::ExchangeBind& method) {
  auto binding = exchange_binding(method.destination, method.source, method.routing_key, method.arguments);
  if (binding.has_value()) bind<wire::ExchangeBindOk>(std::move(*binding), method.no_wait);
}

void Channel::exchange_unbind(const wire::ExchangeUnbind& method) {
  const auto binding = exchange_binding(method.destination, method.source, method.routing_key, method.arguments);
  if (binding.has_value()) unbind<wire::ExchangeUnbindOk>(*binding, method.no_wait);
}

}  // namespace millrace::gateway::amqp091

#include "gateway/amqp091/errors.h"

#include <fmt/core.h>

namespace millrace::gateway::amqp091 {

using wire::ReplyCode;

std::string Failure::reply_text() const {
  return fmt::format("{} - {}", wire::name_of(code), text);
}

std::string queue_text(std::string_view queue, std::string_view vhost) {
  return fmt::format("queue '{}' in vhost '{}'", queue, vhost);
}

std::string topic_text(std::string_view topic, std::string_view vhost) {
  return fmt::format("topic '{}' in vhost '{}'", topic, vhost);
}

std::string exchange_text(std::string_view exchange, std::string_view vhost) {
  return fmt::format("exchange '{}' in vhost '{}'", exchange, vhost);
}

Failure locked_failure(std::string_view queue_resource) {
  return {ReplyCode::resource_locked,
          fmt::format("cannot obtain exclusive access to locked {}. It could be originally declared on another "
                      "connection or the exclusive property value does not match that of the original declaration.",
                      queue_resource)};
}

Failure to_failure(const broker::BrokerError& error, std::string_view resource) {
  using broker::BrokerErrc;
  switch (error.code) {
    case BrokerErrc::not_found:
      return {ReplyCode::not_found, fmt::format("no {}", resource)};
    case BrokerErrc::in_use:
      return {ReplyCode::precondition_failed, fmt::format("{} in use", resource)};
    case BrokerErrc::not_empty:
      return {ReplyCode::precondition_failed, fmt::format("{} not empty", resource)};
    case BrokerErrc::locked:
      return locked_failure(resource);
    case BrokerErrc::refused:
      return {ReplyCode::access_refused, fmt::format("{}: {}", resource, error.detail)};
    case BrokerErrc::already_exists:
    case BrokerErrc::invalid:
    case BrokerErrc::out_of_range:
    case BrokerErrc::too_large:
    case BrokerErrc::too_many:
    case BrokerErrc::full:
    case BrokerErrc::resource_alarm:
      return {ReplyCode::precondition_failed, fmt::format("{}: {}", resource, error.detail)};
    case BrokerErrc::unsupported:
      return {ReplyCode::not_implemented, fmt::format("{}: {}", resource, error.detail)};
    case BrokerErrc::stopping:
      return {ReplyCode::connection_forced, "broker forced connection closure with reason 'shutdown'"};
    case BrokerErrc::damaged:
    case BrokerErrc::storage:
    case BrokerErrc::unknown_producer:
    case BrokerErrc::fenced:
    case BrokerErrc::concurrent:
    case BrokerErrc::no_transaction:
      return {ReplyCode::internal_error, fmt::format("{}: {}", resource, error.detail)};
  }
  return {ReplyCode::internal_error, error.detail};
}

}  // namespace millrace::gateway::amqp091

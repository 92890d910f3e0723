#pragma once

#include <string>
#include <string_view>

#include "broker/error.h"
#include "wire/amqp091/constants.h"

namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

/// What a client is told when a request fails: whether only the channel closes or the whole connection follows from the
/// code (wire::is_hard_error).
struct Failure {
  wire::ReplyCode code = wire::ReplyCode::internal_error;
  /// Without the name of the code in front.
  std::string text;

  /// As it stands in close methods: "NOT_FOUND - no queue 'x' in vhost '/'".
  std::string reply_text() const;
};

/// The one place where the broker's errors become this protocol's. `resource` is what the request was about, such as
/// "queue 'x' in vhost '/'".
Failure to_failure(const broker::BrokerError& error, std::string_view resource);

/// Names that begin so are the server's to give.
inline constexpr std::string_view kReservedPrefix = "amq.";

std::string queue_text(std::string_view queue, std::string_view vhost);
std::string topic_text(std::string_view topic, std::string_view vhost);
std::string exchange_text(std::string_view exchange, std::string_view vhost);
Failure locked_failure(std::string_view queue_resource);

}  // namespace millrace::gateway::amqp091

#pragma once

#include <string_view>

#include "auth/authorizer.h"
#include "broker/coordinator_types.h"
#include "gateway/kafka/connection.h"
#include "wire/kafka/error_codes.h"
#include "wire/kafka/primitives.h"

// What the handlers of transactions share. Named producers live in the virtual host "/"; using a name needs write on
// it, looking at its transaction describe.
namespace millrace::gateway::kafka {

broker::ProducerName producer_name(Connection& connection, std::string_view transactional_id);
bool may_with_transaction(Connection& connection, auth::Operation operation, std::string_view transactional_id);
bool may_produce_as(Connection& connection, std::string_view transactional_id);

/// As clients name it.
std::string_view name_of(broker::TransactionPhase phase);

/// Errors of a coordinator. Clients of old versions of a request know of no fenced producers, only of wrong epochs.
wire::ErrorCode code_of_transaction(const broker::BrokerError& error, bool knows_fenced);
/// From this version on the requests within a transaction know of fenced producers.
inline constexpr std::int16_t kKnowsFenced = 2;

}  // namespace millrace::gateway::kafka

#include "gateway/kafka/transactions.h"

#include "gateway/kafka/errors.h"
#include "gateway/kafka/topics.h"

namespace millrace::gateway::kafka {

broker::ProducerName producer_name(Connection& connection, std::string_view transactional_id) {
  return {Topics(connection).vhost(), std::string(transactional_id)};
}

bool may_with_transaction(Connection& connection, auth::Operation operation, std::string_view transactional_id) {
  return Topics(connection).may(operation, auth::RuleResource::transaction, transactional_id);
}

bool may_produce_as(Connection& connection, std::string_view transactional_id) {
  return may_with_transaction(connection, auth::Operation::write, transactional_id);
}

std::string_view name_of(broker::TransactionPhase phase) {
  switch (phase) {
    case broker::TransactionPhase::empty:
      return "Empty";
    case broker::TransactionPhase::open:
      return "Ongoing";
    case broker::TransactionPhase::committing:
      return "PrepareCommit";
    case broker::TransactionPhase::aborting:
      return "PrepareAbort";
    case broker::TransactionPhase::committed:
      return "CompleteCommit";
    case broker::TransactionPhase::aborted:
      return "CompleteAbort";
  }
  return "Unknown";
}

wire::ErrorCode code_of_transaction(const broker::BrokerError& error, bool knows_fenced) {
  if (error.code == broker::BrokerErrc::fenced && !knows_fenced) return wire::ErrorCode::invalid_producer_epoch;
  if (error.code == broker::BrokerErrc::out_of_range) return wire::ErrorCode::invalid_transaction_timeout;
  return to_kafka(error.code);
}

}  // namespace millrace::gateway::kafka

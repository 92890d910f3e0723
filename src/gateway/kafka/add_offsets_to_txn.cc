#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/transactions.h"
#include "wire/kafka/generated/add_offsets_to_txn_request.h"
#include "wire/kafka/generated/add_offsets_to_txn_response.h"

namespace millrace::gateway::kafka {

namespace {

wire::ErrorCode check(Connection& connection, const wire::AddOffsetsToTxnRequest& message) {
  if (!may_produce_as(connection, message.transactional_id)) {
    return wire::ErrorCode::transactional_id_authorization_failed;
  }
  return may_use_group(connection, auth::Operation::read, message.group_id)
             ? wire::ErrorCode::none
             : wire::ErrorCode::group_authorization_failed;
}

}  // namespace

void handle_add_offsets_to_txn(Connection& connection, const Request& request) {
  wire::AddOffsetsToTxnRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed AddOffsetsToTxnRequest");
  wire::AddOffsetsToTxnResponse response;
  response.error_code = check(connection, message);
  if (response.error_code != wire::ErrorCode::none) return request.reply.send(response);
  broker::JoinTransactionRequest join;
  join.name = producer_name(connection, message.transactional_id);
  join.identity = {message.producer_id, message.producer_epoch};
  join.groups.push_back(group_key(connection, message.group_id));
  connection.shard().coordinators().join(std::move(join), [reply = request.reply](broker::Result<void> joined) {
    wire::AddOffsetsToTxnResponse out;
    if (!joined.has_value()) out.error_code = code_of_transaction(joined.error(), reply.version() >= kKnowsFenced);
    reply.send(out);
  });
}

}  // namespace millrace::gateway::kafka

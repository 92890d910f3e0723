#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/node.h"
#include "gateway/kafka/transactions.h"
#include "wire/kafka/generated/find_coordinator_request.h"
#include "wire/kafka/generated/find_coordinator_response.h"

namespace millrace::gateway::kafka {

namespace {

constexpr std::int8_t kGroupKey = 0;
constexpr std::int8_t kTransaction = 1;

wire::ErrorCode check(Connection& connection, std::int8_t key_type, std::string_view key) {
  if (key_type == kTransaction) {
    return may_with_transaction(connection, auth::Operation::describe, key)
               ? wire::ErrorCode::none
               : wire::ErrorCode::transactional_id_authorization_failed;
  }
  if (key_type != kGroupKey) return wire::ErrorCode::invalid_request;
  return may_use_group(connection, auth::Operation::describe, key) ? wire::ErrorCode::none
                                                                   : wire::ErrorCode::group_authorization_failed;
}

}  // namespace

/// Every group and every transaction is coordinated here; which shard does it is nobody's business.
void handle_find_coordinator(Connection& connection, const Request& request) {
  wire::FindCoordinatorRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed FindCoordinatorRequest");
  const NodeAddress address = node_address(connection);
  wire::FindCoordinatorResponse response;
  if (request.version < 4) {
    response.error_code = check(connection, message.key_type, message.key);
    const bool found = response.error_code == wire::ErrorCode::none;
    response.node_id = found ? kNodeId : -1;
    response.host = found ? wire::Text(address.host) : wire::Text();
    response.port = found ? address.port : -1;
    return request.reply.send(response);
  }
  for (const wire::Text& key : message.coordinator_keys) {
    auto& out = response.coordinators.emplace_back();
    out.key = key;
    out.error_code = check(connection, message.key_type, key);
    const bool found = out.error_code == wire::ErrorCode::none;
    out.node_id = found ? kNodeId : -1;
    out.host = found ? wire::Text(address.host) : wire::Text();
    out.port = found ? address.port : -1;
  }
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka

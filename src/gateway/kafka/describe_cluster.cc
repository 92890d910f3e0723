#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/node.h"
#include "wire/kafka/generated/describe_cluster_request.h"
#include "wire/kafka/generated/describe_cluster_response.h"

namespace millrace::gateway::kafka {

void handle_describe_cluster(Connection& connection, const Request& request) {
  constexpr std::int8_t kBrokers = 1;
  wire::DescribeClusterRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed DescribeClusterRequest");
  wire::DescribeClusterResponse response;
  response.cluster_id = wire::Text(kClusterId);
  if (message.endpoint_type != kBrokers) {
    response.error_code = wire::ErrorCode::mismatched_endpoint_type;
    response.error_message = wire::Text("this is a broker, not a controller");
    return request.reply.send(response);
  }
  const NodeAddress address = node_address(connection);
  response.controller_id = kNodeId;
  response.brokers.push_back(
      {.broker_id = kNodeId, .host = wire::Text(address.host), .port = address.port, .rack = {}, .is_fenced = false});
  if (message.include_cluster_authorized_operations) {
    response.cluster_authorized_operations =
        allowed_operations(connection, auth::RuleResource::cluster, kClusterResource);
  }
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka

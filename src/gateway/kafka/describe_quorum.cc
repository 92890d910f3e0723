#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/node.h"
#include "wire/kafka/generated/describe_quorum_request.h"
#include "wire/kafka/generated/describe_quorum_response.h"

namespace millrace::gateway::kafka {

/// The log of meta data is the catalog, whose only voter is this broker. Its end is told as the number of changes that
/// this broker saw.
void handle_describe_quorum(Connection& connection, const Request& request) {
  constexpr std::string_view kMetadataTopic = "__cluster_metadata";
  wire::DescribeQuorumRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed DescribeQuorumRequest");
  wire::DescribeQuorumResponse response;
  if (!may_with_cluster(connection, auth::Operation::describe)) {
    response.error_code = wire::ErrorCode::cluster_authorization_failed;
    return request.reply.send(response);
  }
  const auto end = static_cast<std::int64_t>(connection.shard().catalog_generation());
  for (const auto& topic : message.topics) {
    auto& out = response.topics.emplace_back();
    out.topic_name = topic.topic_name;
    for (const auto& partition : topic.partitions) {
      auto& result = out.partitions.emplace_back();
      result.partition_index = partition.partition_index;
      if (topic.topic_name != kMetadataTopic || partition.partition_index != 0) {
        result.error_code = wire::ErrorCode::unknown_topic_or_partition;
        continue;
      }
      result.leader_id = kNodeId;
      result.high_watermark = end;
      auto& voter = result.current_voters.emplace_back();
      voter.replica_id = kNodeId;
      voter.log_end_offset = end;
    }
  }
  const NodeAddress address = node_address(connection);
  auto& node = response.nodes.emplace_back();
  node.node_id = kNodeId;
  node.listeners.push_back({.name = "PLAINTEXT", .host = wire::Text(address.host), .port = address.port});
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka

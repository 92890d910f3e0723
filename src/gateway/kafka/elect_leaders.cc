#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/elect_leaders_request.h"
#include "wire/kafka/generated/elect_leaders_response.h"

namespace millrace::gateway::kafka {

/// There is one copy of a partition, and it leads: no election is ever needed.
void handle_elect_leaders(Connection& connection, const Request& request) {
  wire::ElectLeadersRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed ElectLeadersRequest");
  wire::ElectLeadersResponse response;
  const bool may = may_with_cluster(connection, auth::Operation::alter);
  // Of all partitions only those are told that got another leader.
  if (!may) response.error_code = wire::ErrorCode::cluster_authorization_failed;
  const Topics topics(connection);
  for (const auto& wanted :
       message.topic_partitions.value_or(std::vector<wire::ElectLeadersRequest::TopicPartitions>())) {
    auto& out = response.replica_election_results.emplace_back();
    out.topic = wanted.topic;
    const auto topic = topics.find(wanted.topic);
    for (const std::int32_t partition : wanted.partitions) {
      auto& result = out.partition_result.emplace_back();
      result.partition_id = partition;
      const bool known = topic.has_value() && topics.partition(wanted.topic, partition).has_value();
      if (!may)
        result.error_code = wire::ErrorCode::cluster_authorization_failed;
      else
        result.error_code = known ? wire::ErrorCode::election_not_needed : wire::ErrorCode::unknown_topic_or_partition;
    }
  }
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka

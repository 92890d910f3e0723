#include <algorithm>

#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/node.h"
#include "gateway/kafka/topic_configs.h"
#include "wire/kafka/generated/list_config_resources_request.h"
#include "wire/kafka/generated/list_config_resources_response.h"

namespace millrace::gateway::kafka {

namespace {

// Numbers of the protocol for kinds of which there is nothing here.
constexpr std::int8_t kBrokerLogger = 8;
constexpr std::int8_t kClientMetrics = 16;
constexpr std::int8_t kGroupResource = 32;

}  // namespace

void handle_list_config_resources(Connection& connection, const Request& request) {
  wire::ListConfigResourcesRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed ListConfigResourcesRequest");
  wire::ListConfigResourcesResponse response;
  if (!may_with_cluster(connection, auth::Operation::describe_configs)) {
    response.error_code = wire::ErrorCode::cluster_authorization_failed;
    return request.reply.send(response);
  }
  constexpr auto kTopic = static_cast<std::int8_t>(ResourceType::topic);
  constexpr auto kBroker = static_cast<std::int8_t>(ResourceType::broker);
  std::vector<std::int8_t> kinds = message.resource_types;
  // Version 0 asks for client metrics only.
  if (request.version == 0) kinds = {kClientMetrics};
  if (kinds.empty()) kinds = {kTopic, kBroker, kClientMetrics, kGroupResource};
  const std::string node = std::to_string(kNodeId);
  const Topics topics(connection);
  const auto all = topics.all();
  for (const std::int8_t kind : kinds) {
    if (kind == kTopic) {
      for (const TopicView& topic : all) {
        if (!topics.may(auth::Operation::describe_configs, topic.name)) continue;
        response.config_resources.push_back({.resource_name = wire::Text(topic.name), .resource_type = kTopic});
      }
    } else if (kind == kBroker) {
      response.config_resources.push_back({.resource_name = wire::Text(node), .resource_type = kBroker});
    } else if (kind != kBrokerLogger && kind != kClientMetrics && kind != kGroupResource) {
      response.error_code = wire::ErrorCode::unsupported_version;
    }
  }
  if (response.error_code != wire::ErrorCode::none) response.config_resources.clear();
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka

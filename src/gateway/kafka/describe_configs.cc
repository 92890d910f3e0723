#include <algorithm>
#include <deque>

#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/node.h"
#include "gateway/kafka/topic_configs.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/describe_configs_request.h"
#include "wire/kafka/generated/describe_configs_response.h"

namespace millrace::gateway::kafka {

namespace {

using DescribeRequest = wire::DescribeConfigsRequest;
using DescribeResponse = wire::DescribeConfigsResponse;

/// Settings of one resource, kept until the answer is encoded.
struct FoundResource {
  wire::ErrorCode error = wire::ErrorCode::none;
  std::string why;
  std::vector<ConfigEntry> entries;
};

FoundResource find_topic(Connection& connection, std::string_view name) {
  const Topics topics(connection);
  if (!topics.may(auth::Operation::describe_configs, name)) {
    return {wire::ErrorCode::topic_authorization_failed, "not allowed to see this topic", {}};
  }
  const auto topic = topics.find(name);
  if (!topic.has_value()) return {wire::ErrorCode::unknown_topic_or_partition, "no such topic", {}};
  const catalog::Topic* stored = connection.shard().catalog().find_topic(topic->id);
  FoundResource found;
  found.entries = topic_configs(
      connection.shard(), stored != nullptr ? stored->settings : std::vector<std::pair<std::string, std::string>>{});
  // A queue's log lives as the queue says.
  for (ConfigEntry& entry : found.entries) entry.read_only = stored == nullptr;
  return found;
}

FoundResource find_resource(Connection& connection, const DescribeRequest::Resource& resource) {
  if (resource.resource_type == static_cast<std::int8_t>(ResourceType::topic)) {
    return find_topic(connection, resource.resource_name);
  }
  if (resource.resource_type == static_cast<std::int8_t>(ResourceType::group)) {
    // Only groups of the newer kind have settings.
    if (may_use_group(connection, auth::Operation::describe_configs, resource.resource_name)) return {};
    return {wire::ErrorCode::group_authorization_failed, "not allowed to see this group", {}};
  }
  if (resource.resource_type != static_cast<std::int8_t>(ResourceType::broker)) {
    return {wire::ErrorCode::invalid_request, "only topics and brokers have settings here", {}};
  }
  if (!may_with_cluster(connection, auth::Operation::describe_configs)) {
    return {wire::ErrorCode::cluster_authorization_failed, "not allowed to see this broker", {}};
  }
  // The empty name stands for the settings of all brokers that can be changed: there are none.
  if (resource.resource_name.empty()) return {};
  if (resource.resource_name != std::to_string(kNodeId)) {
    return {wire::ErrorCode::invalid_request, "there is no such broker", {}};
  }
  FoundResource found;
  found.entries = broker_configs(connection);
  return found;
}

void fill(DescribeResponse::Config& out, const ConfigEntry& entry, const DescribeRequest& request) {
  out.name = wire::Text(entry.name);
  out.value = wire::Text(entry.value);
  out.read_only = entry.read_only;
  out.is_default = entry.source == ConfigSource::default_value;
  out.config_source = static_cast<std::int8_t>(entry.source);
  out.config_type = static_cast<std::int8_t>(entry.type);
  if (request.include_documentation) out.documentation = wire::Text(entry.documentation);
  if (!request.include_synonyms) return;
  if (entry.source != ConfigSource::default_value) {
    out.synonyms.push_back({wire::Text(entry.name), wire::Text(entry.value), out.config_source});
  }
  if (!entry.synonym.empty()) {
    out.synonyms.push_back({wire::Text(entry.synonym), wire::Text(entry.default_value),
                            static_cast<std::int8_t>(ConfigSource::default_value)});
  }
}

}  // namespace

void handle_describe_configs(Connection& connection, const Request& request) {
  DescribeRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed DescribeConfigsRequest");
  DescribeResponse response;
  std::deque<FoundResource> kept;
  for (const auto& resource : message.resources) {
    const FoundResource& found = kept.emplace_back(find_resource(connection, resource));
    auto& out = response.results.emplace_back();
    out.resource_type = resource.resource_type;
    out.resource_name = resource.resource_name;
    out.error_code = found.error;
    if (found.error != wire::ErrorCode::none) out.error_message = wire::Text(found.why);
    for (const ConfigEntry& entry : found.entries) {
      const auto& keys = resource.configuration_keys;
      if (keys.has_value() && std::find(keys->begin(), keys->end(), std::string_view(entry.name)) == keys->end()) {
        continue;
      }
      fill(out.configs.emplace_back(), entry, message);
    }
  }
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka

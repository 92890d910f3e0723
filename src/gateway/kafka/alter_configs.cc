#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "broker/topic_settings.h"
#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topic_configs.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/alter_configs_request.h"
#include "wire/kafka/generated/alter_configs_response.h"
#include "wire/kafka/generated/incremental_alter_configs_request.h"
#include "wire/kafka/generated/incremental_alter_configs_response.h"

namespace millrace::gateway::kafka {

namespace {

using Changes = broker::Topology::SettingChanges;

// Numbers of the protocol.
enum class AlterOperation : std::int8_t { set = 0, remove = 1, append = 2, subtract = 3 };

template <class RequestMessage, class ResponseMessage>
struct AlterConfigsWork : GatheredReply<RequestMessage, ResponseMessage> {
  using GatheredReply<RequestMessage, ResponseMessage>::GatheredReply;

  std::vector<std::string> messages;

  void fail(std::size_t i, wire::ErrorCode code, std::string why) {
    messages[i] = std::move(why);
    this->response.responses[i].error_code = code;
    this->response.responses[i].error_message = wire::Text(messages[i]);
  }
};

/// The topic that may be changed, or why not.
wire::ErrorCode find_topic(Connection& connection, std::int8_t type, std::string_view name,
                           const catalog::Topic*& topic, std::string& why) {
  if (type == static_cast<std::int8_t>(ResourceType::broker)) {
    if (!may_with_cluster(connection, auth::Operation::alter_configs)) {
      why = "not allowed to change this broker";
      return wire::ErrorCode::cluster_authorization_failed;
    }
    why = "settings of the broker cannot be changed while it runs";
    return wire::ErrorCode::invalid_request;
  }
  if (type == static_cast<std::int8_t>(ResourceType::group)) {
    const bool allowed = may_use_group(connection, auth::Operation::alter_configs, name);
    why = allowed ? "groups of this kind have no settings" : "not allowed to change this group";
    return allowed ? wire::ErrorCode::invalid_config : wire::ErrorCode::group_authorization_failed;
  }
  if (type != static_cast<std::int8_t>(ResourceType::topic)) {
    why = "only topics have settings that can be changed";
    return wire::ErrorCode::invalid_request;
  }
  const Topics topics(connection);
  if (!topics.may(auth::Operation::alter_configs, name)) {
    why = "not allowed to change this topic";
    return wire::ErrorCode::topic_authorization_failed;
  }
  const auto found = topics.find(name);
  if (!found.has_value()) {
    why = "no such topic";
    return wire::ErrorCode::unknown_topic_or_partition;
  }
  topic = connection.shard().catalog().find_topic(found->id);
  if (topic != nullptr) return wire::ErrorCode::none;
  why = "a queue has no settings of a topic";
  return wire::ErrorCode::invalid_config;
}

/// Adds to or takes from a list, entry by entry.
std::string changed_list(const catalog::Topic& topic, std::string_view name, AlterOperation operation,
                         std::string_view value) {
  std::string_view now = broker::find_topic_setting(name)->default_value;
  for (const auto& [key, own] : topic.settings) {
    if (key == name) now = own;
  }
  std::vector<std::string_view> entries = broker::list_entries(now);
  std::erase_if(entries, [](std::string_view entry) { return entry.empty(); });
  for (const std::string_view entry : broker::list_entries(value)) {
    const auto found = std::find(entries.begin(), entries.end(), entry);
    if (operation == AlterOperation::append && found == entries.end()) entries.push_back(entry);
    if (operation == AlterOperation::subtract && found != entries.end()) entries.erase(found);
  }
  return fmt::format("{}", fmt::join(entries, ","));
}

wire::ErrorCode collect(const wire::IncrementalAlterConfigsRequest::Resource& resource, const catalog::Topic& topic,
                        Changes& changes, std::string& why) {
  std::set<std::string_view> seen;
  for (const auto& config : resource.configs) {
    if (!seen.insert(config.name).second) {
      why = fmt::format("'{}' is named twice", std::string_view(config.name));
      return wire::ErrorCode::invalid_request;
    }
    const auto operation = static_cast<AlterOperation>(config.config_operation);
    if (operation == AlterOperation::remove) {
      changes.emplace_back(config.name, std::nullopt);
      continue;
    }
    if (!config.value.has_value()) {
      why = fmt::format("'{}' has no value", std::string_view(config.name));
      return wire::ErrorCode::invalid_request;
    }
    if (operation == AlterOperation::set) {
      changes.emplace_back(config.name, std::string(*config.value));
      continue;
    }
    const bool known = operation == AlterOperation::append || operation == AlterOperation::subtract;
    const broker::TopicSetting* setting = broker::find_topic_setting(config.name);
    if (!known || setting == nullptr || setting->type != broker::SettingType::list) {
      why = fmt::format("'{}' is not a list", std::string_view(config.name));
      return known ? wire::ErrorCode::invalid_config : wire::ErrorCode::invalid_request;
    }
    changes.emplace_back(config.name, changed_list(topic, config.name, operation, *config.value));
  }
  return wire::ErrorCode::none;
}

/// All settings that are not named go back to their defaults.
wire::ErrorCode collect(const wire::AlterConfigsRequest::Resource& resource, const catalog::Topic&, Changes& changes,
                        std::string& why) {
  for (const auto& config : resource.configs) {
    if (!config.value.has_value()) {
      why = fmt::format("'{}' has no value", std::string_view(config.name));
      return wire::ErrorCode::invalid_request;
    }
    changes.emplace_back(config.name, std::string(*config.value));
  }
  return wire::ErrorCode::none;
}

using ResourceKey = std::pair<std::int8_t, std::string_view>;

/// How often each is named: more than once is an error.
template <class Resource>
std::map<ResourceKey, std::size_t> counted(const std::vector<Resource>& resources) {
  std::map<ResourceKey, std::size_t> counts;
  for (const Resource& resource : resources) ++counts[{resource.resource_type, resource.resource_name}];
  return counts;
}

template <class RequestMessage, class ResponseMessage>
void alter(Connection& connection, const Request& request, bool replace) {
  auto kept = KeptRequest<RequestMessage>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<AlterConfigsWork<RequestMessage, ResponseMessage>>(kept);
  const auto& resources = kept->message.resources;
  work->response.responses.resize(resources.size());
  work->messages.resize(resources.size());
  work->left += resources.size();
  const auto counts = counted(resources);
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const auto& resource = resources[i];
    auto& out = work->response.responses[i];
    out.resource_type = resource.resource_type;
    out.resource_name = resource.resource_name;
    if (counts.at({resource.resource_type, resource.resource_name}) > 1) {
      work->fail(i, wire::ErrorCode::invalid_request, "a resource is named twice");
      work->finish_one();
      continue;
    }
    const catalog::Topic* topic = nullptr;
    Changes changes;
    std::string why;
    wire::ErrorCode code = find_topic(connection, resource.resource_type, resource.resource_name, topic, why);
    if (code == wire::ErrorCode::none) code = collect(resource, *topic, changes, why);
    if (code == wire::ErrorCode::none) code = check_changes(changes, why);
    if (code != wire::ErrorCode::none) work->fail(i, code, std::move(why));
    if (code != wire::ErrorCode::none || kept->message.validate_only) {
      work->finish_one();
      continue;
    }
    connection.shard().topology().alter_topic(topic->id, std::move(changes), replace,
                                              [work, i](broker::Result<void> altered) {
                                                if (!altered.has_value()) {
                                                  work->fail(i, to_kafka(altered.error().code), altered.error().detail);
                                                }
                                                work->finish_one();
                                              });
  }
  work->finish_one();
}

}  // namespace

void handle_alter_configs(Connection& connection, const Request& request) {
  alter<wire::AlterConfigsRequest, wire::AlterConfigsResponse>(connection, request, true);
}

void handle_incremental_alter_configs(Connection& connection, const Request& request) {
  alter<wire::IncrementalAlterConfigsRequest, wire::IncrementalAlterConfigsResponse>(connection, request, false);
}

}  // namespace millrace::gateway::kafka

#include <fmt/format.h>

#include <algorithm>

#include "admin.h"
#include "auth/hmac.h"
#include "wire/kafka/generated/create_partitions_request.h"
#include "wire/kafka/generated/create_partitions_response.h"
#include "wire/kafka/generated/create_topics_request.h"
#include "wire/kafka/generated/create_topics_response.h"
#include "wire/kafka/generated/delete_topics_request.h"
#include "wire/kafka/generated/delete_topics_response.h"
#include "wire/kafka/generated/describe_configs_request.h"
#include "wire/kafka/generated/describe_configs_response.h"
#include "wire/kafka/generated/incremental_alter_configs_request.h"
#include "wire/kafka/generated/incremental_alter_configs_response.h"
#include "wire/kafka/generated/list_offsets_request.h"
#include "wire/kafka/generated/list_offsets_response.h"
#include "wire/kafka/generated/metadata_request.h"
#include "wire/kafka/generated/metadata_response.h"

namespace millrace::cli {

namespace {

constexpr std::int32_t kTimeoutMillis = 30'000;
// Numbers of the protocol.
constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kSet = 0;
constexpr std::int8_t kRemove = 1;
constexpr std::int8_t kOwnSetting = 1;

std::string quoted(std::string_view kind, std::string_view name) {
  return fmt::format("{} '{}'", kind, name);
}

/// Base64 for file names, without padding.
std::string shown(const wire::Uuid& id) {
  std::string text = auth::to_base64(id.value);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find('='));
  return text;
}

Topic topic_of(const wire::MetadataResponse::Topic& told) {
  return {std::string(told.name.value_or(wire::Text())), shown(told.topic_id),
          static_cast<std::int32_t>(told.partitions.size())};
}

/// What the only result says.
template <class Results>
Result<void> outcome(const Results& results, const std::string& subject) {
  if (results.size() != 1) return fail(subject + ": the server did not say what became of it");
  const auto& result = results.front();
  if (result.error_code == wire::ErrorCode::none) return {};
  return std::unexpected(explain(result.error_code, subject, result.error_message.value_or(wire::Text())));
}

}  // namespace

Result<std::vector<Topic>> Admin::topics() {
  wire::MetadataRequest request;
  request.topics.reset();
  request.allow_auto_topic_creation = false;
  auto answer = connection_.ask<wire::MetadataResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  std::vector<Topic> topics;
  for (const auto& told : (*answer)->message.topics) topics.push_back(topic_of(told));
  std::sort(topics.begin(), topics.end(), [](const Topic& a, const Topic& b) { return a.name < b.name; });
  return topics;
}

Result<Topic> Admin::topic(const std::string& name) {
  wire::MetadataRequest request;
  request.topics.emplace().emplace_back().name = wire::Text(name);
  request.allow_auto_topic_creation = false;
  auto answer = connection_.ask<wire::MetadataResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  const auto& told = (*answer)->message.topics;
  if (told.size() != 1) return fail(quoted("topic", name) + ": the server did not say anything about it");
  if (told[0].error_code != wire::ErrorCode::none) {
    return std::unexpected(explain(told[0].error_code, quoted("topic", name)));
  }
  return topic_of(told[0]);
}

Result<std::vector<Setting>> Admin::settings(const std::string& topic) {
  wire::DescribeConfigsRequest request;
  request.resources.push_back({kTopicResource, wire::Text(topic), std::nullopt});
  auto answer = connection_.ask<wire::DescribeConfigsResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  const auto& results = (*answer)->message.results;
  if (auto fine = outcome(results, quoted("topic", topic)); !fine.has_value()) return std::unexpected(fine.error());
  std::vector<Setting> settings;
  for (const auto& config : results.front().configs) {
    settings.push_back({std::string(config.name), std::string(config.value.value_or(wire::Text())),
                        config.config_source == kOwnSetting});
  }
  return settings;
}

Result<void> Admin::create_topic(const std::string& name, std::int32_t partitions,
                                 const std::vector<SettingChange>& settings) {
  wire::CreateTopicsRequest request;
  request.timeout_ms = kTimeoutMillis;
  auto& topic = request.topics.emplace_back();
  topic.name = wire::Text(name);
  topic.num_partitions = partitions;
  topic.replication_factor = 1;
  for (const auto& [key, value] : settings) topic.configs.push_back({wire::Text(key), wire::Text(*value)});
  auto answer = connection_.ask<wire::CreateTopicsResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  return outcome((*answer)->message.topics, quoted("topic", name));
}

Result<void> Admin::delete_topic(const std::string& name) {
  wire::DeleteTopicsRequest request;
  request.timeout_ms = kTimeoutMillis;
  // By name in the older versions, by name or id in the newer ones.
  request.topic_names = {wire::Text(name)};
  request.topics.push_back({wire::Text(name), {}});
  auto answer = connection_.ask<wire::DeleteTopicsResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  return outcome((*answer)->message.responses, quoted("topic", name));
}

Result<void> Admin::add_partitions(const std::string& name, std::int32_t count) {
  wire::CreatePartitionsRequest request;
  request.timeout_ms = kTimeoutMillis;
  request.topics.push_back({wire::Text(name), count, std::nullopt});
  auto answer = connection_.ask<wire::CreatePartitionsResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  return outcome((*answer)->message.results, quoted("topic", name));
}

Result<void> Admin::change_settings(const std::string& topic, const std::vector<SettingChange>& changes) {
  wire::IncrementalAlterConfigsRequest request;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = kTopicResource;
  resource.resource_name = wire::Text(topic);
  for (const auto& [name, value] : changes) {
    auto& config = resource.configs.emplace_back();
    config.name = wire::Text(name);
    config.config_operation = value.has_value() ? kSet : kRemove;
    if (value.has_value()) config.value = wire::Text(*value);
  }
  auto answer = connection_.ask<wire::IncrementalAlterConfigsResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  return outcome((*answer)->message.responses, quoted("topic", topic));
}

Result<Offsets> Admin::offsets(const std::vector<TopicPartition>& partitions, std::int64_t time) {
  if (partitions.empty()) return Offsets{};
  std::map<std::string_view, wire::ListOffsetsRequest::Topic> by_topic;
  for (const TopicPartition& one : partitions) {
    auto& wanted = by_topic[one.topic].partitions.emplace_back();
    wanted.partition_index = one.partition;
    wanted.timestamp = time;
  }
  wire::ListOffsetsRequest request;
  request.replica_id = -1;
  request.timeout_ms = kTimeoutMillis;
  for (auto& [name, topic] : by_topic) {
    topic.name = wire::Text(name);
    request.topics.push_back(std::move(topic));
  }
  auto answer = connection_.ask<wire::ListOffsetsResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  Offsets found;
  for (const auto& topic : (*answer)->message.topics) {
    for (const auto& told : topic.partitions) {
      if (told.error_code == wire::ErrorCode::unknown_topic_or_partition) continue;
      if (told.error_code != wire::ErrorCode::none) {
        return std::unexpected(explain(told.error_code, quoted("topic", topic.name)));
      }
      found[{std::string(topic.name), told.partition_index}] = told.offset;
    }
  }
  return found;
}

}  // namespace millrace::cli

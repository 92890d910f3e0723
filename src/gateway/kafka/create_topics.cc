#include <set>

#include "broker/topic_settings.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/node.h"
#include "gateway/kafka/quotas.h"
#include "gateway/kafka/topic_configs.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/create_topics_request.h"
#include "wire/kafka/generated/create_topics_response.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on clients know that a quota can forbid it; before they are only slowed (KIP-599).
constexpr std::int16_t kKnowsThrottlingOfCreations = 6;

struct CreateTopicsWork : GatheredReply<wire::CreateTopicsRequest, wire::CreateTopicsResponse> {
  using GatheredReply::GatheredReply;

  std::vector<std::string> messages;  // texts the response points to, and so the next
  std::vector<std::vector<ConfigEntry>> configs;
};

/// Each partition from 0 on once, all to this broker.
wire::ErrorCode check_assignments(const wire::CreateTopicsRequest::Topic& topic, std::string& why) {
  std::set<std::int32_t> indexes;
  for (const auto& assignment : topic.assignments) {
    if (assignment.broker_ids != std::vector<std::int32_t>{kNodeId}) {
      why = "this broker is the only one: assign partitions to it alone";
      return wire::ErrorCode::invalid_replica_assignment;
    }
    indexes.insert(assignment.partition_index);
  }
  const auto count = static_cast<std::int32_t>(topic.assignments.size());
  const bool complete = indexes.size() == topic.assignments.size() && *indexes.begin() == 0 &&
                        *indexes.rbegin() == count - 1 && count <= static_cast<std::int32_t>(kMaxPartitions);
  if (complete && topic.num_partitions == -1 && topic.replication_factor == -1) return wire::ErrorCode::none;
  why = complete ? "with assignments the numbers of partitions and copies are not given"
                 : "assign each partition from 0 on, once";
  return complete ? wire::ErrorCode::invalid_request : wire::ErrorCode::invalid_replica_assignment;
}

/// The settings as they are in force, for the answer.
void fill_configs(wire::CreateTopicsResponse::Topic& out, const std::vector<ConfigEntry>& entries) {
  out.configs.emplace();
  for (const ConfigEntry& entry : entries) {
    out.configs->push_back({.name = wire::Text(entry.name),
                            .value = wire::Text(entry.value),
                            .read_only = entry.read_only,
                            .config_source = static_cast<std::int8_t>(entry.source),
                            .is_sensitive = false});
  }
}

wire::ErrorCode check(const Topics& topics, const wire::CreateTopicsRequest::Topic& topic, std::string& why) {
  if (!Topics::valid_name(topic.name)) {
    why = "a topic's name has 1 to 249 letters, digits, '.', '_' or '-'";
    return wire::ErrorCode::invalid_topic_exception;
  }
  if (!topics.may_create(topic.name)) {
    why = "not allowed to create this topic";
    return wire::ErrorCode::topic_authorization_failed;
  }
  if (topics.find(topic.name).has_value()) {
    why = fmt::format("Topic '{}' already exists.", std::string_view(topic.name));
    return wire::ErrorCode::topic_already_exists;
  }
  for (const auto& config : topic.configs) {
    if (!config.value.has_value()) {
      why = fmt::format("'{}' has no value", std::string_view(config.name));
      return wire::ErrorCode::invalid_config;
    }
    if (auto valid = broker::check_topic_setting(config.name, *config.value); !valid.has_value()) {
      why = valid.error().detail;
      return wire::ErrorCode::invalid_config;
    }
  }
  if (!topic.assignments.empty()) return check_assignments(topic, why);
  if (topic.num_partitions == 0 || topic.num_partitions < -1 ||
      topic.num_partitions > static_cast<std::int32_t>(kMaxPartitions)) {
    why = fmt::format("1 to {} partitions, or -1 for the default", kMaxPartitions);
    return wire::ErrorCode::invalid_partitions;
  }
  if (topic.replication_factor != -1 && topic.replication_factor != 1) {
    why = "there is one broker: the replication factor is 1";
    return wire::ErrorCode::invalid_replication_factor;
  }
  return wire::ErrorCode::none;
}

std::uint32_t partitions_of(const wire::CreateTopicsRequest::Topic& wanted, const Options& options) {
  if (!wanted.assignments.empty()) return static_cast<std::uint32_t>(wanted.assignments.size());
  return wanted.num_partitions < 0 ? options.default_partitions : static_cast<std::uint32_t>(wanted.num_partitions);
}

}  // namespace

void handle_create_topics(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::CreateTopicsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<CreateTopicsWork>(kept);
  const auto& wanted = kept->message.topics;
  work->response.topics.resize(wanted.size());
  work->messages.resize(wanted.size());
  work->configs.resize(wanted.size());
  work->left += wanted.size();
  const Topics topics(connection);
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto& out = work->response.topics[i];
    out.name = wanted[i].name;
    out.error_code = check(topics, wanted[i], work->messages[i]);
    if (!seen.insert(wanted[i].name).second) {
      out.error_code = wire::ErrorCode::invalid_request;
      work->messages[i] = "the topic is named twice";
    }
    const std::uint32_t partitions = partitions_of(wanted[i], connection.options());
    const bool changes = out.error_code == wire::ErrorCode::none && !kept->message.validate_only;
    if (changes && !request.reply.may_change_partitions(partitions, request.version >= kKnowsThrottlingOfCreations)) {
      out.error_code = wire::ErrorCode::throttling_quota_exceeded;
      work->messages[i] = kTooManyPartitionChanges;
    }
    if (out.error_code != wire::ErrorCode::none) {
      out.error_message = wire::Text(work->messages[i]);
      work->finish_one();
      continue;
    }
    out.num_partitions = static_cast<std::int32_t>(partitions);
    out.replication_factor = 1;
    std::vector<std::pair<std::string, std::string>> settings;
    for (const auto& config : wanted[i].configs) settings.emplace_back(config.name, *config.value);
    work->configs[i] = topic_configs(connection.shard(), settings);
    fill_configs(out, work->configs[i]);
    if (kept->message.validate_only) {
      work->finish_one();
      continue;
    }
    create_topic(connection.shard(), topics.vhost(), std::string(wanted[i].name), partitions, std::move(settings),
                 [work, i, &shard = connection.shard()](broker::Result<model::ObjectId> made) {
                   auto& result = work->response.topics[i];
                   if (!made.has_value()) {
                     result.error_code = to_kafka(made.error().code);
                     work->messages[i] = made.error().detail;
                     result.error_message = wire::Text(work->messages[i]);
                   } else if (const catalog::Topic* topic = shard.catalog().find_topic(*made)) {
                     std::copy(topic->topic_id.begin(), topic->topic_id.end(), result.topic_id.value.begin());
                   }
                   work->finish_one();
                 });
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

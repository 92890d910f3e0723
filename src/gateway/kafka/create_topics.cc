#include "broker/topic_settings.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/node.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/create_topics_request.h"
#include "wire/kafka/generated/create_topics_response.h"

namespace millrace::gateway::kafka {

namespace {

struct Work {
  std::shared_ptr<KeptRequest<wire::CreateTopicsRequest>> kept;
  wire::CreateTopicsResponse response;
  std::vector<std::string> messages;  // texts the response points to
  std::size_t left = 0;

  void finish_one() {
    if (--left == 0) kept->reply.send(response);
  }
};

wire::ErrorCode check(const Topics& topics, const wire::CreateTopicsRequest::Topic& topic, std::string& why) {
  if (!Topics::valid_name(topic.name)) {
    why = "a topic's name has 1 to 249 letters, digits, '.', '_' or '-'";
    return wire::ErrorCode::invalid_topic_exception;
  }
  if (!topics.may(auth::Operation::configure, topic.name)) {
    why = "not allowed to create this topic";
    return wire::ErrorCode::topic_authorization_failed;
  }
  if (topics.find(topic.name).has_value()) {
    why = fmt::format("Topic '{}' already exists.", std::string_view(topic.name));
    return wire::ErrorCode::topic_already_exists;
  }
  for (const auto& config : topic.configs) {
    if (!config.value.has_value()) continue;
    if (auto valid = broker::check_topic_setting(config.name, *config.value); !valid.has_value()) {
      why = valid.error().detail;
      return wire::ErrorCode::invalid_config;
    }
  }
  if (!topic.assignments.empty()) {
    for (const auto& assignment : topic.assignments) {
      if (assignment.broker_ids != std::vector<std::int32_t>{kNodeId}) {
        why = "this broker is the only one: assign partitions to it alone";
        return wire::ErrorCode::invalid_replica_assignment;
      }
    }
    return wire::ErrorCode::none;
  }
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

}  // namespace

void handle_create_topics(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::CreateTopicsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<Work>();
  work->kept = kept;
  const auto& wanted = kept->message.topics;
  work->response.topics.resize(wanted.size());
  work->messages.resize(wanted.size());
  work->left = wanted.size() + 1;
  const Topics topics(connection.shard(), connection.user());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto& out = work->response.topics[i];
    out.name = wanted[i].name;
    out.error_code = check(topics, wanted[i], work->messages[i]);
    const std::uint32_t partitions =
        !wanted[i].assignments.empty() ? static_cast<std::uint32_t>(wanted[i].assignments.size())
        : wanted[i].num_partitions < 0 ? connection.options().default_partitions
                                       : static_cast<std::uint32_t>(wanted[i].num_partitions);
    if (out.error_code != wire::ErrorCode::none) out.error_message = wire::Text(work->messages[i]);
    out.num_partitions = static_cast<std::int32_t>(partitions);
    out.replication_factor = 1;
    if (out.error_code != wire::ErrorCode::none || kept->message.validate_only) {
      work->finish_one();
      continue;
    }
    std::vector<std::pair<std::string, std::string>> settings;
    for (const auto& config : wanted[i].configs) {
      if (config.value.has_value()) settings.emplace_back(std::string(config.name), std::string(*config.value));
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

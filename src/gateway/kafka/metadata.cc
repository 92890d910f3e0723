#include <set>

#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/node.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/metadata_request.h"
#include "wire/kafka/generated/metadata_response.h"

namespace millrace::gateway::kafka {

namespace {

using Kept = KeptRequest<wire::MetadataRequest>;
using ResponseTopic = wire::MetadataResponse::Topic;

void fill(ResponseTopic& out, const TopicView& topic) {
  out.name = wire::Text(topic.name);
  out.topic_id = topic.uuid;
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    wire::MetadataResponse::Partition partition;
    partition.partition_index = static_cast<std::int32_t>(i);
    partition.leader_id = kNodeId;
    partition.leader_epoch = -1;  // clients then do not compare epochs between answers
    partition.replica_nodes = {kNodeId};
    partition.isr_nodes = {kNodeId};
    out.partitions.push_back(std::move(partition));
  }
}

ResponseTopic describe(const Topics& topics, const wire::MetadataRequest::Topic& wanted) {
  ResponseTopic out;
  std::optional<TopicView> topic;
  if (wanted.name.has_value()) {
    out.name = *wanted.name;
    if (!topics.may(auth::Operation::describe, *wanted.name)) {
      out.error_code = wire::ErrorCode::topic_authorization_failed;
      return out;
    }
    topic = topics.find(*wanted.name);
    if (!topic.has_value()) {
      out.error_code = Topics::valid_name(*wanted.name) ? wire::ErrorCode::unknown_topic_or_partition
                                                        : wire::ErrorCode::invalid_topic_exception;
      return out;
    }
  } else {
    out.topic_id = wanted.topic_id;
    topic = topics.find(wanted.topic_id);
    // Ids can be guessed: who may not know of a topic does not learn from them that it is there, or its name.
    if (!topic.has_value() || !topics.may(auth::Operation::describe, topic->name)) {
      out.error_code = wire::ErrorCode::unknown_topic_id;
      return out;
    }
  }
  fill(out, *topic);
  return out;
}

/// What the client may do, where it asked.
void tell_operations(Connection& connection, const wire::MetadataRequest& request, wire::MetadataResponse& response) {
  if (request.include_topic_authorized_operations) {
    for (ResponseTopic& topic : response.topics) {
      if (topic.error_code != wire::ErrorCode::none || !topic.name.has_value()) continue;
      topic.topic_authorized_operations = allowed_operations(connection, auth::RuleResource::name, *topic.name);
    }
  }
  if (request.include_cluster_authorized_operations) {
    response.cluster_authorized_operations =
        allowed_operations(connection, auth::RuleResource::cluster, kClusterResource);
  }
}

void answer(const std::shared_ptr<Kept>& kept) {
  const auto connection = kept->reply.connection();
  if (connection == nullptr) return;
  const Topics topics(*connection);
  wire::MetadataResponse response;
  const NodeAddress address = node_address(*connection);
  response.brokers.push_back({.node_id = kNodeId, .host = wire::Text(address.host), .port = address.port, .rack = {}});
  response.cluster_id = wire::Text(kClusterId);
  response.controller_id = kNodeId;
  // In version 0 an empty list means all; later that is said by null.
  const auto& wanted = kept->message.topics;
  const bool all = !wanted.has_value() || (kept->reply.version() == 0 && wanted->empty());
  if (all) {
    for (const TopicView& topic : topics.all()) {
      if (topics.may(auth::Operation::describe, topic.name)) {
        fill(response.topics.emplace_back(), topic);
      }
    }
  } else {
    for (const auto& topic : *wanted) response.topics.push_back(describe(topics, topic));
  }
  tell_operations(*connection, kept->message, response);
  kept->reply.send(response);
}

/// Names to create before answering.
std::set<std::string> missing_topics(Connection& connection, const wire::MetadataRequest& request,
                                     std::int16_t version) {
  std::set<std::string> missing;
  const bool allowed = version < 4 || request.allow_auto_topic_creation;
  if (!allowed || !connection.options().auto_create_topics || !request.topics.has_value()) return missing;
  const Topics topics(connection);
  for (const auto& topic : *request.topics) {
    if (!topic.name.has_value() || !Topics::valid_name(*topic.name)) continue;
    if (topics.find(*topic.name).has_value() || !topics.may_create(*topic.name)) continue;
    missing.emplace(*topic.name);
  }
  return missing;
}

}  // namespace

void handle_metadata(Connection& connection, const Request& request) {
  const auto kept = Kept::read(request);
  if (kept == nullptr) return;
  const auto missing = missing_topics(connection, kept->message, request.version);
  if (missing.empty()) return answer(kept);
  auto left = std::make_shared<std::size_t>(missing.size());
  const Topics topics(connection);
  for (const std::string& name : missing) {
    create_topic(connection.shard(), topics.vhost(), name, connection.options().default_partitions, {},
                 [kept, left](broker::Result<model::ObjectId>) {
                   // Failed or made by somebody else meanwhile: the answer shows what is there now.
                   if (--*left == 0) answer(kept);
                 });
  }
}

}  // namespace millrace::gateway::kafka

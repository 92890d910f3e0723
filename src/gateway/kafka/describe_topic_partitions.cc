#include <algorithm>
#include <set>

#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/node.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/describe_topic_partitions_request.h"
#include "wire/kafka/generated/describe_topic_partitions_response.h"

namespace millrace::gateway::kafka {

namespace {

/// Partitions of one answer, at the most.
constexpr std::int32_t kMaxPartitionsTold = 2000;

/// Writes topics one after the other until the answer is full.
class PartitionsAnswer {
 public:
  PartitionsAnswer(Connection& connection, std::int32_t limit, wire::DescribeTopicPartitionsResponse& response)
      : connection_(connection), topics_(connection), left_(limit), response_(response) {}

  /// False when it did not fit as a whole; the cursor says where to go on.
  bool add(std::string_view name, std::int32_t first_partition) {
    if (left_ == 0) return stop(name, 0);
    const auto topic = topics_.find(name);
    if (!topic.has_value()) {
      fail(name, Topics::valid_name(name) ? wire::ErrorCode::unknown_topic_or_partition
                                          : wire::ErrorCode::invalid_topic_exception);
      return true;
    }
    auto& out = response_.topics.emplace_back();
    out.name = wire::Text(topic->name);
    out.topic_id = topic->uuid;
    out.topic_authorized_operations = allowed_operations(connection_, auth::RuleResource::name, topic->name);
    const auto count = static_cast<std::int32_t>(topic->partitions.size());
    for (std::int32_t i = first_partition; i < count; ++i) {
      if (left_ == 0) return stop(topic->name, i);
      --left_;
      auto& partition = out.partitions.emplace_back();
      partition.partition_index = i;
      partition.leader_id = kNodeId;
      partition.replica_nodes = {kNodeId};
      partition.isr_nodes = {kNodeId};
      // Kafka's own client does not expect null here.
      partition.eligible_leader_replicas.emplace();
      partition.last_known_elr.emplace();
    }
    return true;
  }
  void fail(std::string_view name, wire::ErrorCode code) {
    auto& out = response_.topics.emplace_back();
    out.error_code = code;
    out.name = wire::Text(name);
  }

 private:
  bool stop(std::string_view name, std::int32_t partition) {
    response_.next_cursor = {wire::Text(name), partition};
    return false;
  }

  Connection& connection_;
  Topics topics_;
  std::int32_t left_;
  wire::DescribeTopicPartitionsResponse& response_;
};

/// The topics that are wanted, or all that may be seen, in the order of their names from the cursor's on.
std::set<std::string_view> topics_from(Connection& connection, const wire::DescribeTopicPartitionsRequest& message,
                                       std::string_view first) {
  std::set<std::string_view> names;
  if (message.topics.empty()) {
    for (const TopicView& topic : Topics(connection).all()) {
      if (topic.name >= first) names.insert(topic.name);
    }
  }
  for (const auto& topic : message.topics) {
    if (topic.name >= first) names.insert(topic.name);
  }
  return names;
}

}  // namespace

void handle_describe_topic_partitions(Connection& connection, const Request& request) {
  wire::DescribeTopicPartitionsRequest message;
  if (!request.decode(message, request.body)) {
    return request.reply.close("malformed DescribeTopicPartitionsRequest");
  }
  wire::DescribeTopicPartitionsResponse response;
  PartitionsAnswer answer(connection, std::clamp(message.response_partition_limit, 1, kMaxPartitionsTold), response);
  const std::string_view first = message.cursor.has_value() ? message.cursor->topic_name : wire::Text();
  const std::int32_t first_partition = message.cursor.has_value() ? message.cursor->partition_index : 0;
  const auto names = topics_from(connection, message, first);
  const bool cursor_fits = !message.cursor.has_value() || message.topics.empty() || names.contains(first);
  if (first_partition < 0 || !cursor_fits) {
    for (const auto& topic : message.topics) answer.fail(topic.name, wire::ErrorCode::invalid_request);
    return request.reply.send(response);
  }
  const Topics topics(connection);
  std::vector<std::string_view> forbidden;
  for (const std::string_view name : names) {
    if (!topics.may(auth::Operation::describe, name)) {
      // That they exist is not told.
      if (!message.topics.empty()) forbidden.push_back(name);
    } else if (!answer.add(name, name == first ? first_partition : 0)) {
      break;
    }
  }
  for (const std::string_view name : forbidden) answer.fail(name, wire::ErrorCode::topic_authorization_failed);
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka

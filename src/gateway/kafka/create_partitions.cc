#include <set>

#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/node.h"
#include "gateway/kafka/quotas.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/create_partitions_request.h"
#include "wire/kafka/generated/create_partitions_response.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on clients know that a quota can forbid it; before they are only slowed (KIP-599).
constexpr std::int16_t kKnowsThrottlingOfPartitions = 3;

struct CreatePartitionsWork : GatheredReply<wire::CreatePartitionsRequest, wire::CreatePartitionsResponse> {
  using GatheredReply::GatheredReply;

  std::vector<std::string> messages;

  void fail(std::size_t i, wire::ErrorCode code, std::string why) {
    messages[i] = std::move(why);
    response.results[i].error_code = code;
    response.results[i].error_message = wire::Text(messages[i]);
  }
};

wire::ErrorCode check(const Topics& topics, const wire::CreatePartitionsRequest::Topic& wanted,
                      const std::optional<TopicView>& topic, std::string& why) {
  if (!topics.may(auth::Operation::alter, wanted.name)) {
    why = "not allowed to change this topic";
    return wire::ErrorCode::topic_authorization_failed;
  }
  if (!topic.has_value()) {
    why = "no such topic";
    return wire::ErrorCode::unknown_topic_or_partition;
  }
  const auto present = static_cast<std::int32_t>(topic->partitions.size());
  if (topic->is_queue || wanted.count <= present || wanted.count > static_cast<std::int32_t>(kMaxPartitions)) {
    why = topic->is_queue ? "a queue has one partition"
                          : fmt::format("the topic has {} partitions; it can have up to {}", present, kMaxPartitions);
    return wire::ErrorCode::invalid_partitions;
  }
  if (!wanted.assignments.has_value()) return wire::ErrorCode::none;
  bool fits = wanted.assignments->size() == static_cast<std::size_t>(wanted.count - present);
  for (const auto& assignment : *wanted.assignments) {
    fits = fits && assignment.broker_ids == std::vector<std::int32_t>{kNodeId};
  }
  if (fits) return wire::ErrorCode::none;
  why = "this broker is the only one: assign each new partition to it alone";
  return wire::ErrorCode::invalid_replica_assignment;
}

}  // namespace

void handle_create_partitions(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::CreatePartitionsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<CreatePartitionsWork>(kept);
  const auto& wanted = kept->message.topics;
  work->response.results.resize(wanted.size());
  work->messages.resize(wanted.size());
  work->left += wanted.size();
  const Topics topics(connection);
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    work->response.results[i].name = wanted[i].name;
    const auto topic = topics.find(wanted[i].name);
    std::string why;
    wire::ErrorCode code = check(topics, wanted[i], topic, why);
    if (!seen.insert(wanted[i].name).second) {
      code = wire::ErrorCode::invalid_request;
      why = "the topic is named twice";
    }
    const auto added = topic.has_value() ? static_cast<std::size_t>(wanted[i].count) - topic->partitions.size() : 0;
    if (code == wire::ErrorCode::none && !kept->message.validate_only &&
        !request.reply.may_change_partitions(added, request.version >= kKnowsThrottlingOfPartitions)) {
      code = wire::ErrorCode::throttling_quota_exceeded;
      why = kTooManyPartitionChanges;
    }
    if (code != wire::ErrorCode::none) work->fail(i, code, std::move(why));
    if (code != wire::ErrorCode::none || kept->message.validate_only) {
      work->finish_one();
      continue;
    }
    connection.shard().topology().add_partitions(
        topic->id, static_cast<std::uint32_t>(wanted[i].count), [work, i](broker::Result<void> done) {
          if (!done.has_value()) {
            const bool fewer = done.error().code == broker::BrokerErrc::invalid;
            work->fail(i, fewer ? wire::ErrorCode::invalid_partitions : to_kafka(done.error().code),
                       done.error().detail);
          }
          work->finish_one();
        });
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

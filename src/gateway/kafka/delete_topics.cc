#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/quotas.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/delete_topics_request.h"
#include "wire/kafka/generated/delete_topics_response.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on clients know that a quota can forbid it; before they are only slowed (KIP-599).
constexpr std::int16_t kKnowsThrottlingOfDeletes = 5;

struct DeleteTopicsWork : GatheredReply<wire::DeleteTopicsRequest, wire::DeleteTopicsResponse> {
  using GatheredReply::GatheredReply;

  std::vector<std::string> names;  // of topics named by id

  void finish(std::size_t i, wire::ErrorCode code) {
    response.responses[i].error_code = code;
    finish_one();
  }
};

}  // namespace

void handle_delete_topics(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::DeleteTopicsRequest>::read(request);
  if (kept == nullptr) return;
  auto& message = kept->message;
  if (request.version < 6) {
    for (const auto& name : message.topic_names) message.topics.push_back({.name = name, .topic_id = {}});
  }
  auto work = std::make_shared<DeleteTopicsWork>(kept);
  work->response.responses.resize(message.topics.size());
  work->names.resize(message.topics.size());
  work->left += message.topics.size();
  const Topics topics(connection);
  for (std::size_t i = 0; i < message.topics.size(); ++i) {
    const auto& wanted = message.topics[i];
    auto& out = work->response.responses[i];
    const auto topic = wanted.name.has_value() ? topics.find(*wanted.name) : topics.find(wanted.topic_id);
    out.name = wanted.name;
    out.topic_id = wanted.topic_id;
    std::optional<std::string_view> name;
    if (wanted.name.has_value() || topic.has_value()) name = topic.has_value() ? topic->name : *wanted.name;
    // Who may not know of a topic learns neither its name from its id, nor its id from its name, nor that it is there.
    if (name.has_value() && !topics.may(auth::Operation::describe, *name)) {
      work->finish(
          i, wanted.name.has_value() ? wire::ErrorCode::topic_authorization_failed : wire::ErrorCode::unknown_topic_id);
      continue;
    }
    if (!topic.has_value()) {
      work->finish(
          i, wanted.name.has_value() ? wire::ErrorCode::unknown_topic_or_partition : wire::ErrorCode::unknown_topic_id);
      continue;
    }
    work->names[i] = topic->name;
    out.name = wire::Text(work->names[i]);
    out.topic_id = topic->uuid;
    if (!topics.may(auth::Operation::erase, topic->name)) {
      work->finish(i, wire::ErrorCode::topic_authorization_failed);
      continue;
    }
    if (!request.reply.may_change_partitions(topic->partitions.size(), request.version >= kKnowsThrottlingOfDeletes)) {
      out.error_message = kTooManyPartitionChanges;
      work->finish(i, wire::ErrorCode::throttling_quota_exceeded);
      continue;
    }
    const auto code_of = [](const auto& result) {
      return result.has_value() ? wire::ErrorCode::none : to_kafka(result.error().code);
    };
    if (topic->is_queue) {
      connection.shard().topology().delete_queue(
          topic->id, false, false,
          [work, i, code_of](broker::Result<std::uint64_t> result) { work->finish(i, code_of(result)); });
    } else {
      connection.shard().topology().delete_topic(
          topic->id, [work, i, code_of](broker::Result<void> result) { work->finish(i, code_of(result)); });
    }
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/offset_delete_request.h"
#include "wire/kafka/generated/offset_delete_response.h"

namespace millrace::gateway::kafka {

namespace {

struct OffsetDeleteWork {
  std::shared_ptr<KeptRequest<wire::OffsetDeleteRequest>> kept;
  wire::OffsetDeleteResponse response;
  std::vector<std::pair<std::size_t, std::size_t>> places;
};

void collect(Connection& connection, OffsetDeleteWork& work, broker::ForgetOffsetsRequest& forget) {
  const Topics topics(connection);
  const auto& wanted = work.kept->message.topics;
  for (std::size_t t = 0; t < wanted.size(); ++t) {
    auto& out = work.response.topics.emplace_back();
    out.name = wanted[t].name;
    const auto topic = topics.find(wanted[t].name);
    const bool allowed = topics.may(auth::Operation::read, wanted[t].name);
    for (const auto& partition : wanted[t].partitions) {
      auto& result = out.partitions.emplace_back();
      result.partition_index = partition.partition_index;
      if (!allowed)
        result.error_code = wire::ErrorCode::topic_authorization_failed;
      else if (!topic.has_value())
        result.error_code = wire::ErrorCode::unknown_topic_or_partition;
      if (result.error_code != wire::ErrorCode::none) continue;
      work.places.emplace_back(t, out.partitions.size() - 1);
      forget.entries.push_back({{topic->id, partition.partition_index}, std::string(wanted[t].name)});
    }
  }
}

}  // namespace

void handle_offset_delete(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::OffsetDeleteRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<OffsetDeleteWork>();
  work->kept = kept;
  if (!may_use_group(connection, auth::Operation::erase, kept->message.group_id)) {
    work->response.error_code = wire::ErrorCode::group_authorization_failed;
    return kept->reply.send(work->response);
  }
  broker::ForgetOffsetsRequest forget;
  forget.group = group_key(connection, kept->message.group_id);
  forget.subscriptions = &read_subscription;
  collect(connection, *work, forget);
  connection.shard().groups().forget_offsets(std::move(forget), [work](const broker::ForgetOffsetsReply& result) {
    if (result.error != broker::GroupErrc::none) {
      work->response.error_code = to_kafka(result.error);
      work->response.topics.clear();
      return work->kept->reply.send(work->response);
    }
    for (std::size_t i = 0; i < work->places.size(); ++i) {
      const auto [topic, partition] = work->places[i];
      work->response.topics[topic].partitions[partition].error_code = to_kafka(result.entries[i]);
    }
    work->kept->reply.send(work->response);
  });
}

}  // namespace millrace::gateway::kafka

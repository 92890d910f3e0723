#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/offset_commit_request.h"
#include "wire/kafka/generated/offset_commit_response.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on topics are named by id.
constexpr std::int16_t kCommitTopicIds = 10;

struct OffsetCommitWork {
  std::shared_ptr<KeptRequest<wire::OffsetCommitRequest>> kept;
  wire::OffsetCommitResponse response;
  /// Where the result of each entry of the broker's request belongs.
  std::vector<std::pair<std::size_t, std::size_t>> places;

  void fail_all(wire::ErrorCode code) {
    for (auto& topic : response.topics) {
      for (auto& partition : topic.partitions) partition.error_code = code;
    }
    kept->reply.send(response);
  }
};

/// Fills the answer with what is wrong already; what is left goes to the group.
void collect(Connection& connection, OffsetCommitWork& work, broker::CommitRequest& commit) {
  const auto& message = work.kept->message;
  const bool by_id = work.kept->reply.version() >= kCommitTopicIds;
  const Topics topics(connection);
  for (std::size_t t = 0; t < message.topics.size(); ++t) {
    const auto& wanted = message.topics[t];
    auto& out = work.response.topics.emplace_back();
    out.name = wanted.name;
    out.topic_id = wanted.topic_id;
    const auto topic = by_id ? topics.find(wanted.topic_id) : topics.find(wanted.name);
    const bool allowed = topics.may(auth::Operation::read, topic.has_value() ? topic->name : wanted.name);
    for (const auto& partition : wanted.partitions) {
      auto& result = out.partitions.emplace_back();
      result.partition_index = partition.partition_index;
      const std::int32_t index = partition.partition_index;
      if (!topic.has_value() && by_id)
        result.error_code = wire::ErrorCode::unknown_topic_id;
      else if (!allowed)
        result.error_code = wire::ErrorCode::topic_authorization_failed;
      else if (!topic.has_value() || index < 0 || static_cast<std::size_t>(index) >= topic->partitions.size())
        result.error_code = wire::ErrorCode::unknown_topic_or_partition;
      if (result.error_code != wire::ErrorCode::none) continue;
      work.places.emplace_back(t, out.partitions.size() - 1);
      const wire::Text metadata = partition.committed_metadata.value_or(wire::Text(""));
      commit.entries.push_back({{topic->id, index},
                                {model::Offset(partition.committed_offset), partition.committed_leader_epoch,
                                 std::string(metadata), base::Timestamp(0)}});
    }
  }
}

}  // namespace

void handle_offset_commit(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::OffsetCommitRequest>::read(request);
  if (kept == nullptr) return;
  const auto& message = kept->message;
  auto work = std::make_shared<OffsetCommitWork>();
  work->kept = kept;
  broker::CommitRequest commit;
  commit.group = group_key(connection, message.group_id);
  commit.who = {std::string(message.member_id), owned(message.group_instance_id),
                message.generation_id_or_member_epoch};
  collect(connection, *work, commit);
  if (!may_use_group(connection, auth::Operation::read, message.group_id)) {
    return work->fail_all(wire::ErrorCode::group_authorization_failed);
  }
  if (commit.entries.empty()) return kept->reply.send(work->response);
  connection.shard().groups().commit(std::move(commit), [work](const broker::CommitReply& result) {
    for (std::size_t i = 0; i < work->places.size(); ++i) {
      const auto [topic, partition] = work->places[i];
      work->response.topics[topic].partitions[partition].error_code =
          result.error != broker::GroupErrc::none ? to_kafka(result.error) : code_of_commit(result.entries[i]);
    }
    work->kept->reply.send(work->response);
  });
}

}  // namespace millrace::gateway::kafka

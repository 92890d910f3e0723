#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "gateway/kafka/transactions.h"
#include "wire/kafka/generated/txn_offset_commit_request.h"
#include "wire/kafka/generated/txn_offset_commit_response.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on the group joins the transaction with its offsets (KIP-890).
constexpr std::int16_t kCommitJoins = 5;

struct TxnOffsetCommitWork {
  std::shared_ptr<KeptRequest<wire::TxnOffsetCommitRequest>> kept;
  wire::TxnOffsetCommitResponse response;
  /// Where the result of each entry of the broker's request belongs.
  std::vector<std::pair<std::size_t, std::size_t>> places;

  wire::ErrorCode& at(std::size_t place) {
    const auto [topic, partition] = places[place];
    return response.topics[topic].partitions[partition].error_code;
  }
  void fail_all(wire::ErrorCode code) {
    for (auto& topic : response.topics) {
      for (auto& partition : topic.partitions) partition.error_code = code;
    }
    kept->reply.send(response);
  }
};

/// The group's coordinator never spoke of fenced producers: clients expect a wrong epoch here.
wire::ErrorCode code_of_producer(const broker::BrokerError& error) {
  return code_of_transaction(error, false);
}

/// Fills the answer with what is wrong already; what is left goes to the group.
void collect(Connection& connection, TxnOffsetCommitWork& work, broker::CommitRequest& commit) {
  const Topics topics(connection);
  for (const auto& wanted : work.kept->message.topics) {
    auto& out = work.response.topics.emplace_back();
    out.name = wanted.name;
    const auto topic = topics.find(wanted.name);
    const bool allowed = topics.may(auth::Operation::read, wanted.name);
    for (const auto& partition : wanted.partitions) {
      auto& result = out.partitions.emplace_back();
      const std::int32_t index = result.partition_index = partition.partition_index;
      if (!allowed)
        result.error_code = wire::ErrorCode::topic_authorization_failed;
      else if (!topic.has_value() || index < 0 || static_cast<std::size_t>(index) >= topic->partitions.size())
        result.error_code = wire::ErrorCode::unknown_topic_or_partition;
      if (result.error_code != wire::ErrorCode::none) continue;
      work.places.emplace_back(work.response.topics.size() - 1, out.partitions.size() - 1);
      commit.entries.push_back(
          {{topic->id, index},
           {model::Offset(partition.committed_offset), partition.committed_leader_epoch,
            std::string(partition.committed_metadata.value_or(wire::Text(""))), base::Timestamp(0)}});
    }
  }
}

}  // namespace

void handle_txn_offset_commit(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::TxnOffsetCommitRequest>::read(request);
  if (kept == nullptr) return;
  const wire::TxnOffsetCommitRequest& message = kept->message;
  auto work = std::make_shared<TxnOffsetCommitWork>();
  work->kept = kept;
  broker::CommitRequest commit;
  commit.group = group_key(connection, message.group_id);
  commit.who = {std::string(message.member_id), owned(message.group_instance_id), message.generation_id};
  collect(connection, *work, commit);
  if (!may_produce_as(connection, message.transactional_id)) {
    return work->fail_all(wire::ErrorCode::transactional_id_authorization_failed);
  }
  if (!may_use_group(connection, auth::Operation::read, message.group_id)) {
    return work->fail_all(wire::ErrorCode::group_authorization_failed);
  }
  if (commit.entries.empty()) return kept->reply.send(work->response);
  broker::TransactionClaim claim;
  claim.name = producer_name(connection, message.transactional_id);
  claim.identity = {message.producer_id, message.producer_epoch};
  claim.joins = request.version >= kCommitJoins;
  connection.shard().coordinators().commit_offsets(
      std::move(commit), std::move(claim), [work](broker::Result<broker::CommitReply> result) {
        for (std::size_t i = 0; i < work->places.size(); ++i) {
          if (!result.has_value())
            work->at(i) = code_of_producer(result.error());
          else
            work->at(i) =
                result->error != broker::GroupErrc::none ? to_kafka(result->error) : code_of_commit(result->entries[i]);
        }
        work->kept->reply.send(work->response);
      });
}

}  // namespace millrace::gateway::kafka

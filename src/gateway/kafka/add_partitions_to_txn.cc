#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "gateway/kafka/transactions.h"
#include "wire/kafka/generated/add_partitions_to_txn_request.h"
#include "wire/kafka/generated/add_partitions_to_txn_response.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on one request may be for many transactions.
constexpr std::int16_t kManyTransactions = 4;

struct AddPartitionsToTxnWork : GatheredReply<wire::AddPartitionsToTxnRequest, wire::AddPartitionsToTxnResponse> {
  using GatheredReply::GatheredReply;

  std::vector<wire::AddPartitionsToTxnResponse::TopicResult>& results(std::size_t transaction) {
    return kept->reply.version() >= kManyTransactions ? response.results_by_transaction[transaction].topic_results
                                                      : response.results_by_topic_v3_and_below;
  }
  /// For those that nothing else is wrong with.
  void fail(std::size_t transaction, wire::ErrorCode code) {
    for (auto& topic : results(transaction)) {
      for (auto& partition : topic.results_by_partition) {
        if (partition.partition_error_code == wire::ErrorCode::none) partition.partition_error_code = code;
      }
    }
  }
};

/// The older versions name one transaction in the same way.
wire::AddPartitionsToTxnRequest::Transaction only_transaction(const wire::AddPartitionsToTxnRequest& message) {
  return {.transactional_id = message.v3_and_below_transactional_id,
          .producer_id = message.v3_and_below_producer_id,
          .producer_epoch = message.v3_and_below_producer_epoch,
          .verify_only = false,
          .topics = message.v3_and_below_topics};
}

/// False when something is wrong with one of them: then none becomes part of the transaction.
bool collect(Connection& connection, const wire::AddPartitionsToTxnRequest::Transaction& wanted,
             std::vector<wire::AddPartitionsToTxnResponse::TopicResult>& results,
             broker::JoinTransactionRequest& join) {
  const Topics topics(connection);
  bool fine = true;
  for (const auto& topic : wanted.topics) {
    auto& out = results.emplace_back();
    out.name = topic.name;
    const auto view = topics.find(topic.name);
    const bool allowed = topics.may(auth::Operation::write, topic.name);
    for (const std::int32_t index : topic.partitions) {
      auto& result = out.results_by_partition.emplace_back();
      result.partition_index = index;
      if (!allowed)
        result.partition_error_code = wire::ErrorCode::topic_authorization_failed;
      else if (!view.has_value() || index < 0 || static_cast<std::size_t>(index) >= view->partitions.size())
        result.partition_error_code = wire::ErrorCode::unknown_topic_or_partition;
      else
        join.partitions.push_back({view->id, index});
      fine = fine && result.partition_error_code == wire::ErrorCode::none;
    }
  }
  return fine;
}

void add(Connection& connection, const std::shared_ptr<AddPartitionsToTxnWork>& work, std::size_t index,
         const wire::AddPartitionsToTxnRequest::Transaction& wanted) {
  broker::JoinTransactionRequest join;
  const bool fine = collect(connection, wanted, work->results(index), join);
  if (!may_produce_as(connection, wanted.transactional_id)) {
    work->fail(index, wire::ErrorCode::transactional_id_authorization_failed);
    return;
  }
  if (!fine) return work->fail(index, wire::ErrorCode::operation_not_attempted);
  join.name = producer_name(connection, wanted.transactional_id);
  join.identity = {wanted.producer_id, wanted.producer_epoch};
  join.verify_only = wanted.verify_only;
  ++work->left;
  connection.shard().coordinators().join(std::move(join), [work, index](broker::Result<void> joined) {
    if (!joined.has_value()) {
      work->fail(index, code_of_transaction(joined.error(), work->kept->reply.version() >= kKnowsFenced));
    }
    work->finish_one();
  });
}

}  // namespace

void handle_add_partitions_to_txn(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::AddPartitionsToTxnRequest>::read(request);
  if (kept == nullptr) return;
  if (request.version < kManyTransactions) kept->message.transactions = {only_transaction(kept->message)};
  auto work = std::make_shared<AddPartitionsToTxnWork>(kept);
  const auto& wanted = kept->message.transactions;
  if (request.version >= kManyTransactions) {
    for (const auto& transaction : wanted) {
      work->response.results_by_transaction.emplace_back().transactional_id = transaction.transactional_id;
    }
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) add(connection, work, i, wanted[i]);
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

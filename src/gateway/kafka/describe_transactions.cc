#include <map>

#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "gateway/kafka/transactions.h"
#include "wire/kafka/generated/describe_transactions_request.h"
#include "wire/kafka/generated/describe_transactions_response.h"

namespace millrace::gateway::kafka {

namespace {

using DescribedTransactions = GatheredReply<wire::DescribeTransactionsRequest, wire::DescribeTransactionsResponse>;
using DescribedTransaction = wire::DescribeTransactionsResponse::State;

/// The partitions of topics that the user may see.
void add_topics_of_transaction(Connection& connection, const std::vector<broker::TopicPartition>& partitions,
                               DescribedTransaction& out) {
  const catalog::State& catalog = connection.shard().catalog();
  const Topics topics(connection);
  std::map<std::string_view, std::vector<std::int32_t>> by_name;
  for (const broker::TopicPartition& partition : partitions) {
    std::string_view name;
    if (const catalog::Topic* topic = catalog.find_topic(partition.topic))
      name = topic->name;
    else if (const catalog::Queue* queue = catalog.find_queue(partition.topic))
      name = queue->name;
    if (!name.empty() && topics.may(auth::Operation::describe, name)) by_name[name].push_back(partition.partition);
  }
  for (auto& [name, indexes] : by_name) {
    auto& topic = out.topics.emplace_back();
    topic.topic = wire::Text(name);
    topic.partitions = std::move(indexes);
  }
}

void describe_transaction(DescribedTransactions& work, std::size_t index,
                          const broker::Result<broker::TransactionDescription>& found) {
  DescribedTransaction& out = work.response.transaction_states[index];
  if (!found.has_value()) {
    out.error_code = found.error().code == broker::BrokerErrc::not_found ? wire::ErrorCode::transactional_id_not_found
                                                                         : to_kafka(found.error().code);
    return;
  }
  out.transaction_state = wire::Text(name_of(found->phase));
  out.transaction_timeout_ms = static_cast<std::int32_t>(found->timeout.value);
  out.transaction_start_time_ms = found->started_at.value;
  out.producer_id = found->identity.id;
  out.producer_epoch = found->identity.epoch;
  if (const auto connection = work.kept->reply.connection())
    add_topics_of_transaction(*connection, found->partitions, out);
}

}  // namespace

void handle_describe_transactions(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::DescribeTransactionsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<DescribedTransactions>(kept);
  const auto& names = kept->message.transactional_ids;
  work->response.transaction_states.resize(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    DescribedTransaction& out = work->response.transaction_states[i];
    out.transactional_id = names[i];
    if (names[i].empty()) {
      out.error_code = wire::ErrorCode::invalid_request;
      continue;
    }
    if (!may_with_transaction(connection, auth::Operation::describe, names[i])) {
      out.error_code = wire::ErrorCode::transactional_id_authorization_failed;
      continue;
    }
    ++work->left;
    connection.shard().coordinators().describe(producer_name(connection, names[i]),
                                               [work, i](broker::Result<broker::TransactionDescription> found) {
                                                 describe_transaction(*work, i, found);
                                                 work->finish_one();
                                               });
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

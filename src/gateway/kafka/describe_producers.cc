#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/describe_producers_request.h"
#include "wire/kafka/generated/describe_producers_response.h"

namespace millrace::gateway::kafka {

namespace {

using DescribeProducersWork = GatheredReply<wire::DescribeProducersRequest, wire::DescribeProducersResponse>;

}  // namespace

void handle_describe_producers(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::DescribeProducersRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<DescribeProducersWork>(kept);
  const auto& wanted = kept->message.topics;
  for (const auto& topic : wanted) {
    auto& out = work->response.topics.emplace_back();
    out.name = topic.name;
    out.partitions.resize(topic.partition_indexes.size());
    work->left += topic.partition_indexes.size();
  }
  const Topics topics(connection);
  for (std::size_t t = 0; t < wanted.size(); ++t) {
    const bool allowed = topics.may(auth::Operation::read, wanted[t].name);
    for (std::size_t p = 0; p < wanted[t].partition_indexes.size(); ++p) {
      auto& out = work->response.topics[t].partitions[p];
      out.partition_index = wanted[t].partition_indexes[p];
      const auto log = topics.partition(wanted[t].name, out.partition_index);
      if (!allowed || !log.has_value()) {
        out.error_code =
            allowed ? wire::ErrorCode::unknown_topic_or_partition : wire::ErrorCode::topic_authorization_failed;
        work->finish_one();
        continue;
      }
      connection.shard().logs().producers(*log, [work, t, p](broker::Result<std::vector<broker::ProducerInfo>> found) {
        auto& result = work->response.topics[t].partitions[p];
        if (!found.has_value()) {
          result.error_code = to_kafka(found.error().code);
          return work->finish_one();
        }
        for (const broker::ProducerInfo& producer : *found) {
          auto& to = result.active_producers.emplace_back();
          to.producer_id = producer.id;
          to.producer_epoch = producer.epoch;
          to.last_sequence = producer.last_sequence;
          to.last_timestamp = producer.last_time.value;
          to.coordinator_epoch = producer.decider_epoch;
          to.current_txn_start_offset = producer.open_from.value;
        }
        work->finish_one();
      });
    }
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

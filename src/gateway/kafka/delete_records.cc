#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/delete_records_request.h"
#include "wire/kafka/generated/delete_records_response.h"

namespace millrace::gateway::kafka {

namespace {

using DeleteRecordsWork = GatheredReply<wire::DeleteRecordsRequest, wire::DeleteRecordsResponse>;

}  // namespace

void handle_delete_records(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::DeleteRecordsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<DeleteRecordsWork>(kept);
  const auto& wanted = kept->message.topics;
  for (const auto& topic : wanted) {
    auto& out = work->response.topics.emplace_back();
    out.name = topic.name;
    out.partitions.resize(topic.partitions.size());
    work->left += topic.partitions.size();
  }
  const Topics topics(connection);
  for (std::size_t t = 0; t < wanted.size(); ++t) {
    const bool allowed = topics.may(auth::Operation::erase, wanted[t].name);
    for (std::size_t p = 0; p < wanted[t].partitions.size(); ++p) {
      const auto& partition = wanted[t].partitions[p];
      auto& out = work->response.topics[t].partitions[p];
      out.partition_index = partition.partition_index;
      out.low_watermark = -1;
      const auto log = topics.partition(wanted[t].name, partition.partition_index);
      if (!allowed)
        out.error_code = wire::ErrorCode::topic_authorization_failed;
      else if (!log.has_value())
        out.error_code = wire::ErrorCode::unknown_topic_or_partition;
      else if (partition.offset < -1)
        out.error_code = wire::ErrorCode::offset_out_of_range;
      if (out.error_code != wire::ErrorCode::none) {
        work->finish_one();
        continue;
      }
      // -1 means everything that is committed.
      const model::Offset start = partition.offset == -1 ? model::kNoOffset : model::Offset(partition.offset);
      connection.shard().logs().trim(*log, start, [work, t, p](broker::Result<broker::LogEnds> ends) {
        auto& result = work->response.topics[t].partitions[p];
        if (ends.has_value())
          result.low_watermark = ends->start.value;
        else
          result.error_code = to_kafka(ends.error().code);
        work->finish_one();
      });
    }
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

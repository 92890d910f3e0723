#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/offset_for_leader_epoch_request.h"
#include "wire/kafka/generated/offset_for_leader_epoch_response.h"

namespace millrace::gateway::kafka {

namespace {

using OffsetForLeaderEpochWork = GatheredReply<wire::OffsetForLeaderEpochRequest, wire::OffsetForLeaderEpochResponse>;

void fill(wire::OffsetForLeaderEpochResponse::EpochEndOffset& out, const broker::EpochEnd& found,
          std::int32_t expected) {
  const auto current = static_cast<std::int32_t>(found.current.value);
  if (expected >= 0 && expected != current) {
    out.error_code = expected < current ? wire::ErrorCode::fenced_leader_epoch : wire::ErrorCode::unknown_leader_epoch;
    return;
  }
  if (found.end == model::kNoOffset) return;
  out.leader_epoch = static_cast<std::int32_t>(found.epoch.value);
  out.end_offset = found.end.value;
}

}  // namespace

/// Lets a consumer find out whether what it has read is still part of the log (KIP-320).
void handle_offset_for_leader_epoch(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::OffsetForLeaderEpochRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<OffsetForLeaderEpochWork>(kept);
  const auto& wanted = kept->message.topics;
  for (const auto& topic : wanted) {
    auto& out = work->response.topics.emplace_back();
    out.topic = topic.topic;
    out.partitions.resize(topic.partitions.size());
    work->left += topic.partitions.size();
  }
  const Topics topics(connection);
  for (std::size_t t = 0; t < wanted.size(); ++t) {
    const bool allowed = topics.may(auth::Operation::describe, wanted[t].topic);
    for (std::size_t p = 0; p < wanted[t].partitions.size(); ++p) {
      const auto& partition = wanted[t].partitions[p];
      auto& out = work->response.topics[t].partitions[p];
      out.partition = partition.partition;
      const auto log = topics.partition(wanted[t].topic, partition.partition);
      if (!allowed)
        out.error_code = wire::ErrorCode::topic_authorization_failed;
      else if (!log.has_value())
        out.error_code = wire::ErrorCode::unknown_topic_or_partition;
      if (out.error_code != wire::ErrorCode::none || partition.leader_epoch < 0) {
        work->finish_one();
        continue;
      }
      const model::Epoch epoch(static_cast<model::Epoch::rep>(partition.leader_epoch));
      connection.shard().logs().epoch_end(
          *log, epoch, [work, t, p, expected = partition.current_leader_epoch](broker::Result<broker::EpochEnd> found) {
            auto& result = work->response.topics[t].partitions[p];
            if (found.has_value())
              fill(result, *found, expected);
            else
              result.error_code = to_kafka(found.error().code);
            work->finish_one();
          });
    }
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

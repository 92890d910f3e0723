#include <algorithm>
#include <deque>

#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/describe_log_dirs_request.h"
#include "wire/kafka/generated/describe_log_dirs_response.h"

namespace millrace::gateway::kafka {

namespace {

constexpr std::string_view kDirectory = "data";

struct DescribeLogDirsWork {
  std::shared_ptr<KeptRequest<wire::DescribeLogDirsRequest>> kept;
  std::deque<std::string> names;
  wire::DescribeLogDirsResponse::Result result;
  std::size_t left = 1;

  void finish_one() {
    if (--left > 0) return;
    wire::DescribeLogDirsResponse response;
    result.log_dir = wire::Text(kDirectory);
    response.results.push_back(std::move(result));
    kept->reply.send(response);
  }
};

/// The partitions that are asked for: none named means none, no list at all means all.
std::vector<std::pair<TopicView, std::vector<std::int32_t>>> select(const Topics& topics,
                                                                    const wire::DescribeLogDirsRequest& message) {
  std::vector<std::pair<TopicView, std::vector<std::int32_t>>> selected;
  const auto add = [&](TopicView view, std::vector<std::int32_t> partitions) {
    if (topics.may(auth::Operation::describe, view.name)) selected.emplace_back(std::move(view), std::move(partitions));
  };
  if (!message.topics.has_value()) {
    for (TopicView& view : topics.all()) {
      std::vector<std::int32_t> partitions;
      partitions.reserve(view.partitions.size());
      for (std::size_t i = 0; i < view.partitions.size(); ++i) partitions.push_back(static_cast<std::int32_t>(i));
      add(std::move(view), std::move(partitions));
    }
    return selected;
  }
  for (const auto& wanted : *message.topics) {
    auto view = topics.find(wanted.topic);
    if (view.has_value()) add(std::move(*view), wanted.partitions);
  }
  return selected;
}

}  // namespace

/// The data directory is one; its path is the operator's business.
void handle_describe_log_dirs(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::DescribeLogDirsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<DescribeLogDirsWork>();
  work->kept = kept;
  const Topics topics(connection);
  const auto selected = select(topics, kept->message);
  work->result.topics.resize(selected.size());
  for (std::size_t t = 0; t < selected.size(); ++t) {
    const auto& [view, partitions] = selected[t];
    auto& out = work->result.topics[t];
    out.name = wire::Text(work->names.emplace_back(view.name));
    for (const std::int32_t index : partitions) {
      if (index < 0 || static_cast<std::size_t>(index) >= view.partitions.size()) continue;
      out.partitions.push_back(
          {.partition_index = index, .partition_size = 0, .offset_lag = 0, .is_future_key = false});
    }
    work->left += out.partitions.size();
  }
  for (std::size_t t = 0; t < selected.size(); ++t) {
    for (std::size_t p = 0; p < work->result.topics[t].partitions.size(); ++p) {
      const auto index = static_cast<std::size_t>(work->result.topics[t].partitions[p].partition_index);
      connection.shard().logs().size(
          selected[t].first.partitions[index], [work, t, p](broker::Result<base::Bytes> size) {
            if (size.has_value()) {
              work->result.topics[t].partitions[p].partition_size = static_cast<std::int64_t>(size->value);
            }
            work->finish_one();
          });
    }
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

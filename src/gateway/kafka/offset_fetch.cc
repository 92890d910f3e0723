#include <map>

#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/offset_fetch_request.h"
#include "wire/kafka/generated/offset_fetch_response.h"

namespace millrace::gateway::kafka {

namespace {

// From these versions on: one request for many groups, topics named by id.
constexpr std::int16_t kManyGroups = 8;
constexpr std::int16_t kOffsetFetchTopicIds = 10;

using FetchRequest = wire::OffsetFetchRequest;
using FetchResponse = wire::OffsetFetchResponse;

/// One group's part of the answer, in the shape of the newer versions.
struct Part {
  FetchResponse::Group out;
  std::vector<std::string> names;  // of topics that the request did not name
  std::vector<broker::OffsetsReply::Entry> found;
  bool stable_only = false;
  /// By the found entries' order: where each belongs.
  std::vector<std::pair<std::size_t, std::size_t>> places;
};

struct OffsetFetchWork {
  std::shared_ptr<KeptRequest<FetchRequest>> kept;
  std::vector<Part> parts;
  std::size_t left = 1;

  void finish_one() {
    if (--left > 0) return;
    FetchResponse response;
    if (kept->reply.version() >= kManyGroups) {
      for (Part& part : parts) response.groups.push_back(std::move(part.out));
      return kept->reply.send(response);
    }
    const FetchResponse::Group& group = parts.front().out;
    response.error_code = group.error_code;
    for (const auto& topic : group.topics) {
      auto& to = response.topics.emplace_back();
      to.name = topic.name;
      for (const auto& p : topic.partitions) {
        to.partitions.push_back(
            {p.partition_index, p.committed_offset, p.committed_leader_epoch, p.metadata, p.error_code});
      }
    }
    kept->reply.send(response);
  }
};

/// Who wants stable offsets only has to ask again while a transaction is about to change one.
void fill(FetchResponse::GroupPartition& out, const std::optional<broker::CommittedOffset>& offset, bool unstable) {
  if (unstable) {
    out.error_code = wire::ErrorCode::unstable_offset_commit;
    return fill(out, std::nullopt, false);
  }
  out.committed_offset = offset.has_value() ? offset->offset.value : -1;
  out.committed_leader_epoch = offset.has_value() ? offset->leader_epoch : -1;
  out.metadata = offset.has_value() ? wire::Text(offset->metadata) : wire::Text("");
}

/// The older versions name topics in the same way as the newer ones.
FetchRequest::Group first_group(const FetchRequest& message) {
  FetchRequest::Group group;
  group.group_id = message.group_id;
  group.topics.reset();
  if (!message.topics.has_value()) return group;
  auto& topics = group.topics.emplace();
  for (const auto& topic : *message.topics) {
    topics.push_back({.name = topic.name, .topic_id = {}, .partition_indexes = topic.partition_indexes});
  }
  return group;
}

std::vector<broker::TopicPartition> collect(Connection& connection, const std::vector<FetchRequest::GroupTopic>& wanted,
                                            bool by_id, Part& part) {
  std::vector<broker::TopicPartition> partitions;
  const Topics topics(connection);
  for (const auto& topic : wanted) {
    auto& out = part.out.topics.emplace_back();
    out.name = topic.name;
    out.topic_id = topic.topic_id;
    const auto found = by_id ? topics.find(topic.topic_id) : topics.find(topic.name);
    const bool allowed = topics.may(auth::Operation::describe, found.has_value() ? found->name : topic.name);
    for (const std::int32_t index : topic.partition_indexes) {
      auto& to = out.partitions.emplace_back();
      to.partition_index = index;
      fill(to, std::nullopt, false);
      if (!found.has_value() && by_id)
        to.error_code = wire::ErrorCode::unknown_topic_id;
      else if (!allowed)
        to.error_code = wire::ErrorCode::topic_authorization_failed;
      else if (found.has_value()) {
        partitions.push_back({found->id, index});
        part.places.emplace_back(part.out.topics.size() - 1, out.partitions.size() - 1);
      }
    }
  }
  return partitions;
}

/// Every offset of the group, of topics that the user may read.
void fill_all(Connection& connection, Part& part) {
  const Topics topics(connection);
  std::map<std::uint64_t, TopicView> views;
  for (TopicView& view : topics.all()) views.emplace(view.id.value, std::move(view));
  part.names.reserve(part.found.size());  // the answer points into it
  std::uint64_t last = 0;
  for (const auto& entry : part.found) {
    const auto view = views.find(entry.partition.topic.value);
    if (view == views.end() || !topics.may(auth::Operation::describe, view->second.name)) continue;
    if (last != entry.partition.topic.value || part.out.topics.empty()) {
      auto& out = part.out.topics.emplace_back();
      part.names.emplace_back(view->second.name);
      out.name = wire::Text(part.names.back());
      out.topic_id = view->second.uuid;
      last = entry.partition.topic.value;
    }
    auto& to = part.out.topics.back().partitions.emplace_back();
    to.partition_index = entry.partition.partition;
    fill(to, entry.offset, entry.pending && part.stable_only);
  }
}

void fetch(Connection& connection, const std::shared_ptr<OffsetFetchWork>& work, std::size_t index,
           const FetchRequest::Group& group) {
  Part& part = work->parts[index];
  part.out.group_id = group.group_id;
  if (!may_use_group(connection, auth::Operation::describe, group.group_id)) {
    part.out.error_code = wire::ErrorCode::group_authorization_failed;
    return work->finish_one();
  }
  broker::OffsetsRequest offsets{group_key(connection, group.group_id), std::nullopt};
  if (group.topics.has_value()) {
    offsets.partitions = collect(connection, *group.topics, work->kept->reply.version() >= kOffsetFetchTopicIds, part);
    if (offsets.partitions->empty()) return work->finish_one();
  }
  const bool all = !offsets.partitions.has_value();
  connection.shard().groups().offsets(std::move(offsets), [work, index, all](broker::OffsetsReply reply) {
    Part& to = work->parts[index];
    to.found = std::move(reply.entries);
    const auto alive = work->kept->reply.connection();
    if (alive == nullptr) return;
    if (all) fill_all(*alive, to);
    for (std::size_t i = 0; i < to.places.size(); ++i) {
      const auto [topic, partition] = to.places[i];
      fill(to.out.topics[topic].partitions[partition], to.found[i].offset, to.found[i].pending && to.stable_only);
    }
    work->finish_one();
  });
}

}  // namespace

/// Offsets that are not durable yet are waited for: unstable are only those of open transactions.
void handle_offset_fetch(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::OffsetFetchRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<OffsetFetchWork>();
  work->kept = kept;
  if (request.version < kManyGroups) kept->message.groups = {first_group(kept->message)};
  const auto& groups = kept->message.groups;
  work->parts.resize(groups.size());
  for (Part& part : work->parts) part.stable_only = kept->message.require_stable;
  work->left += groups.size();
  for (std::size_t i = 0; i < groups.size(); ++i) fetch(connection, work, i, groups[i]);
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

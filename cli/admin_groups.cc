#include <fmt/format.h>

#include <algorithm>

#include "admin.h"
#include "wire/kafka/generated/consumer_protocol_assignment.h"
#include "wire/kafka/generated/delete_groups_request.h"
#include "wire/kafka/generated/delete_groups_response.h"
#include "wire/kafka/generated/describe_groups_request.h"
#include "wire/kafka/generated/describe_groups_response.h"
#include "wire/kafka/generated/list_groups_request.h"
#include "wire/kafka/generated/list_groups_response.h"
#include "wire/kafka/generated/offset_commit_request.h"
#include "wire/kafka/generated/offset_commit_response.h"
#include "wire/kafka/generated/offset_delete_request.h"
#include "wire/kafka/generated/offset_delete_response.h"
#include "wire/kafka/generated/offset_fetch_request.h"
#include "wire/kafka/generated/offset_fetch_response.h"

namespace millrace::cli {

namespace {

// The newest versions that name topics by name.
constexpr std::int16_t kCommitByName = 9;
constexpr std::int16_t kFetchByName = 9;

std::string group_subject(const std::string& name) {
  return fmt::format("group '{}'", name);
}

/// What the leader of a group of consumers gave a member; nothing where it is of another kind.
std::vector<TopicPartition> read_assignment(std::string_view protocol_type, bytes::ByteView from) {
  std::vector<TopicPartition> all;
  if (protocol_type != "consumer" || from.empty()) return all;
  bytes::Reader in(from);
  const std::int16_t version = std::min(in.i16(), wire::ConsumerProtocolAssignment::kMaxVersion);
  wire::ConsumerProtocolAssignment assignment;
  if (!in.ok() || version < 0 || !assignment.decode(in, version)) return all;
  for (const auto& topic : assignment.assigned_partitions) {
    for (const std::int32_t partition : topic.partitions) all.push_back({std::string(topic.topic), partition});
  }
  std::sort(all.begin(), all.end());
  return all;
}

/// The first partition's error, named.
template <class Topics>
Result<void> partition_outcome(const Topics& topics, const std::string& group) {
  for (const auto& topic : topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code == wire::ErrorCode::none) continue;
      const auto code = partition.error_code;
      const bool of_group = code == wire::ErrorCode::unknown_member_id || code == wire::ErrorCode::non_empty_group ||
                            code == wire::ErrorCode::group_authorization_failed;
      const std::string place = fmt::format("{}, partition {} of topic '{}'", group_subject(group),
                                            partition.partition_index, std::string_view(topic.name));
      return std::unexpected(explain(code, of_group ? group_subject(group) : place));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<GroupName>> Admin::groups() {
  auto answer = connection_.ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{});
  if (!answer.has_value()) return std::unexpected(answer.error());
  const wire::ListGroupsResponse& told = (*answer)->message;
  if (told.error_code != wire::ErrorCode::none) return std::unexpected(explain(told.error_code, "the list of groups"));
  std::vector<GroupName> groups;
  groups.reserve(told.groups.size());
  for (const auto& group : told.groups) {
    groups.push_back({std::string(group.group_id), std::string(group.group_state), std::string(group.protocol_type)});
  }
  std::sort(groups.begin(), groups.end(), [](const GroupName& a, const GroupName& b) { return a.name < b.name; });
  return groups;
}

Result<std::optional<Group>> Admin::group(const std::string& name) {
  wire::DescribeGroupsRequest request;
  request.groups = {wire::Text(name)};
  auto answer = connection_.ask<wire::DescribeGroupsResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  if ((*answer)->message.groups.size() != 1) return fail(group_subject(name) + ": the server did not say anything");
  const auto& told = (*answer)->message.groups.front();
  if (told.error_code == wire::ErrorCode::group_id_not_found || told.group_state == "Dead") return std::nullopt;
  if (told.error_code != wire::ErrorCode::none) {
    return std::unexpected(explain(told.error_code, group_subject(name)));
  }
  Group group{
      name, std::string(told.group_state), std::string(told.protocol_type), std::string(told.protocol_data), {}};
  for (const auto& member : told.members) {
    group.members.push_back({std::string(member.member_id),
                             std::string(member.group_instance_id.value_or(wire::Text())),
                             std::string(member.client_id), std::string(member.client_host),
                             read_assignment(told.protocol_type, member.member_assignment)});
  }
  return group;
}

Result<Offsets> Admin::committed(const std::string& group) {
  wire::OffsetFetchRequest request;
  request.group_id = wire::Text(group);
  request.topics.reset();
  auto& wanted = request.groups.emplace_back();
  wanted.group_id = wire::Text(group);
  wanted.topics.reset();
  auto answer = connection_.ask<wire::OffsetFetchResponse>(request, kFetchByName);
  if (!answer.has_value()) return std::unexpected(answer.error());
  if ((*answer)->message.groups.size() != 1) {
    return fail(group_subject(group) + ": the server does not tell all its offsets at once",
                "a server of Kafka 3.0 or later does");
  }
  const auto& told = (*answer)->message.groups.front();
  if (told.error_code != wire::ErrorCode::none) {
    return std::unexpected(explain(told.error_code, group_subject(group)));
  }
  Offsets offsets;
  for (const auto& topic : told.topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code != wire::ErrorCode::none || partition.committed_offset < 0) continue;
      offsets[{std::string(topic.name), partition.partition_index}] = partition.committed_offset;
    }
  }
  return offsets;
}

Result<void> Admin::commit(const std::string& group, const Offsets& offsets) {
  wire::OffsetCommitRequest request;
  request.group_id = wire::Text(group);
  for (const auto& [where, offset] : offsets) {
    if (request.topics.empty() || request.topics.back().name != where.topic) {
      request.topics.emplace_back().name = wire::Text(where.topic);
    }
    auto& partition = request.topics.back().partitions.emplace_back();
    partition.partition_index = where.partition;
    partition.committed_offset = offset;
    partition.committed_metadata = wire::Text("");
  }
  auto answer = connection_.ask<wire::OffsetCommitResponse>(request, kCommitByName);
  if (!answer.has_value()) return std::unexpected(answer.error());
  return partition_outcome((*answer)->message.topics, group);
}

Result<void> Admin::delete_group(const std::string& name) {
  wire::DeleteGroupsRequest request;
  request.groups_names = {wire::Text(name)};
  auto answer = connection_.ask<wire::DeleteGroupsResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  const auto& results = (*answer)->message.results;
  if (results.size() != 1) return fail(group_subject(name) + ": the server did not say what became of it");
  if (results[0].error_code == wire::ErrorCode::none) return {};
  return std::unexpected(explain(results[0].error_code, group_subject(name)));
}

Result<void> Admin::delete_offsets(const std::string& group, const std::vector<TopicPartition>& partitions) {
  wire::OffsetDeleteRequest request;
  request.group_id = wire::Text(group);
  for (const TopicPartition& one : partitions) {
    if (request.topics.empty() || request.topics.back().name != one.topic) {
      request.topics.emplace_back().name = wire::Text(one.topic);
    }
    request.topics.back().partitions.push_back({one.partition});
  }
  auto answer = connection_.ask<wire::OffsetDeleteResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  const wire::OffsetDeleteResponse& told = (*answer)->message;
  if (told.error_code != wire::ErrorCode::none) {
    return std::unexpected(explain(told.error_code, group_subject(group)));
  }
  return partition_outcome(told.topics, group);
}

}  // namespace millrace::cli

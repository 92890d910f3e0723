#include "kafka_group_member.h"

#include <fmt/format.h>

#include <algorithm>

#include "fetched_batches.h"
#include "wire/kafka/generated/fetch_request.h"
#include "wire/kafka/generated/fetch_response.h"
#include "wire/kafka/generated/heartbeat_request.h"
#include "wire/kafka/generated/heartbeat_response.h"
#include "wire/kafka/generated/join_group_request.h"
#include "wire/kafka/generated/join_group_response.h"
#include "wire/kafka/generated/leave_group_request.h"
#include "wire/kafka/generated/leave_group_response.h"
#include "wire/kafka/generated/offset_commit_request.h"
#include "wire/kafka/generated/offset_commit_response.h"
#include "wire/kafka/generated/offset_fetch_request.h"
#include "wire/kafka/generated/offset_fetch_response.h"
#include "wire/kafka/generated/sync_group_request.h"
#include "wire/kafka/generated/sync_group_response.h"

namespace millrace::simtest {

namespace kafka = millrace::wire::kafka;
using kafka::ErrorCode;

namespace {

constexpr std::int16_t kJoinVersion = 3;
constexpr std::int16_t kSyncVersion = 2;
constexpr std::int16_t kHeartbeatVersion = 2;
constexpr std::int16_t kLeaveVersion = 2;
constexpr std::int16_t kCommitVersion = 6;
constexpr std::int16_t kOffsetsVersion = 5;
constexpr std::int16_t kGroupFetchVersion = 11;
constexpr std::int32_t kSessionMillis = 8;
constexpr std::int32_t kRebalanceMillis = 15;
constexpr base::Nanos kSilence{40'000'000};

}  // namespace

KafkaGroupMember::KafkaGroupMember(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, LogOracle& logs,
                                   GroupOracle& group, const Plan& plan, std::uint64_t number)
    : KafkaClient(world, wire, oracle, plan, number), logs_(logs), group_(group) {}

void KafkaGroupMember::connected() {
  // Nothing orders what the lost connection sent with what comes now, but that the generation before is over.
  outside_again(ErrorCode::rebalance_in_progress);
}

void KafkaGroupMember::outside_again(ErrorCode error) {
  oracle_.trace(fmt::format("member {} is out of the group (error {})", number_, static_cast<int>(error)));
  if (generation_ >= 0 && !positions_.empty()) stale_ = Stale{member_, generation_, positions_};
  if (error != ErrorCode::rebalance_in_progress) member_.clear();
  phase_ = Phase::outside;
  generation_ = -1;
  positions_.clear();
}

void KafkaGroupMember::act() {
  if (in_flight() > 0 || oracle_.now() < silent_until_) return;
  if (phase_ == Phase::outside) return join();
  if (phase_ != Phase::reading) return;
  const std::uint64_t dice = random_.below(100);
  if (dice < 50) {
    read();
  } else if (dice < 70) {
    commit();
  } else if (dice < 94) {
    heartbeat();
  } else if (dice < 96) {
    leave();
  } else if (dice < 97) {
    silent_until_ = oracle_.now() + kSilence;
    oracle_.events().count("group.member_silent");
  } else {
    commit_late();
  }
}

void KafkaGroupMember::join() {
  phase_ = Phase::joining;
  kafka::JoinGroupRequest request;
  request.group_id = kafka::Text(kGroup);
  request.session_timeout_ms = kSessionMillis;
  request.rebalance_timeout_ms = kRebalanceMillis;
  request.member_id = kafka::Text(member_);
  request.protocol_type = kafka::Text("consumer");
  // Other metadata than before: a known member, too, begins a generation.
  const std::string metadata = fmt::format("{}.{}", number_, ++joins_);
  request.protocols.push_back({kafka::Text("sim"), bytes::as_bytes(metadata)});
  send(request, kJoinVersion, [this](bytes::Reader& in) { joined(in); });
}

void KafkaGroupMember::joined(bytes::Reader& in) {
  kafka::JoinGroupResponse response;
  if (!response.decode(in, kJoinVersion)) return oracle_.fail("malformed JoinGroup response");
  if (response.error_code != ErrorCode::none) return outside_again(response.error_code);
  member_ = std::string(response.member_id);
  generation_ = response.generation_id;
  oracle_.trace(fmt::format("member {} is in generation {}", number_, generation_));
  std::map<std::string, std::string> assignments;
  if (response.leader == response.member_id) {
    oracle_.events().count("group.generation");
    if (response.members.empty()) return oracle_.fail("a leader was told of no members");
    for (std::size_t i = 0; i < plan_.partitions; ++i) {
      const auto& chosen = response.members[random_.below(response.members.size())];
      assignments[std::string(chosen.member_id)] += static_cast<char>('0' + i);
    }
  }
  sync(assignments);
}

void KafkaGroupMember::sync(const std::map<std::string, std::string>& assignments) {
  kafka::SyncGroupRequest request;
  request.group_id = kafka::Text(kGroup);
  request.generation_id = generation_;
  request.member_id = kafka::Text(member_);
  for (const auto& [member, assignment] : assignments) {
    request.assignments.push_back({kafka::Text(member), bytes::as_bytes(assignment)});
  }
  send(request, kSyncVersion, [this](bytes::Reader& in) { synced(in); });
}

void KafkaGroupMember::synced(bytes::Reader& in) {
  kafka::SyncGroupResponse response;
  if (!response.decode(in, kSyncVersion)) return oracle_.fail("malformed SyncGroup response");
  if (response.error_code != ErrorCode::none) return outside_again(response.error_code);
  positions_.clear();
  for (const std::uint8_t digit : response.assignment) positions_[digit - '0'] = {};
  phase_ = Phase::asking;
  ask_offsets();
}

void KafkaGroupMember::ask_offsets() {
  kafka::OffsetFetchRequest request;
  request.group_id = kafka::Text(kGroup);
  request.topics.emplace();
  auto& topic = request.topics->emplace_back();
  topic.name = kafka::Text("topic");
  std::map<std::size_t, std::int64_t> certain;
  for (const auto& [partition, position] : positions_) {
    topic.partition_indexes.push_back(static_cast<std::int32_t>(partition));
    certain[partition] = group_.certain(partition);
  }
  send(request, kOffsetsVersion, [this, certain](bytes::Reader& in) { told_offsets(in, certain); });
}

void KafkaGroupMember::told_offsets(bytes::Reader& in, const std::map<std::size_t, std::int64_t>& certain) {
  kafka::OffsetFetchResponse response;
  if (!response.decode(in, kOffsetsVersion)) return oracle_.fail("malformed OffsetFetch response");
  if (response.error_code != ErrorCode::none) return outside_again(response.error_code);
  for (const auto& topic : response.topics) {
    for (const auto& partition : topic.partitions) {
      const auto index = static_cast<std::size_t>(partition.partition_index);
      if (partition.error_code != ErrorCode::none) return outside_again(partition.error_code);
      group_.fetched(index, partition.committed_offset, certain.at(index));
      const std::int64_t from = std::max<std::int64_t>(partition.committed_offset, 0);
      positions_[index] = {from, from};
    }
  }
  phase_ = Phase::reading;
}

void KafkaGroupMember::read() {
  if (positions_.empty()) return heartbeat();
  auto chosen = positions_.begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(random_.below(positions_.size())));
  const std::size_t partition = chosen->first;
  kafka::FetchRequest request;
  request.max_wait_ms = 1;
  request.min_bytes = 1;
  request.max_bytes = 100'000;
  request.topics.emplace_back();
  request.topics[0].topic = kafka::Text("topic");
  auto& asked = request.topics[0].partitions.emplace_back();
  asked.partition = static_cast<std::int32_t>(partition);
  asked.fetch_offset = chosen->second.next;
  asked.partition_max_bytes = static_cast<std::int32_t>(random_.between(1, 20'000));
  send(request, kGroupFetchVersion, [this, partition](bytes::Reader& in) {
    kafka::FetchResponse response;
    if (!response.decode(in, kGroupFetchVersion)) return oracle_.fail("malformed Fetch response");
    if (response.responses.empty()) return;
    const auto& answer = response.responses[0].partitions.at(0);
    if (answer.error_code == ErrorCode::offset_out_of_range && !oracle_.damaged()) {
      return oracle_.fail(fmt::format("a committed offset of partition {} is out of range", partition));
    }
    if (answer.error_code == ErrorCode::none && answer.records.has_value()) take(partition, answer.records->view());
  });
}

void KafkaGroupMember::take(std::size_t partition, bytes::ByteView fetched) {
  std::int64_t& next = positions_[partition].next;
  std::int64_t at = next;
  take_batches(oracle_, fetched, {}, next, [&](std::int64_t offset, bytes::ByteView value) {
    logs_.passed(partition, at, offset);
    logs_.read(partition, offset, value);
    group_.processed(partition, offset);
    at = offset + 1;
  });
}

namespace {

kafka::OffsetCommitRequest make_commit(const std::string& member, std::int32_t generation) {
  kafka::OffsetCommitRequest request;
  request.group_id = kafka::Text(KafkaGroupMember::kGroup);
  request.generation_id_or_member_epoch = generation;
  request.member_id = kafka::Text(member);
  request.topics.emplace_back();
  request.topics[0].name = kafka::Text("topic");
  return request;
}

}  // namespace

void KafkaGroupMember::commit() {
  kafka::OffsetCommitRequest request = make_commit(member_, generation_);
  std::map<std::size_t, std::int64_t> offsets;
  for (auto& [partition, position] : positions_) {
    if (position.next == position.committed) continue;
    position.committed = position.next;
    group_.commit_sent(partition, position.next);
    offsets[partition] = position.next;
    auto& entry = request.topics[0].partitions.emplace_back();
    entry.partition_index = static_cast<std::int32_t>(partition);
    entry.committed_offset = position.next;
  }
  if (offsets.empty()) return heartbeat();
  send(request, kCommitVersion, [this, offsets](bytes::Reader& in) {
    kafka::OffsetCommitResponse response;
    if (!response.decode(in, kCommitVersion)) return oracle_.fail("malformed OffsetCommit response");
    for (const auto& partition : response.topics.at(0).partitions) {
      if (partition.error_code != ErrorCode::none) return outside_again(partition.error_code);
      const auto index = static_cast<std::size_t>(partition.partition_index);
      group_.committed(index, offsets.at(index));
    }
  });
}

/// With a generation that is over: must be refused, whatever it says.
void KafkaGroupMember::commit_late() {
  if (!stale_.has_value()) return;
  kafka::OffsetCommitRequest request = make_commit(stale_->member, stale_->generation);
  for (const auto& [partition, position] : stale_->positions) {
    auto& entry = request.topics[0].partitions.emplace_back();
    entry.partition_index = static_cast<std::int32_t>(partition);
    entry.committed_offset = position.next / 2;
  }
  send(request, kCommitVersion, [this](bytes::Reader& in) {
    kafka::OffsetCommitResponse response;
    if (!response.decode(in, kCommitVersion)) return oracle_.fail("malformed OffsetCommit response");
    for (const auto& partition : response.topics.at(0).partitions) {
      if (partition.error_code == ErrorCode::none && !oracle_.damaged()) {
        return oracle_.fail("a commit of a generation that is over was taken");
      }
    }
    oracle_.events().count("group.late_commit_refused");
  });
  stale_.reset();
}

void KafkaGroupMember::heartbeat() {
  kafka::HeartbeatRequest request;
  request.group_id = kafka::Text(kGroup);
  request.generation_id = generation_;
  request.member_id = kafka::Text(member_);
  send(request, kHeartbeatVersion, [this](bytes::Reader& in) {
    kafka::HeartbeatResponse response;
    if (!response.decode(in, kHeartbeatVersion)) return oracle_.fail("malformed Heartbeat response");
    if (response.error_code == ErrorCode::unknown_member_id) oracle_.events().count("group.member_expelled");
    if (response.error_code != ErrorCode::none) outside_again(response.error_code);
  });
}

void KafkaGroupMember::leave() {
  kafka::LeaveGroupRequest request;
  request.group_id = kafka::Text(kGroup);
  request.member_id = kafka::Text(member_);
  send(request, kLeaveVersion, [this](bytes::Reader& in) {
    kafka::LeaveGroupResponse response;
    if (!response.decode(in, kLeaveVersion)) return oracle_.fail("malformed LeaveGroup response");
    oracle_.events().count("group.member_left");
    outside_again(ErrorCode::unknown_member_id);
  });
}

}  // namespace millrace::simtest

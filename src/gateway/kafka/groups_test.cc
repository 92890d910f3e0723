#include <gtest/gtest.h>

#include "gateway/kafka/test_client_test.h"

namespace millrace::gateway::kafka {
namespace {

using wire::ErrorCode;

bytes::ByteVector subscription(std::string_view topic) {
  bytes::ByteVector out;
  bytes::Writer writer(out);
  writer.i16(0);
  wire::ConsumerProtocolSubscription subscribed;
  subscribed.topics.push_back(wire::Text(topic));
  subscribed.encode(writer, 0);
  return out;
}

class GroupsTest : public testing::Test {
 protected:
  wire::JoinGroupRequest join_request(std::string_view member_id = "") {
    wire::JoinGroupRequest request;
    request.group_id = "g";
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 20'000;
    request.member_id = member_id;
    request.protocol_type = "consumer";
    request.protocols.push_back({"range", metadata});
    return request;
  }
  /// Joins as a new member in two steps and fetches the assignment that it gives itself.
  wire::JoinGroupResponse enter(TestClient& member) {
    auto joined = member.ask<wire::JoinGroupResponse>(9, join_request());
    EXPECT_EQ(joined.error_code, ErrorCode::member_id_required);
    EXPECT_TRUE(joined.member_id.starts_with("tester-"));
    joined = member.ask<wire::JoinGroupResponse>(9, join_request(joined.member_id));
    EXPECT_EQ(joined.error_code, ErrorCode::none);
    return joined;
  }
  wire::SyncGroupRequest sync_request(const wire::JoinGroupResponse& joined, std::string_view assignment) {
    wire::SyncGroupRequest request;
    request.group_id = "g";
    request.generation_id = joined.generation_id;
    request.member_id = joined.member_id;
    request.protocol_type = "consumer";
    request.protocol_name = "range";
    if (joined.leader == joined.member_id)
      request.assignments.push_back({joined.member_id, bytes::as_bytes(assignment)});
    return request;
  }
  wire::HeartbeatRequest heartbeat_request(const wire::JoinGroupResponse& joined) {
    wire::HeartbeatRequest request;
    request.group_id = "g";
    request.generation_id = joined.generation_id;
    request.member_id = joined.member_id;
    return request;
  }
  ErrorCode commit(TestClient& client, std::int64_t offset, std::string_view topic = "t", std::string_view member = "",
                   std::int32_t generation = -1, std::int32_t partition = 0) {
    wire::OffsetCommitRequest request;
    request.group_id = "g";
    request.member_id = member;
    request.generation_id_or_member_epoch = generation;
    auto& to = request.topics.emplace_back();
    to.name = topic;
    to.partitions.push_back({.partition_index = partition, .committed_offset = offset, .committed_metadata = "why"});
    return client.ask<wire::OffsetCommitResponse>(9, request).topics.at(0).partitions.at(0).error_code;
  }
  std::int64_t committed(TestClient& client, std::string_view topic = "t") {
    wire::OffsetFetchRequest request;
    auto& group = request.groups.emplace_back();
    group.group_id = "g";
    group.topics->push_back({.name = topic, .topic_id = {}, .partition_indexes = {0}});
    const auto response = client.ask<wire::OffsetFetchResponse>(9, request);
    EXPECT_EQ(response.groups.at(0).error_code, ErrorCode::none);
    return response.groups.at(0).topics.at(0).partitions.at(0).committed_offset;
  }

  bytes::ByteVector metadata = subscription("t");
  GatewayWorld world{21};
};

TEST_F(GroupsTest, TheCoordinatorIsHere) {
  TestClient client(world);
  wire::FindCoordinatorRequest request;
  request.key = "g";
  auto response = client.ask<wire::FindCoordinatorResponse>(2, request);
  EXPECT_EQ(response.error_code, ErrorCode::none);
  EXPECT_EQ(response.node_id, 1);
  EXPECT_GT(response.port, 0);
  request.coordinator_keys = {"a", "b"};
  response = client.ask<wire::FindCoordinatorResponse>(4, request);
  ASSERT_EQ(response.coordinators.size(), 2U);
  EXPECT_EQ(response.coordinators[1].key, "b");
  EXPECT_EQ(response.coordinators[1].error_code, ErrorCode::none);
}

TEST_F(GroupsTest, AMemberJoinsSyncsAndLeaves) {
  TestClient client(world);
  const auto joined = enter(client);
  EXPECT_EQ(joined.generation_id, 1);
  EXPECT_EQ(joined.leader, joined.member_id);
  EXPECT_EQ(joined.protocol_name.value_or(""), "range");
  ASSERT_EQ(joined.members.size(), 1U);
  EXPECT_TRUE(bytes::equal(joined.members[0].metadata, metadata));
  const auto synced = client.ask<wire::SyncGroupResponse>(5, sync_request(joined, "part"));
  EXPECT_EQ(synced.error_code, ErrorCode::none);
  EXPECT_EQ(bytes::as_text(synced.assignment), "part");
  EXPECT_EQ(client.ask<wire::HeartbeatResponse>(4, heartbeat_request(joined)).error_code, ErrorCode::none);

  wire::DescribeGroupsRequest describe;
  describe.groups = {"g", "unknown"};
  describe.include_authorized_operations = true;
  const auto shown = client.ask<wire::DescribeGroupsResponse>(5, describe);
  ASSERT_EQ(shown.groups.size(), 2U);
  EXPECT_EQ(shown.groups[0].group_state, "Stable");
  EXPECT_EQ(shown.groups[0].protocol_data, "range");
  ASSERT_EQ(shown.groups[0].members.size(), 1U);
  EXPECT_EQ(shown.groups[0].members[0].client_id, "tester");
  EXPECT_EQ(bytes::as_text(shown.groups[0].members[0].member_assignment), "part");
  EXPECT_EQ(shown.groups[0].authorized_operations, 1 << 3 | 1 << 6 | 1 << 8);
  EXPECT_EQ(shown.groups[1].group_state, "Dead");
  EXPECT_EQ(client.ask<wire::DescribeGroupsResponse>(6, describe).groups[1].error_code, ErrorCode::group_id_not_found);

  wire::LeaveGroupRequest leave;
  leave.group_id = "g";
  leave.members.push_back({joined.member_id, {}, {}});
  leave.members.push_back({"stranger", {}, {}});
  const auto left = client.ask<wire::LeaveGroupResponse>(5, leave);
  ASSERT_EQ(left.members.size(), 2U);
  EXPECT_EQ(left.members[0].error_code, ErrorCode::none);
  EXPECT_EQ(left.members[1].error_code, ErrorCode::unknown_member_id);
  EXPECT_EQ(client.ask<wire::HeartbeatResponse>(4, heartbeat_request(joined)).error_code, ErrorCode::unknown_member_id);
  leave.member_id = "stranger";
  EXPECT_EQ(client.ask<wire::LeaveGroupResponse>(1, leave).error_code, ErrorCode::unknown_member_id);
}

TEST_F(GroupsTest, TwoMembersShareAndASilentOneIsDropped) {
  TestClient a(world);
  TestClient b(world);
  const auto first = enter(a);
  a.ask<wire::SyncGroupResponse>(5, sync_request(first, "all"));
  const auto b_id = b.ask<wire::JoinGroupResponse>(9, join_request()).member_id;
  b.send(9, join_request(b_id));
  EXPECT_TRUE(b.silent());
  EXPECT_EQ(a.ask<wire::HeartbeatResponse>(4, heartbeat_request(first)).error_code, ErrorCode::rebalance_in_progress);
  const auto a_again = a.ask<wire::JoinGroupResponse>(9, join_request(first.member_id));
  const auto b_joined = b.expect<wire::JoinGroupResponse>(9);
  EXPECT_EQ(a_again.generation_id, 2);
  EXPECT_EQ(b_joined.generation_id, 2);
  EXPECT_EQ(b_joined.leader, first.member_id);
  EXPECT_TRUE(b_joined.members.empty());
  b.send(5, sync_request(b_joined, ""));
  auto divide = sync_request(a_again, "left half");
  divide.assignments.push_back({b_joined.member_id, bytes::as_bytes("right half")});
  EXPECT_EQ(bytes::as_text(a.ask<wire::SyncGroupResponse>(5, divide).assignment), "left half");
  EXPECT_EQ(bytes::as_text(b.expect<wire::SyncGroupResponse>(5).assignment), "right half");
  for (int i = 0; i < 4; ++i) {
    world.broker.world.run_for(base::Nanos(3'000'000'000));
    const auto code = a.ask<wire::HeartbeatResponse>(4, heartbeat_request(a_again)).error_code;
    EXPECT_EQ(code, i < 3 ? ErrorCode::none : ErrorCode::rebalance_in_progress);
  }
}

TEST_F(GroupsTest, BadRequestsGetTheirErrors) {
  TestClient client(world);
  auto join = join_request();
  join.group_id = "";
  EXPECT_EQ(client.ask<wire::JoinGroupResponse>(5, join).error_code, ErrorCode::invalid_group_id);
  join = join_request();
  join.session_timeout_ms = 1;
  EXPECT_EQ(client.ask<wire::JoinGroupResponse>(5, join).error_code, ErrorCode::invalid_session_timeout);
  EXPECT_EQ(client.ask<wire::JoinGroupResponse>(5, join_request("unknown")).error_code, ErrorCode::unknown_member_id);
  join = join_request();
  join.protocols.clear();
  EXPECT_EQ(client.ask<wire::JoinGroupResponse>(5, join).error_code, ErrorCode::inconsistent_group_protocol);
  wire::SyncGroupRequest sync;
  sync.group_id = "g";
  sync.member_id = "x";
  EXPECT_EQ(client.ask<wire::SyncGroupResponse>(3, sync).error_code, ErrorCode::unknown_member_id);
  EXPECT_EQ(client.ask<wire::SyncGroupResponse>(5, sync).error_code, ErrorCode::inconsistent_group_protocol);
  const auto joined = enter(client);
  auto late = heartbeat_request(joined);
  late.generation_id = 9;
  EXPECT_EQ(client.ask<wire::HeartbeatResponse>(4, late).error_code, ErrorCode::illegal_generation);
  late.group_id = "";
  EXPECT_EQ(client.ask<wire::HeartbeatResponse>(4, late).error_code, ErrorCode::invalid_group_id);
}

TEST_F(GroupsTest, OffsetsAreKeptOverACrash) {
  {
    TestClient client(world);
    client.create_topic("t");
    EXPECT_EQ(committed(client), -1);
    EXPECT_EQ(commit(client, 42), ErrorCode::none);
    EXPECT_EQ(commit(client, 42, "no-such-topic"), ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(commit(client, 42, "t", "", -1, 7), ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(commit(client, 1, "t", "x", 3), ErrorCode::unknown_member_id);
    EXPECT_EQ(committed(client), 42);
  }
  world.restart();
  TestClient client(world);
  EXPECT_EQ(committed(client), 42);
  // All that there is, in the oldest form and in the newest.
  wire::OffsetFetchRequest request;
  request.group_id = "g";
  request.topics.reset();
  const auto old = client.ask<wire::OffsetFetchResponse>(5, request);
  ASSERT_EQ(old.topics.size(), 1U);
  EXPECT_EQ(old.topics[0].name, "t");
  EXPECT_EQ(old.topics[0].partitions.at(0).committed_offset, 42);
  EXPECT_EQ(old.topics[0].partitions.at(0).metadata.value_or(""), "why");
  auto& group = request.groups.emplace_back();
  group.group_id = "g";
  group.topics.reset();
  const auto both = client.ask<wire::OffsetFetchResponse>(9, request);
  EXPECT_EQ(both.groups.at(0).topics.at(0).partitions.at(0).committed_offset, 42);
}

TEST_F(GroupsTest, GroupsAreListedAndDeleted) {
  TestClient client(world);
  client.create_topic("t");
  const auto joined = enter(client);
  client.ask<wire::SyncGroupResponse>(5, sync_request(joined, "all"));
  EXPECT_EQ(commit(client, 3, "t", joined.member_id, joined.generation_id), ErrorCode::none);
  wire::ListGroupsRequest list;
  auto listed = client.ask<wire::ListGroupsResponse>(5, list);
  ASSERT_EQ(listed.groups.size(), 1U);
  EXPECT_EQ(listed.groups[0].group_id, "g");
  EXPECT_EQ(listed.groups[0].protocol_type, "consumer");
  EXPECT_EQ(listed.groups[0].group_state, "Stable");
  EXPECT_EQ(listed.groups[0].group_type, "classic");
  list.states_filter = {"empty"};
  EXPECT_TRUE(client.ask<wire::ListGroupsResponse>(5, list).groups.empty());
  list.states_filter = {"stable"};
  list.types_filter = {"share"};
  EXPECT_TRUE(client.ask<wire::ListGroupsResponse>(5, list).groups.empty());
  list.types_filter = {"Classic"};
  EXPECT_EQ(client.ask<wire::ListGroupsResponse>(5, list).groups.size(), 1U);

  wire::OffsetDeleteRequest forget;
  forget.group_id = "g";
  auto& topic = forget.topics.emplace_back();
  topic.name = "t";
  topic.partitions.push_back({0});
  auto forgotten = client.ask<wire::OffsetDeleteResponse>(0, forget);
  EXPECT_EQ(forgotten.topics.at(0).partitions.at(0).error_code, ErrorCode::group_subscribed_to_topic);
  wire::DeleteGroupsRequest remove;
  remove.groups_names = {"g", "unknown"};
  auto removed = client.ask<wire::DeleteGroupsResponse>(2, remove);
  EXPECT_EQ(removed.results.at(0).error_code, ErrorCode::non_empty_group);
  EXPECT_EQ(removed.results.at(1).error_code, ErrorCode::group_id_not_found);

  wire::LeaveGroupRequest leave;
  leave.group_id = "g";
  leave.member_id = joined.member_id;
  EXPECT_EQ(client.ask<wire::LeaveGroupResponse>(0, leave).error_code, ErrorCode::none);
  forgotten = client.ask<wire::OffsetDeleteResponse>(0, forget);
  EXPECT_EQ(forgotten.topics.at(0).partitions.at(0).error_code, ErrorCode::none);
  EXPECT_EQ(committed(client), -1);
  removed = client.ask<wire::DeleteGroupsResponse>(2, remove);
  EXPECT_EQ(removed.results.at(0).error_code, ErrorCode::none);
  forgotten = client.ask<wire::OffsetDeleteResponse>(0, forget);
  EXPECT_EQ(forgotten.error_code, ErrorCode::group_id_not_found);
}

TEST_F(GroupsTest, PermissionsAreAsked) {
  world.put_user("reader", "r");
  world.permit("reader", "^$", "^$", "^(t|other)$");
  TestClient admin(world);
  admin.create_topic("t");
  EXPECT_EQ(commit(admin, 1), ErrorCode::none);
  TestClient client(world);
  EXPECT_EQ(client.login("reader", "r"), ErrorCode::none);
  const ErrorCode refused = ErrorCode::group_authorization_failed;
  EXPECT_EQ(client.ask<wire::JoinGroupResponse>(9, join_request()).error_code, refused);
  wire::HeartbeatRequest heartbeat;
  heartbeat.group_id = "g";
  EXPECT_EQ(client.ask<wire::HeartbeatResponse>(4, heartbeat).error_code, refused);
  wire::SyncGroupRequest sync;
  sync.group_id = "g";
  EXPECT_EQ(client.ask<wire::SyncGroupResponse>(4, sync).error_code, refused);
  wire::LeaveGroupRequest leave;
  leave.group_id = "g";
  EXPECT_EQ(client.ask<wire::LeaveGroupResponse>(4, leave).error_code, refused);
  EXPECT_EQ(commit(client, 1), refused);
  wire::OffsetFetchRequest fetch;
  fetch.groups.emplace_back().group_id = "g";
  EXPECT_EQ(client.ask<wire::OffsetFetchResponse>(9, fetch).groups.at(0).error_code, refused);
  wire::FindCoordinatorRequest find;
  find.key = "g";
  EXPECT_EQ(client.ask<wire::FindCoordinatorResponse>(3, find).error_code, refused);
  wire::DescribeGroupsRequest describe;
  describe.groups = {"g"};
  EXPECT_EQ(client.ask<wire::DescribeGroupsResponse>(5, describe).groups.at(0).error_code, refused);
  EXPECT_TRUE(client.ask<wire::ListGroupsResponse>(4, wire::ListGroupsRequest{}).groups.empty());
  wire::DeleteGroupsRequest remove;
  remove.groups_names = {"g"};
  EXPECT_EQ(client.ask<wire::DeleteGroupsResponse>(2, remove).results.at(0).error_code, refused);
  wire::OffsetDeleteRequest forget;
  forget.group_id = "g";
  EXPECT_EQ(client.ask<wire::OffsetDeleteResponse>(0, forget).error_code, refused);
}

}  // namespace
}  // namespace millrace::gateway::kafka

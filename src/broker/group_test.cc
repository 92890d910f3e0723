#include "broker/group.h"

#include <gtest/gtest.h>

namespace millrace::broker {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// What one member got as answers.
struct Answers {
  std::vector<JoinReply> joins;
  std::vector<SyncReply> syncs;
};

class GroupTest : public testing::Test {
 protected:
  JoinRequest request(const std::string& member_id, const std::string& new_id = "") const {
    JoinRequest join;
    join.group = key;
    join.member_id = member_id;
    join.new_member_id = new_id;
    join.client_id = "client";
    join.client_host = "/127.0.0.1";
    join.session_timeout = Millis(10'000);
    join.rebalance_timeout = Millis(30'000);
    join.protocol_type = "consumer";
    join.protocols = {{"range", {1}}, {"sticky", {2}}};
    return join;
  }
  void join(Answers& to, JoinRequest with) {
    group.join(std::move(with), now, [&to](JoinReply reply) { to.joins.push_back(std::move(reply)); });
  }
  void sync(Answers& to, std::vector<SyncRequest::Assignment> assignments = {}) {
    const JoinReply& joined = to.joins.back();
    SyncRequest request;
    request.group = key;
    request.who = {joined.member_id, {}, joined.generation};
    request.protocol_type = "consumer";
    request.protocol = joined.protocol;
    request.assignments = std::move(assignments);
    group.sync(std::move(request), now, [&to](SyncReply reply) { to.syncs.push_back(std::move(reply)); });
  }
  void pass(std::int64_t seconds) {
    now += base::Nanos(seconds * kSecond);
    group.on_time(now);
  }
  /// As the host does when the round is durable.
  bool store() {
    const auto unstored = group.take_unstored();
    if (!unstored.has_value()) return false;
    last_stored = *unstored;
    group.stored(now);
    return true;
  }
  /// One member alone, in a stable group.
  void make_stable(Answers& member, const std::string& id) {
    join(member, request("", id));
    pass(1);
    ASSERT_EQ(member.joins.size(), 1U);
    sync(member, {{id, {7}}});
    ASSERT_TRUE(store());
    ASSERT_EQ(group.phase(), GroupPhase::stable);
  }

  GroupOptions options;
  GroupKey key{ObjectId(1), "g"};
  base::Nanos now{kSecond};
  Group group{key, options};
  StoredGroup last_stored;
};

TEST_F(GroupTest, TheFirstMembersWaitForEachOtherAndTheLeaderDividesTheWork) {
  Answers a;
  Answers b;
  join(a, request("", "a"));
  join(b, request("", "b"));
  EXPECT_TRUE(a.joins.empty());
  now += base::to_nanos(options.initial_delay);
  group.on_time(now);
  EXPECT_TRUE(a.joins.empty()) << "somebody came during the delay: it is prolonged";
  now += base::to_nanos(options.initial_delay);
  group.on_time(now);
  ASSERT_EQ(a.joins.size(), 1U);
  ASSERT_EQ(b.joins.size(), 1U);
  EXPECT_EQ(a.joins[0].generation, 1);
  EXPECT_EQ(a.joins[0].leader, "a");
  EXPECT_EQ(b.joins[0].leader, "a");
  EXPECT_EQ(a.joins[0].protocol, "range");
  EXPECT_EQ(a.joins[0].members.size(), 2U);
  EXPECT_TRUE(b.joins[0].members.empty());

  sync(b);
  EXPECT_TRUE(b.syncs.empty());
  sync(a, {{"a", {1}}, {"b", {2}}, {"stranger", {3}}});
  EXPECT_TRUE(a.syncs.empty()) << "not before it is durable";
  ASSERT_TRUE(store());
  ASSERT_EQ(a.syncs.size(), 1U);
  ASSERT_EQ(b.syncs.size(), 1U);
  EXPECT_EQ(a.syncs[0].assignment, bytes::ByteVector({1}));
  EXPECT_EQ(b.syncs[0].assignment, bytes::ByteVector({2}));
  EXPECT_EQ(group.phase(), GroupPhase::stable);
  EXPECT_EQ(group.heartbeat({"b", {}, 1}, now), GroupErrc::none);
  // Late or again: the same part.
  sync(b);
  EXPECT_EQ(b.syncs.back().assignment, bytes::ByteVector({2}));
}

TEST_F(GroupTest, ANewMemberIsToldItsIdFirst) {
  Answers a;
  auto first = request("", "a");
  first.tell_member_id_first = true;
  join(a, first);
  ASSERT_EQ(a.joins.size(), 1U);
  EXPECT_EQ(a.joins[0].error, GroupErrc::member_id_required);
  EXPECT_EQ(a.joins[0].member_id, "a");
  join(a, request("a"));
  pass(1);
  ASSERT_EQ(a.joins.size(), 2U);
  EXPECT_EQ(a.joins[1].error, GroupErrc::none);
  join(a, request("never-heard-of"));
  EXPECT_EQ(a.joins.back().error, GroupErrc::unknown_member);
}

TEST_F(GroupTest, AnIdThatNobodyUsesIsForgotten) {
  Answers a;
  auto first = request("", "a");
  first.tell_member_id_first = true;
  join(a, first);
  EXPECT_FALSE(group.idle());
  pass(10);
  EXPECT_TRUE(group.idle());
  join(a, request("a"));
  EXPECT_EQ(a.joins.back().error, GroupErrc::unknown_member);
}

TEST_F(GroupTest, AJoinRebalancesAndSilentMembersLoseTheirPlace) {
  Answers a;
  Answers b;
  make_stable(a, "a");
  join(b, request("", "b"));
  EXPECT_EQ(group.phase(), GroupPhase::joining);
  EXPECT_EQ(group.heartbeat({"a", {}, 1}, now), GroupErrc::rebalancing);
  join(a, request("a"));
  ASSERT_EQ(b.joins.size(), 1U) << "all are there: nobody waits longer";
  EXPECT_EQ(b.joins[0].generation, 2);
  EXPECT_EQ(b.joins[0].leader, "a");
  EXPECT_EQ(group.heartbeat({"a", {}, 1}, now), GroupErrc::illegal_generation);
  sync(a, {{"a", {1}}, {"b", {2}}});
  sync(b);
  ASSERT_TRUE(store());
  // b says nothing any more.
  pass(9);
  EXPECT_EQ(group.heartbeat({"a", {}, 2}, now), GroupErrc::none);
  pass(2);
  EXPECT_EQ(group.phase(), GroupPhase::joining);
  EXPECT_EQ(group.heartbeat({"b", {}, 2}, now), GroupErrc::unknown_member);
}

TEST_F(GroupTest, WhoDoesNotJoinAgainInTimeIsOut) {
  Answers a;
  Answers b;
  make_stable(a, "a");
  join(b, request("", "b"));
  for (int i = 0; i < 4; ++i) {
    pass(7);
    EXPECT_EQ(group.heartbeat({"a", {}, 1}, now), GroupErrc::rebalancing) << "alive, but still busy";
  }
  EXPECT_TRUE(b.joins.empty());
  pass(3);
  ASSERT_EQ(b.joins.size(), 1U);
  EXPECT_EQ(b.joins[0].leader, "b");
  EXPECT_EQ(b.joins[0].members.size(), 1U);
}

TEST_F(GroupTest, WhoDoesNotFetchItsPartInTimeIsOut) {
  Answers a;
  Answers b;
  join(a, request("", "a"));
  join(b, request("", "b"));
  pass(1);
  pass(1);
  ASSERT_EQ(b.joins.size(), 1U);
  sync(b);
  for (int i = 0; i < 4; ++i) {
    pass(7);
    EXPECT_EQ(group.heartbeat({"a", {}, 1}, now), GroupErrc::none);
  }
  pass(3);
  ASSERT_EQ(b.syncs.size(), 1U);
  EXPECT_EQ(b.syncs[0].error, GroupErrc::rebalancing);
  EXPECT_EQ(group.heartbeat({"a", {}, 1}, now), GroupErrc::unknown_member);
}

TEST_F(GroupTest, LeavingMakesTheRestRebalanceAndTheLastLeavesItEmpty) {
  Answers a;
  make_stable(a, "a");
  EXPECT_EQ(group.leave({"x", {}}, now), GroupErrc::unknown_member);
  EXPECT_EQ(group.leave({"a", {}}, now), GroupErrc::none);
  EXPECT_EQ(group.phase(), GroupPhase::empty);
  ASSERT_TRUE(store());
  EXPECT_EQ(last_stored.generation, 2);
  EXPECT_TRUE(last_stored.members.empty());
  EXPECT_TRUE(group.idle());
  // Another kind of group may begin under the same name.
  auto other = request("", "b");
  other.protocol_type = "connect";
  Answers b;
  join(b, other);
  pass(1);
  EXPECT_EQ(b.joins.back().generation, 3);
  EXPECT_EQ(b.joins.back().protocol_type, "connect");
}

TEST_F(GroupTest, ProtocolsMustFitTogether) {
  Answers a;
  Answers b;
  make_stable(a, "a");
  auto other = request("", "b");
  other.protocols = {{"roundrobin", {}}};
  join(b, other);
  EXPECT_EQ(b.joins.back().error, GroupErrc::inconsistent_protocol);
  other.protocols.clear();
  join(b, other);
  EXPECT_EQ(b.joins.back().error, GroupErrc::inconsistent_protocol);
  other = request("", "b");
  other.protocol_type = "connect";
  join(b, other);
  EXPECT_EQ(b.joins.back().error, GroupErrc::inconsistent_protocol);
  other = request("", "b");
  other.protocols = {{"sticky", {}}};
  join(b, other);
  join(a, request("a"));
  EXPECT_EQ(b.joins.back().protocol, "sticky") << "the only one that both have";
}

TEST_F(GroupTest, LimitsAreKept) {
  options.max_members = 1;
  Answers a;
  Answers b;
  make_stable(a, "a");
  join(b, request("", "b"));
  EXPECT_EQ(b.joins.back().error, GroupErrc::too_many_members);
  auto huge = request("a");
  huge.protocols[0].metadata.resize(kMaxMemberMetadata);
  join(a, huge);
  EXPECT_EQ(a.joins.back().error, GroupErrc::too_large);
  EXPECT_EQ(group.phase(), GroupPhase::stable);
}

TEST_F(GroupTest, ARepeatedJoinIsAnsweredFromTheGeneration) {
  Answers a;
  Answers b;
  join(a, request("", "a"));
  join(b, request("", "b"));
  pass(1);
  pass(1);
  join(a, request("a"));
  ASSERT_EQ(a.joins.size(), 2U);
  EXPECT_EQ(a.joins[1].generation, 1);
  EXPECT_EQ(a.joins[1].members.size(), 2U);
  sync(a, {{"a", {1}}, {"b", {2}}});
  sync(b);
  ASSERT_TRUE(store());
  join(b, request("b"));
  EXPECT_EQ(b.joins.back().generation, 1) << "a follower with nothing new";
  EXPECT_EQ(group.phase(), GroupPhase::stable);
  auto changed = request("b");
  changed.protocols[0].metadata = {9};
  join(b, changed);
  EXPECT_EQ(group.phase(), GroupPhase::joining);
  join(a, request("a"));
  EXPECT_EQ(group.phase(), GroupPhase::syncing);
  // A leader that joins a stable group wants a new division.
  sync(a, {});
  sync(b);
  ASSERT_TRUE(store());
  join(a, request("a"));
  EXPECT_EQ(group.phase(), GroupPhase::joining);
}

TEST_F(GroupTest, ANewGenerationIsNotEndedByAnOldStore) {
  Answers a;
  Answers b;
  join(a, request("", "a"));
  pass(1);
  sync(a, {{"a", {1}}});
  ASSERT_TRUE(group.take_unstored().has_value());
  join(b, request("", "b"));
  ASSERT_EQ(a.syncs.size(), 1U);
  EXPECT_EQ(a.syncs[0].error, GroupErrc::rebalancing);
  group.stored(now);
  EXPECT_EQ(group.phase(), GroupPhase::joining);
}

TEST_F(GroupTest, AStaticMemberComesBackWithoutRebalance) {
  Answers a;
  auto first = request("", "a-1");
  first.instance = "a";
  first.tell_member_id_first = true;  // does not concern static members
  join(a, first);
  pass(1);
  ASSERT_EQ(a.joins.size(), 1U);
  ASSERT_EQ(a.joins[0].error, GroupErrc::none);
  SyncRequest part{key, {"a-1", "a", 1}, {}, {}, {{"a-1", {5}}}};
  group.sync(part, now, [&](SyncReply reply) { a.syncs.push_back(std::move(reply)); });
  ASSERT_TRUE(store());

  auto again = request("", "a-2");
  again.instance = "a";
  Answers second;
  join(second, again);
  EXPECT_TRUE(second.joins.empty()) << "not before the new id is durable";
  ASSERT_TRUE(store());
  ASSERT_EQ(second.joins.size(), 1U);
  EXPECT_EQ(second.joins[0].generation, 1);
  EXPECT_EQ(second.joins[0].leader, "a-1") << "it must not divide again";
  EXPECT_FALSE(second.joins[0].skip_assignment);
  EXPECT_EQ(group.phase(), GroupPhase::stable);
  EXPECT_EQ(group.heartbeat({"a-1", "a", 1}, now), GroupErrc::fenced_instance);
  EXPECT_EQ(group.heartbeat({"a-2", "a", 1}, now), GroupErrc::none);
  EXPECT_EQ(group.heartbeat({"a-2", "b", 1}, now), GroupErrc::unknown_member);
  EXPECT_EQ(group.check_commit({"a-1", "a", 1}, false, now), GroupErrc::fenced_instance);

  auto third = request("", "a-3");
  third.instance = "a";
  third.can_skip_assignment = true;
  join(second, third);
  ASSERT_TRUE(store());
  EXPECT_EQ(second.joins.back().leader, "a-3");
  EXPECT_TRUE(second.joins.back().skip_assignment);
  EXPECT_EQ(second.joins.back().members.size(), 1U);
  SyncRequest last{key, {"a-3", "a", 1}, {}, {}, {}};
  group.sync(last, now, [&](SyncReply reply) { a.syncs.push_back(std::move(reply)); });
  EXPECT_EQ(a.syncs.back().assignment, bytes::ByteVector({5}));

  EXPECT_EQ(group.leave({"a-2", "a"}, now), GroupErrc::fenced_instance);
  EXPECT_EQ(group.leave({"", "a"}, now), GroupErrc::none);
  EXPECT_EQ(group.phase(), GroupPhase::empty);
}

TEST_F(GroupTest, TwoWithOneInstanceNameFenceEachOtherWhileJoining) {
  Answers a;
  Answers b;
  auto first = request("", "a-1");
  first.instance = "a";
  join(a, first);
  first.new_member_id = "a-2";
  join(b, first);
  ASSERT_EQ(a.joins.size(), 1U);
  EXPECT_EQ(a.joins[0].error, GroupErrc::fenced_instance);
  pass(1);
  pass(1);
  ASSERT_EQ(b.joins.size(), 1U);
  EXPECT_EQ(b.joins[0].error, GroupErrc::none);
}

TEST_F(GroupTest, CommitsComeFromMembersOfTheGenerationOnly) {
  EXPECT_EQ(group.check_commit({}, false, now), GroupErrc::none) << "an empty group takes offsets from anybody";
  Answers a;
  make_stable(a, "a");
  EXPECT_EQ(group.check_commit({}, false, now), GroupErrc::unknown_member);
  EXPECT_EQ(group.check_commit({"a", {}, 0}, false, now), GroupErrc::illegal_generation);
  EXPECT_EQ(group.check_commit({"b", {}, 1}, false, now), GroupErrc::unknown_member);
  EXPECT_EQ(group.check_commit({"a", {}, 1}, false, now), GroupErrc::none);
  Answers b;
  join(b, request("", "b"));
  EXPECT_EQ(group.check_commit({"a", {}, 1}, false, now), GroupErrc::none) << "before it gives its partitions up";
  join(a, request("a"));
  EXPECT_EQ(group.check_commit({"a", {}, 2}, false, now), GroupErrc::rebalancing);
}

TEST_F(GroupTest, GoesOnAfterARestart) {
  Answers a;
  make_stable(a, "a");
  Group restored(key, options, last_stored, now);
  EXPECT_EQ(restored.phase(), GroupPhase::stable);
  EXPECT_EQ(restored.heartbeat({"a", {}, 1}, now), GroupErrc::none);
  GroupDescription shown;
  restored.describe(shown);
  ASSERT_EQ(shown.members.size(), 1U);
  EXPECT_EQ(shown.protocol, "range");
  EXPECT_EQ(shown.members[0].assignment, bytes::ByteVector({7}));
  EXPECT_EQ(shown.members[0].metadata, bytes::ByteVector({1}));
  ASSERT_TRUE(restored.next_deadline().has_value());
  restored.on_time(*restored.next_deadline());
  EXPECT_EQ(restored.phase(), GroupPhase::empty);
}

TEST_F(GroupTest, TellsWhichTopicsAreRead) {
  Answers a;
  make_stable(a, "a");
  EXPECT_FALSE(group.read_topics(nullptr).has_value());
  const auto topics = group.read_topics([](std::string_view, bytes::ByteView metadata, std::vector<std::string>& out) {
    out.push_back("t" + std::to_string(metadata[0]));
    return true;
  });
  EXPECT_EQ(topics, (std::set<std::string>{"t1", "t2"}));
}

}  // namespace
}  // namespace millrace::broker

#include "broker/group_host.h"

#include <gtest/gtest.h>

#include "broker/sim_broker_test.h"
#include "model/batch_builder.h"

namespace millrace::broker {
namespace {

const std::string kGroup = "readers";

class GroupHostTest : public testing::Test {
 protected:
  GroupHostTest() { broker.start(); }

  template <class T, class Call>
  T ask(Call call) {
    std::optional<T> got;
    call([&got](T reply) { got = std::move(reply); });
    broker.shard(0).loop().post([] {});
    EXPECT_TRUE(broker.world.run_until([&] { return got.has_value(); }));
    return got.has_value() ? std::move(*got) : T{};
  }
  GroupKey key(const std::string& name = kGroup) { return {broker.vhost(), name}; }
  ObjectId make_topic(const std::string& name) {
    catalog::Topic topic;
    topic.vhost = broker.vhost();
    topic.name = name;
    return *broker.wait<ObjectId>(
        [&](auto done) { broker.shard(0).topology().create_topic(topic, 2, std::move(done)); });
  }
  CommitReply commit(ObjectId topic, std::int64_t offset, MemberClaim who = {}, const std::string& name = kGroup) {
    return ask<CommitReply>([&](auto done) {
      CommitRequest request{key(name), std::move(who), {}};
      request.entries.push_back({{topic, 0}, {Offset(offset), -1, "m", Timestamp(0)}});
      broker.shard(0).groups().commit(std::move(request), std::move(done));
    });
  }
  std::optional<std::int64_t> committed(ObjectId topic, const std::string& name = kGroup) {
    const auto reply = ask<OffsetsReply>([&](auto done) {
      broker.shard(1).groups().offsets({key(name), std::vector{TopicPartition{topic, 0}}}, std::move(done));
      broker.shard(1).loop().post([] {});
    });
    if (reply.entries.size() != 1 || !reply.entries[0].offset.has_value()) return std::nullopt;
    return reply.entries[0].offset->offset.value;
  }
  GroupDescription describe(const std::string& name = kGroup) {
    return ask<GroupDescription>([&](auto done) { broker.shard(0).groups().describe(key(name), std::move(done)); });
  }
  JoinReply join(const std::string& new_id) {
    return ask<JoinReply>([&](auto done) {
      JoinRequest request;
      request.group = key();
      request.new_member_id = new_id;
      request.session_timeout = Millis(10'000);
      request.rebalance_timeout = Millis(30'000);
      request.protocol_type = "consumer";
      request.protocols = {{"range", {1}}};
      broker.shard(0).groups().join(std::move(request), std::move(done));
    });
  }
  SyncReply sync(const JoinReply& joined) {
    return ask<SyncReply>([&](auto done) {
      SyncRequest request{key(), {joined.member_id, {}, joined.generation}, {}, {}, {{joined.member_id, {42}}}};
      broker.shard(0).groups().sync(std::move(request), std::move(done));
    });
  }
  GroupErrc heartbeat(const JoinReply& joined) {
    return ask<GroupErrc>([&](auto done) {
      broker.shard(0).groups().heartbeat({key(), {joined.member_id, {}, joined.generation}}, std::move(done));
    });
  }

  SimBroker broker{11};
};

TEST_F(GroupHostTest, OffsetsOfOpenTransactionsCountToo) {
  const ObjectId topic = make_topic("t");
  GroupHost& host = broker.shard(0).group_host();
  const auto request_of = [&](std::size_t first, std::size_t count) {
    CommitRequest request{key(), {}, {}};
    for (std::size_t i = 0; i < count; ++i) {
      request.entries.push_back({{topic, static_cast<std::int32_t>(first + i)}, {Offset(1), -1, "", Timestamp(0)}});
    }
    return request;
  };
  const auto commit_as = [&](std::int64_t producer, std::size_t first, std::size_t count) {
    return ask<CommitReply>(
               [&](auto done) { host.commit_in_transaction(request_of(first, count), producer, std::move(done)); })
        .entries.back();
  };
  const auto commit_plainly = [&](std::size_t first) {
    return ask<CommitReply>([&](auto done) { host.commit(request_of(first, 1), std::move(done)); }).entries.back();
  };
  EXPECT_EQ(commit_plainly(0), GroupErrc::none);
  EXPECT_EQ(commit_as(1, 1, kMaxGroupOffsets - 1), GroupErrc::none);
  EXPECT_EQ(commit_as(1, 1, 1), GroupErrc::none) << "it replaces its own";
  EXPECT_EQ(commit_plainly(0), GroupErrc::none);
  EXPECT_EQ(commit_as(2, 1, 1), GroupErrc::too_many_offsets);
  EXPECT_EQ(commit_as(1, kMaxGroupOffsets, 1), GroupErrc::too_many_offsets);
  EXPECT_EQ(commit_plainly(kMaxGroupOffsets), GroupErrc::too_many_offsets);
  host.end_transaction(key(), 1, false, [] {});
  EXPECT_EQ(commit_as(2, 1, 1), GroupErrc::none);
}

TEST_F(GroupHostTest, CommittedOffsetsSurviveAKill) {
  const ObjectId topic = make_topic("t");
  EXPECT_EQ(committed(topic), std::nullopt);
  for (int i = 1; i <= 50; ++i) {
    const CommitReply reply = commit(topic, i, {}, "g" + std::to_string(i));
    EXPECT_EQ(reply.error, GroupErrc::none);
    EXPECT_EQ(reply.entries, std::vector{GroupErrc::none});
  }
  broker.kill();
  broker.start();
  for (int i = 1; i <= 50; ++i) EXPECT_EQ(committed(topic, "g" + std::to_string(i)), i);
}

// Damage may have taken the records that the offset was committed for, and with them all that told how far the log
// went.
TEST_F(GroupHostTest, ACommittedOffsetIsNotGivenToAnotherRecord) {
  const ObjectId topic = make_topic("t");
  const QueueRef queue = broker.declare("q");
  EXPECT_EQ(commit(topic, 500).error, GroupErrc::none);
  EXPECT_EQ(commit(queue.queue, 700).error, GroupErrc::none);
  EXPECT_EQ(commit(topic, std::int64_t{1} << 59, {}, "mad").error, GroupErrc::none);
  broker.kill();
  broker.start();
  model::BatchBuilder builder;
  const auto append = [&](LogId id, ShardId shard) {
    builder.start({});
    builder.add({});
    storage::Store& store = broker.shard(shard.value).store();
    return store.append(*store.find_log(id), builder.finish())->value;
  };
  const catalog::Partition& partition = broker.shard(0).catalog().find_topic(topic)->partitions[0];
  EXPECT_EQ(append(partition.log, partition.shard), 500);
  EXPECT_EQ(append(LogId(queue.queue.value), queue.shard), 700);
}

TEST_F(GroupHostTest, OffsetsOfUnknownTopicsAndTooMuchTextAreRefused) {
  EXPECT_EQ(commit(ObjectId(123456), 1).entries, std::vector{GroupErrc::unknown_topic});
  const ObjectId topic = make_topic("t");
  CommitRequest request{key(), {}, {}};
  request.entries.push_back({{topic, 0}, {Offset(1), -1, std::string(kMaxOffsetMetadata + 1, 'x'), Timestamp(0)}});
  request.entries.push_back({{topic, 1}, {Offset(1), -1, "", Timestamp(0)}});
  const auto reply =
      ask<CommitReply>([&](auto done) { broker.shard(0).groups().commit(std::move(request), std::move(done)); });
  EXPECT_EQ(reply.entries, (std::vector{GroupErrc::too_large, GroupErrc::none}));
  EXPECT_EQ(commit(topic, 1, {"nobody", {}, 4}).error, GroupErrc::unknown_member);
  EXPECT_EQ(commit(topic, 1, {"nobody", {}, 4}, "none").error, GroupErrc::illegal_generation);
}

TEST_F(GroupHostTest, MembersGoOnAfterAKill) {
  const JoinReply joined = join("m-1");
  ASSERT_EQ(joined.error, GroupErrc::none);
  EXPECT_EQ(sync(joined).assignment, bytes::ByteVector({42}));
  broker.kill();
  broker.start();
  EXPECT_EQ(heartbeat(joined), GroupErrc::none);
  const GroupDescription shown = describe();
  EXPECT_EQ(shown.phase, GroupPhase::stable);
  ASSERT_EQ(shown.members.size(), 1U);
  EXPECT_EQ(shown.members[0].assignment, bytes::ByteVector({42}));
  // It says nothing any more: the loop's clock ends its session.
  broker.world.run_for(base::Nanos(11'000'000'000));
  EXPECT_EQ(describe().phase, GroupPhase::empty);
  EXPECT_EQ(heartbeat(joined), GroupErrc::unknown_member);
}

TEST_F(GroupHostTest, OffsetsOfADeletedTopicGo) {
  const ObjectId topic = make_topic("t");
  commit(topic, 5);
  const auto gone =
      broker.wait<void>([&](auto done) { broker.shard(0).topology().delete_topic(topic, std::move(done)); });
  ASSERT_TRUE(gone.has_value());
  EXPECT_EQ(committed(topic), std::nullopt);
  EXPECT_FALSE(describe().exists);
  const ObjectId again = make_topic("t");
  EXPECT_EQ(committed(again), std::nullopt) << "the name is the same, the topic another";
}

TEST_F(GroupHostTest, RemovingNeedsAnEmptyGroup) {
  const ObjectId topic = make_topic("t");
  const auto remove = [&] {
    return ask<GroupErrc>([&](auto done) { broker.shard(0).groups().remove(key(), std::move(done)); });
  };
  EXPECT_EQ(remove(), GroupErrc::unknown_group);
  const JoinReply joined = join("m-1");
  (void)sync(joined);
  EXPECT_EQ(commit(topic, 5, {"m-1", {}, joined.generation}).error, GroupErrc::none);
  EXPECT_EQ(remove(), GroupErrc::not_empty);
  const auto left =
      ask<LeaveReply>([&](auto done) { broker.shard(0).groups().leave({key(), {{"m-1", {}}}}, std::move(done)); });
  EXPECT_EQ(left, std::vector{GroupErrc::none});
  EXPECT_EQ(committed(topic), 5);
  EXPECT_EQ(remove(), GroupErrc::none);
  EXPECT_EQ(committed(topic), std::nullopt);
  broker.kill();
  broker.start();
  EXPECT_FALSE(describe().exists);
}

TEST_F(GroupHostTest, ForgettingOffsetsSparesWhatIsRead) {
  const ObjectId topic = make_topic("t");
  const auto forget = [&](SubscriptionReader reader) {
    return ask<ForgetOffsetsReply>([&](auto done) {
      broker.shard(0).groups().forget_offsets({key(), {{{topic, 0}, "t"}}, reader}, std::move(done));
    });
  };
  EXPECT_EQ(forget(nullptr).error, GroupErrc::unknown_group);
  const JoinReply joined = join("m-1");
  (void)sync(joined);
  commit(topic, 5, {"m-1", {}, joined.generation});
  EXPECT_EQ(forget(nullptr).error, GroupErrc::not_empty);
  EXPECT_EQ(forget([](std::string_view, bytes::ByteView, std::vector<std::string>& topics) {
              topics.push_back("t");
              return true;
            }).entries,
            std::vector{GroupErrc::in_use});
  EXPECT_EQ(committed(topic), 5);
  EXPECT_EQ(forget([](std::string_view, bytes::ByteView, std::vector<std::string>&) { return true; }).entries,
            std::vector{GroupErrc::none});
  EXPECT_EQ(committed(topic), std::nullopt);
}

TEST_F(GroupHostTest, OffsetsExpireWhenNobodyIsThere) {
  broker.stop();
  broker.options.groups.offset_retention = Millis(300'000);
  broker.start();
  const ObjectId topic = make_topic("t");
  commit(topic, 5);
  broker.world.run_for(base::Nanos(200'000'000'000));
  EXPECT_EQ(committed(topic), 5);
  broker.world.run_for(base::Nanos(200'000'000'000));
  EXPECT_EQ(committed(topic), std::nullopt);
  EXPECT_FALSE(describe().exists);
}

TEST_F(GroupHostTest, GroupsOfAllShardsAreListed) {
  const ObjectId topic = make_topic("t");
  for (int i = 0; i < 20; ++i) commit(topic, i, {}, "g" + std::to_string(i));
  const auto all = ask<std::vector<GroupSummary>>(
      [&](auto done) { broker.shard(0).groups().list(broker.vhost(), std::move(done)); });
  EXPECT_EQ(all.size(), 20U);
  EXPECT_GT(broker.shard(0).group_host().list(broker.vhost()).size(), 0U);
  EXPECT_GT(broker.shard(1).group_host().list(broker.vhost()).size(), 0U);
}

TEST_F(GroupHostTest, SessionTimesAndNumbersAreLimited) {
  JoinRequest request;
  request.group = key();
  request.new_member_id = "m";
  request.session_timeout = Millis(1);
  request.protocol_type = "consumer";
  request.protocols = {{"range", {}}};
  const auto reply = ask<JoinReply>([&](auto done) { broker.shard(0).groups().join(request, std::move(done)); });
  EXPECT_EQ(reply.error, GroupErrc::invalid_session_timeout);
  request.session_timeout = Millis(10'000);
  request.group.name = std::string(kMaxGroupName + 1, 'g');
  EXPECT_EQ(ask<JoinReply>([&](auto done) { broker.shard(0).groups().join(request, std::move(done)); }).error,
            GroupErrc::too_large);
}

}  // namespace
}  // namespace millrace::broker

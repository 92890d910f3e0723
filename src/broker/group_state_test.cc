#include "broker/group_state.h"

#include <gtest/gtest.h>

namespace millrace::broker {
namespace {

const GroupKey kFirstMember{ObjectId(1), "first"};
const GroupKey kSecondMember{ObjectId(1), "second"};

CommitRequest::Entry entry(std::uint64_t topic, std::int32_t partition, std::int64_t offset) {
  return {{ObjectId(topic), partition}, {Offset(offset), 3, "note", Timestamp(1000)}};
}

StoredGroup some_group() {
  StoredGroup group{4, "consumer", "range", "a", Timestamp(99), {}};
  group.members.push_back({"a", "instance", "client", "/host", Millis(10), Millis(20), {1, 2}, {3}});
  group.members.push_back({"b", std::nullopt, "", "", Millis(1), Millis(2), {}, {}});
  return group;
}

bool same(const GroupState& a, const GroupState& b) {
  bytes::ByteVector x;
  bytes::ByteVector y;
  a.save_snapshot(x);
  b.save_snapshot(y);
  return x == y;
}

TEST(GroupState, CommandsAndSnapshotsSayTheSame) {
  GroupState live;
  std::vector<bytes::ByteVector> commands;
  commands.push_back(live.put_group(kFirstMember, some_group()));
  const std::vector<CommitRequest::Entry> entries{entry(7, 0, 10), entry(7, 1, 20), entry(8, 0, 30)};
  commands.push_back(live.put_offsets(kFirstMember, entries));
  commands.push_back(live.put_offsets(kSecondMember, std::vector{entry(7, 0, -1)}));
  commands.push_back(live.remove_offsets(kFirstMember, std::vector{entries[1].partition}));

  const GroupState::Record* record = live.find(kFirstMember);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->group, some_group());
  ASSERT_EQ(record->offsets.size(), 2U);
  EXPECT_EQ(record->offsets.at(entries[0].partition), entries[0].offset);

  GroupState replayed;
  for (const auto& command : commands) ASSERT_TRUE(replayed.apply(command));
  EXPECT_TRUE(same(live, replayed));
  bytes::ByteVector snapshot;
  live.save_snapshot(snapshot);
  GroupState loaded;
  ASSERT_TRUE(loaded.load_snapshot(snapshot));
  EXPECT_TRUE(same(live, loaded));
  // A snapshot may contain what the commands after it say again.
  for (const auto& command : commands) ASSERT_TRUE(loaded.apply(command));
  EXPECT_TRUE(same(live, loaded));
}

TEST(GroupState, ADeletedTopicIsForgottenEverywhere) {
  GroupState state;
  (void)state.put_offsets(kFirstMember, std::vector{entry(7, 0, 1), entry(8, 0, 1)});
  (void)state.put_offsets(kSecondMember, std::vector{entry(7, 5, 1)});
  EXPECT_TRUE(state.has_offsets_of(ObjectId(7)));
  (void)state.forget_topic(ObjectId(7));
  EXPECT_FALSE(state.has_offsets_of(ObjectId(7)));
  EXPECT_EQ(state.find(kSecondMember), nullptr) << "nothing was left of it";
  EXPECT_EQ(state.find(kFirstMember)->offsets.size(), 1U);
  EXPECT_EQ(state.topics(), std::vector{ObjectId(8)});
  (void)state.remove_group(kFirstMember);
  EXPECT_TRUE(state.topics().empty());
  EXPECT_TRUE(state.records().empty());
}

TEST(GroupState, RefusesWhatItDoesNotKnow) {
  GroupState state;
  bytes::ByteVector command = GroupState().put_group(kFirstMember, some_group());
  for (std::size_t size = 0; size < command.size(); ++size) {
    EXPECT_FALSE(state.apply(bytes::ByteView(command).first(size)));
  }
  command[0] = 3;
  EXPECT_FALSE(state.apply(command));
  command[0] = 1;
  command[1] = 77;
  EXPECT_FALSE(state.apply(command));
  EXPECT_FALSE(state.load_snapshot(bytes::ByteVector{3}));
  EXPECT_FALSE(state.load_snapshot(bytes::ByteVector{1, 0, 0, 0, 9, 1}));
}

}  // namespace
}  // namespace millrace::broker

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
  CommittedOffset stored = entries[0].offset;
  stored.position = 1;
  EXPECT_EQ(record->offsets.at(entries[0].partition), stored);

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

std::int64_t offset_of(const GroupState& state, std::int32_t partition) {
  const GroupState::Record* record = state.find(kFirstMember);
  const auto it = record->offsets.find({ObjectId(7), partition});
  return it == record->offsets.end() ? -1 : it->second.offset.value;
}

TEST(GroupState, WhatWasCommittedAfterThoseOfATransactionStays) {
  GroupState live;
  std::vector<bytes::ByteVector> commands;
  commands.push_back(live.put_offsets(kFirstMember, std::vector{entry(7, 0, 1), entry(7, 1, 1), entry(7, 2, 1)}));
  commands.push_back(live.put_pending(kFirstMember, 100, std::vector{entry(7, 0, 50), entry(7, 1, 50)}));
  commands.push_back(live.put_offsets(kFirstMember, std::vector{entry(7, 0, 60)}));
  commands.push_back(live.put_pending(kFirstMember, 200, std::vector{entry(7, 1, 70), entry(7, 2, 70)}));
  commands.push_back(live.put_pending(kFirstMember, 300, std::vector{entry(7, 2, 80)}));
  bytes::ByteVector snapshot;
  live.save_snapshot(snapshot);
  const std::size_t saved = commands.size();
  commands.push_back(live.end_pending(kFirstMember, 200, true));
  commands.push_back(live.end_pending(kFirstMember, 100, true));
  EXPECT_EQ(offset_of(live, 0), 60) << "committed later than the pending one";
  EXPECT_EQ(offset_of(live, 1), 70) << "of two transactions the later commit stays, whichever ended first";
  EXPECT_EQ(offset_of(live, 2), 70);
  commands.push_back(live.end_pending(kFirstMember, 300, false));
  EXPECT_EQ(offset_of(live, 2), 70);

  GroupState loaded;
  ASSERT_TRUE(loaded.load_snapshot(snapshot));
  for (std::size_t i = saved; i < commands.size(); ++i) ASSERT_TRUE(loaded.apply(commands[i]));
  EXPECT_TRUE(same(live, loaded));
  (void)loaded.put_pending(kFirstMember, 100, std::vector{entry(7, 1, 90)});
  (void)loaded.end_pending(kFirstMember, 100, true);
  EXPECT_EQ(offset_of(loaded, 1), 90) << "positions go on";
}

TEST(GroupState, RemovedOffsetsDoNotComeBackWithATransaction) {
  GroupState state;
  (void)state.put_pending(kFirstMember, 100, std::vector{entry(7, 0, 50), entry(7, 1, 50)});
  (void)state.remove_offsets(kFirstMember, std::vector{TopicPartition{ObjectId(7), 0}});
  (void)state.end_pending(kFirstMember, 100, true);
  EXPECT_EQ(offset_of(state, 0), -1);
  EXPECT_EQ(offset_of(state, 1), 50);
  (void)state.put_pending(kSecondMember, 100, std::vector{entry(8, 0, 50)});
  (void)state.remove_offsets(kSecondMember, std::vector{TopicPartition{ObjectId(8), 0}});
  EXPECT_EQ(state.find(kSecondMember), nullptr);
  EXPECT_FALSE(state.has_offsets_of(ObjectId(8)));
}

TEST(GroupState, ReadsOffsetsOfBeforePositions) {
  // What version 2 wrote: virtual host 1, "first", topic 7, partition 0, offset 5, epoch -1, time 0, no text.
  const bytes::ByteVector put{2, 3, 1, 5, 'f', 'i', 'r', 's', 't', 1, 7, 0, 10, 1, 0, 0};
  const bytes::ByteVector pending{2, 6, 1, 5, 'f', 'i', 'r', 's', 't', 200, 1, 1, 7, 0, 12, 1, 0, 0};
  const bytes::ByteVector removed{2, 4, 1, 5, 'f', 'i', 'r', 's', 't', 1, 7, 0};
  const bytes::ByteVector end{2, 7, 1, 5, 'f', 'i', 'r', 's', 't', 200, 1, 1};
  GroupState state;
  ASSERT_TRUE(state.apply(put));
  EXPECT_EQ(offset_of(state, 0), 5);
  ASSERT_TRUE(state.apply(pending));
  ASSERT_TRUE(state.apply(removed));
  EXPECT_EQ(offset_of(state, 0), -1);
  ASSERT_TRUE(state.apply(put));
  ASSERT_TRUE(state.apply(end));
  EXPECT_EQ(offset_of(state, 0), 6) << "without positions the transaction wins, as it did";
  (void)state.put_offsets(kFirstMember, std::vector{entry(7, 0, 9)});
  ASSERT_TRUE(state.apply(pending));
  ASSERT_TRUE(state.apply(end));
  EXPECT_EQ(offset_of(state, 0), 9);
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
  command[0] = 4;
  EXPECT_FALSE(state.apply(command));
  command[0] = 1;
  command[1] = 77;
  EXPECT_FALSE(state.apply(command));
  EXPECT_FALSE(state.load_snapshot(bytes::ByteVector{4}));
  EXPECT_FALSE(state.load_snapshot(bytes::ByteVector{1, 0, 0, 0, 9, 1}));
}

}  // namespace
}  // namespace millrace::broker

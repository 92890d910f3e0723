#include "broker/coordinator_state.h"

#include <gtest/gtest.h>

namespace millrace::broker {
namespace {

const ProducerName kFirstId{ObjectId(1), "first"};
const ProducerName kSecondId{ObjectId(1), "second"};

CoordinatorState::Record record(TransactionPhase phase, std::int64_t started) {
  CoordinatorState::Record made;
  made.identity = {7, 3};
  made.previous = {7, 2};
  made.timeout = Millis(500);
  made.phase = phase;
  made.started_at = Timestamp(started);
  made.changed_at = Timestamp(started);
  return made;
}

bool same(const CoordinatorState& a, const CoordinatorState& b) {
  bytes::ByteVector x;
  bytes::ByteVector y;
  a.save_snapshot(x);
  b.save_snapshot(y);
  return x == y;
}

TEST(CoordinatorStateTest, CommandsAndSnapshotsSayTheSame) {
  CoordinatorState live;
  std::vector<bytes::ByteVector> commands;
  commands.push_back(live.put(kFirstId, record(TransactionPhase::open, 1000), true));
  commands.push_back(live.add(kFirstId, {{ObjectId(5), 0}, {ObjectId(5), 1}}, {{ObjectId(1), "readers"}}));
  commands.push_back(live.put(kSecondId, record(TransactionPhase::open, 900), true));
  ASSERT_EQ(live.deadlines().size(), 2U);
  EXPECT_EQ(live.deadlines().begin()->second, kSecondId);
  commands.push_back(live.put(kSecondId, record(TransactionPhase::aborting, 900), false));
  EXPECT_EQ(live.deadlines().size(), 1U);
  commands.push_back(live.put(kFirstId, record(TransactionPhase::committing, 1000), false));
  EXPECT_EQ(live.find(kFirstId)->partitions.size(), 2U);
  EXPECT_EQ(live.find(kFirstId)->groups.size(), 1U);
  commands.push_back(live.remove(kSecondId));
  EXPECT_TRUE(live.deadlines().empty());

  CoordinatorState replayed;
  for (const auto& command : commands) ASSERT_TRUE(replayed.apply(command));
  EXPECT_TRUE(same(live, replayed));
  bytes::ByteVector snapshot;
  live.save_snapshot(snapshot);
  CoordinatorState loaded;
  ASSERT_TRUE(loaded.load_snapshot(snapshot));
  EXPECT_TRUE(same(live, loaded));
  // A snapshot may contain what the commands after it say again.
  for (const auto& command : commands) ASSERT_TRUE(loaded.apply(command));
  EXPECT_TRUE(same(live, loaded));
  (void)live.put(kFirstId, record(TransactionPhase::committed, -1), true);
  EXPECT_TRUE(live.find(kFirstId)->partitions.empty());
}

TEST(CoordinatorStateTest, RefusesWhatItDoesNotKnow) {
  CoordinatorState state;
  bytes::ByteVector command = CoordinatorState().put(kFirstId, record(TransactionPhase::open, 1), true);
  for (std::size_t size = 0; size < command.size(); ++size) {
    EXPECT_FALSE(state.apply(bytes::ByteView(command).first(size)));
  }
  command[0] = 2;
  EXPECT_FALSE(state.apply(command));
  command[0] = 1;
  command[1] = 9;
  EXPECT_FALSE(state.apply(command));
  EXPECT_FALSE(state.load_snapshot(bytes::ByteVector{2}));
}

}  // namespace
}  // namespace millrace::broker

#include "broker/producers.h"

#include <gtest/gtest.h>

#include "bytes/writer.h"

namespace millrace::broker {
namespace {

model::BatchHeader batch(std::int64_t producer, std::int16_t epoch, std::int32_t first, std::int32_t records) {
  model::BatchHeader header;
  header.producer_id = producer;
  header.producer_epoch = epoch;
  header.base_sequence = first;
  header.last_offset_delta = records - 1;
  header.record_count = records;
  return header;
}

constexpr LogId kLog{7};

TEST(Producers, AcceptsInOrderAndKnowsRepeats) {
  Producers producers;
  for (int i = 0; i < 7; ++i) {
    const auto header = batch(1, 0, i * 10, 10);
    ASSERT_TRUE(producers.check(kLog, header).has_value());
    EXPECT_FALSE(producers.check(kLog, header)->duplicate);
    producers.accept(kLog, header, Offset(i * 10), Timestamp(0));
  }
  const auto again = producers.check(kLog, batch(1, 0, 20, 10));
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->base_offset, Offset(20));
  // Older than the five remembered: cannot be told from a gap.
  EXPECT_EQ(producers.check(kLog, batch(1, 0, 10, 10)).error().code, BrokerErrc::invalid);
  EXPECT_EQ(producers.check(kLog, batch(1, 0, 80, 10)).error().code, BrokerErrc::invalid);
}

TEST(Producers, FencesOldEpochsAndRestartsAtZero) {
  Producers producers;
  producers.accept(kLog, batch(1, 1, 0, 5), Offset(0), Timestamp(0));
  EXPECT_EQ(producers.check(kLog, batch(1, 0, 5, 5)).error().code, BrokerErrc::refused);
  EXPECT_EQ(producers.check(kLog, batch(1, 2, 5, 5)).error().code, BrokerErrc::invalid);
  EXPECT_TRUE(producers.check(kLog, batch(1, 2, 0, 5)).has_value());
}

TEST(Producers, SequenceWraps) {
  Producers producers;
  producers.accept(kLog, batch(1, 0, INT32_MAX - 1, 2), Offset(0), Timestamp(0));
  EXPECT_TRUE(producers.check(kLog, batch(1, 0, 0, 3)).has_value());
  producers.accept(kLog, batch(1, 0, 0, 3), Offset(2), Timestamp(0));
  EXPECT_TRUE(producers.check(kLog, batch(1, 0, 3, 1)).has_value());
}

TEST(Producers, SurvivesSnapshotAndCommands) {
  Producers live;
  Producers replayed;
  ASSERT_TRUE(replayed.apply(live.accept(kLog, batch(1, 0, 0, 5), Offset(0), Timestamp(0))));
  ASSERT_TRUE(replayed.apply(live.accept(kLog, batch(2, 3, 0, 1), Offset(5), Timestamp(0))));
  bytes::ByteVector snapshot;
  replayed.save_snapshot(snapshot);
  Producers loaded;
  ASSERT_TRUE(loaded.load_snapshot(snapshot));
  EXPECT_TRUE(loaded.check(kLog, batch(1, 0, 0, 5))->duplicate);
  EXPECT_TRUE(loaded.check(kLog, batch(2, 3, 0, 1))->duplicate);
  loaded.forget_log(kLog);
  EXPECT_FALSE(loaded.check(kLog, batch(1, 0, 0, 5))->duplicate);
}

model::BatchHeader in_transaction(std::int64_t producer, std::int16_t epoch, std::int32_t first) {
  model::BatchHeader header = batch(producer, epoch, first, 1);
  header.attributes = 0x10;
  return header;
}

TEST(Producers, TransactionsMoveTheStableEndAndLeaveAnIndexOfTheAborted) {
  Producers live;
  Producers replayed;
  const auto write = [&](std::int64_t producer, std::int16_t epoch, std::int32_t sequence, std::int64_t offset) {
    const auto header = in_transaction(producer, epoch, sequence);
    ASSERT_TRUE(live.check(kLog, header).has_value());
    ASSERT_TRUE(replayed.apply(live.accept(kLog, header, Offset(offset), Timestamp(1))));
  };
  const auto end = [&](std::int64_t producer, std::int16_t epoch, bool commit, std::int64_t offset) {
    const model::Marker marker{producer, epoch, commit, 0};
    ASSERT_TRUE(*live.can_end(kLog, marker));
    ASSERT_TRUE(replayed.apply(live.end(kLog, marker, Offset(offset), Timestamp(2))));
  };
  write(1, 0, 0, 0);
  write(2, 0, 0, 1);
  write(1, 0, 1, 2);
  EXPECT_TRUE(live.joined(kLog, in_transaction(1, 0, 2)));
  EXPECT_FALSE(live.joined(kLog, in_transaction(1, 1, 0)));
  EXPECT_EQ(live.check(kLog, batch(1, 0, 2, 1)).error().code, BrokerErrc::no_transaction);
  end(1, 1, false, 3);
  EXPECT_FALSE(*live.can_end(kLog, {1, 1, false, 0})) << "the same marker again";
  EXPECT_EQ(live.can_end(kLog, {1, 0, true, 0}).error().code, BrokerErrc::refused);
  EXPECT_EQ(live.undecided_from(kLog, Offset(3)), Offset(0)) << "its marker is not committed";
  EXPECT_TRUE(live.has_ending(kLog));
  EXPECT_EQ(live.undecided_from(kLog, Offset(4)), Offset(1));
  EXPECT_EQ(live.check(kLog, in_transaction(1, 1, 2)).error().code, BrokerErrc::invalid) << "a new epoch begins at 0";
  write(1, 1, 0, 4);
  end(2, 1, true, 5);
  end(1, 2, false, 6);
  EXPECT_EQ(live.undecided_from(kLog, Offset(7)), model::kNoOffset);

  bytes::ByteVector saved;
  live.save_snapshot(saved);
  Producers loaded;
  ASSERT_TRUE(loaded.load_snapshot(saved));
  for (const Producers* state : {&live, &replayed, &loaded}) {
    EXPECT_EQ(state->aborted(kLog, Offset(0), Offset(7)).size(), 2U);
    EXPECT_EQ(state->aborted(kLog, Offset(0), Offset(2)).size(), 1U);
    EXPECT_EQ(state->aborted(kLog, Offset(4), Offset(7)).size(), 1U);
    EXPECT_TRUE(state->is_aborted(kLog, 1, Offset(2)));
    EXPECT_FALSE(state->is_aborted(kLog, 2, Offset(1)));
    EXPECT_TRUE(state->is_aborted(kLog, 1, Offset(4)));
  }
  loaded.trimmed(kLog, Offset(4));
  EXPECT_EQ(loaded.aborted(kLog, Offset(0), Offset(7)).size(), 1U);
  live.forget_log(kLog);
  EXPECT_TRUE(live.logs().empty());
}

TEST(Producers, ReadsWhatWasStoredBeforeTransactions) {
  bytes::ByteVector old;
  bytes::Writer out(old);
  out.u8(1);
  out.u32(1);
  out.u64(kLog.value);
  out.i64(9);
  out.i16(2);
  out.u8(1);
  out.i32(0);
  out.i32(4);
  out.i64(30);
  Producers producers;
  ASSERT_TRUE(producers.load_snapshot(old));
  EXPECT_EQ(producers.check(kLog, batch(9, 2, 0, 5))->base_offset, Offset(30));
  EXPECT_TRUE(producers.check(kLog, batch(9, 2, 5, 1)).has_value());
}

}  // namespace
}  // namespace millrace::broker

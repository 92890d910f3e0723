#include "broker/producers.h"

#include <gtest/gtest.h>

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
    producers.accept(kLog, header, Offset(i * 10));
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
  producers.accept(kLog, batch(1, 1, 0, 5), Offset(0));
  EXPECT_EQ(producers.check(kLog, batch(1, 0, 5, 5)).error().code, BrokerErrc::refused);
  EXPECT_EQ(producers.check(kLog, batch(1, 2, 5, 5)).error().code, BrokerErrc::invalid);
  EXPECT_TRUE(producers.check(kLog, batch(1, 2, 0, 5)).has_value());
}

TEST(Producers, SequenceWraps) {
  Producers producers;
  producers.accept(kLog, batch(1, 0, INT32_MAX - 1, 2), Offset(0));
  EXPECT_TRUE(producers.check(kLog, batch(1, 0, 0, 3)).has_value());
  producers.accept(kLog, batch(1, 0, 0, 3), Offset(2));
  EXPECT_TRUE(producers.check(kLog, batch(1, 0, 3, 1)).has_value());
}

TEST(Producers, SurvivesSnapshotAndCommands) {
  Producers live;
  Producers replayed;
  ASSERT_TRUE(replayed.apply(live.accept(kLog, batch(1, 0, 0, 5), Offset(0))));
  ASSERT_TRUE(replayed.apply(live.accept(kLog, batch(2, 3, 0, 1), Offset(5))));
  bytes::ByteVector snapshot;
  replayed.save_snapshot(snapshot);
  Producers loaded;
  ASSERT_TRUE(loaded.load_snapshot(snapshot));
  EXPECT_TRUE(loaded.check(kLog, batch(1, 0, 0, 5))->duplicate);
  EXPECT_TRUE(loaded.check(kLog, batch(2, 3, 0, 1))->duplicate);
  loaded.forget_log(kLog);
  EXPECT_FALSE(loaded.check(kLog, batch(1, 0, 0, 5))->duplicate);
}

}  // namespace
}  // namespace millrace::broker

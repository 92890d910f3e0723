#include "storage/settlement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include "base/prng.h"

namespace millrace::storage {
namespace {

Settlement reread(const Settlement& settlement) {
  bytes::ByteVector encoded;
  settlement.encode(encoded);
  auto decoded = Settlement::decode(encoded);
  EXPECT_TRUE(decoded.has_value()) << decoded.error().detail;
  return std::move(*decoded);
}

TEST(Settlement, InOrderOnlyMovesTheFloor) {
  Settlement settlement(Offset(10));
  for (std::int64_t offset = 10; offset < 20'000; ++offset) ASSERT_EQ(settlement.settle(Offset(offset)), 1);
  EXPECT_EQ(settlement.floor().value, 20'000);
  EXPECT_EQ(settlement.count_above_floor(), 0);
  EXPECT_EQ(settlement.memory_bytes(), sizeof(Settlement));
  EXPECT_EQ(settlement.settle(Offset(0), Offset(19'999)), 0);
  EXPECT_TRUE(settlement.is_settled(Offset(3)));
  EXPECT_FALSE(settlement.is_settled(Offset(20'000)));
}

TEST(Settlement, ReverseOrderCollapsesWhenTheLastOneComes) {
  Settlement settlement;
  for (std::int64_t offset = 9'999; offset > 0; --offset) ASSERT_EQ(settlement.settle(Offset(offset)), 1);
  EXPECT_EQ(settlement.floor().value, 0);
  EXPECT_EQ(settlement.count_above_floor(), 9'999);
  EXPECT_EQ(settlement.next_unsettled(Offset(1)).value, 10'000);
  EXPECT_FALSE(settlement.any_unsettled(Offset(1), Offset(9'999)));
  EXPECT_TRUE(settlement.any_unsettled(Offset(0), Offset(9'999)));
  EXPECT_EQ(reread(settlement), settlement);
  settlement.settle(Offset(0));
  EXPECT_EQ(settlement.floor().value, 10'000);
  EXPECT_EQ(settlement.count_above_floor(), 0);
  EXPECT_EQ(settlement.memory_bytes(), sizeof(Settlement));
}

TEST(Settlement, HugeRangesCostOneRun) {
  Settlement settlement;
  EXPECT_EQ(settlement.settle(Offset(5), Offset(4'000'000'000'000)), 3'999'999'999'996);
  EXPECT_LT(settlement.memory_bytes(), 2'000U);
  EXPECT_EQ(settlement.next_unsettled(Offset(5)).value, 4'000'000'000'001);
  EXPECT_EQ(reread(settlement), settlement);
  settlement.advance_over_hole(Offset(0), Offset(4));
  EXPECT_EQ(settlement.floor().value, 4'000'000'000'001);
}

TEST(Settlement, FloorJumpsIntoAFullRun) {
  Settlement settlement;
  settlement.settle(Offset(4096), Offset(4096 * 4 - 1));
  // Ends inside the run.
  EXPECT_EQ(settlement.settle(Offset(0), Offset(5000)), 4096);
  EXPECT_EQ(settlement.floor().value, 4096 * 4);
  EXPECT_EQ(settlement.count_above_floor(), 0);
}

TEST(Settlement, AgreesWithASetOfOffsets) {
  base::Prng random(7);
  for (int round = 0; round < 20; ++round) {
    const std::int64_t size = 4096 * 6;
    Settlement settlement;
    std::vector<bool> settled(static_cast<std::size_t>(size + 1));
    for (int step = 0; step < 150; ++step) {
      const auto first = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size)));
      const std::int64_t length = random.chance(1, 10) ? 9'000 : random.chance(1, 2) ? 1 : 40;
      const std::int64_t last = std::min(size - 1, first + length);
      const std::int64_t from = random.chance(1, 8) ? settlement.floor().value : first;
      if (from > last) continue;
      std::int64_t added = 0;
      for (std::int64_t at = from; at <= last; ++at) {
        added += settled[static_cast<std::size_t>(at)] ? 0 : 1;
        settled[static_cast<std::size_t>(at)] = true;
      }
      ASSERT_EQ(settlement.settle(Offset(from), Offset(last)), added);
      const auto floor = std::distance(settled.begin(), std::ranges::find(settled, false));
      ASSERT_EQ(settlement.floor().value, floor);
      ASSERT_EQ(settlement.count_above_floor(), std::count(settled.begin() + floor, settled.end(), true));
    }
    for (std::int64_t at = 0; at < size; ++at) {
      ASSERT_EQ(settlement.is_settled(Offset(at)), settled[static_cast<std::size_t>(at)]) << at;
    }
    for (std::int64_t at = 0; at < size; at += 97) {
      const auto next = std::find(settled.begin() + at, settled.end(), false) - settled.begin();
      ASSERT_EQ(settlement.next_unsettled(Offset(at)).value, next);
    }
    ASSERT_EQ(reread(settlement), settlement);
  }
}

TEST(Settlement, WorstCaseIsAboutOneBitPerRecord) {
  Settlement settlement;
  constexpr std::int64_t kRecords = 1 << 20;
  for (std::int64_t offset = 1; offset < kRecords; offset += 2) settlement.settle(Offset(offset));
  EXPECT_EQ(settlement.count_above_floor(), kRecords / 2);
  EXPECT_LT(settlement.memory_bytes(), static_cast<std::size_t>(kRecords / 8) * 5 / 4);
  bytes::ByteVector encoded;
  settlement.encode(encoded);
  EXPECT_LT(encoded.size(), static_cast<std::size_t>(kRecords / 8) * 11 / 10);
  EXPECT_EQ(reread(settlement), settlement);
}

TEST(Settlement, RandomOrderEndsWithNothingAboveTheFloor) {
  base::Prng random(11);
  std::vector<std::int64_t> offsets(50'000);
  std::iota(offsets.begin(), offsets.end(), 0);
  for (std::size_t i = offsets.size() - 1; i > 0; --i) std::swap(offsets[i], offsets[random.below(i + 1)]);
  Settlement settlement;
  for (const std::int64_t offset : offsets) settlement.settle(Offset(offset));
  EXPECT_EQ(settlement.floor().value, 50'000);
  EXPECT_EQ(settlement.memory_bytes(), sizeof(Settlement));
}

TEST(Settlement, RefusesDamageAndNewerVersions) {
  Settlement settlement;
  settlement.settle(Offset(5), Offset(20'000));
  settlement.settle(Offset(30'000));
  bytes::ByteVector encoded;
  settlement.encode(encoded);
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_FALSE(Settlement::decode(bytes::ByteView(encoded).first(size)).has_value()) << size;
  }
  bytes::ByteVector longer = encoded;
  longer.push_back(0);
  EXPECT_EQ(Settlement::decode(longer).error().code, StorageErrc::damaged);
  encoded[0] = 2;
  EXPECT_EQ(Settlement::decode(encoded).error().code, StorageErrc::newer_version);
}

}  // namespace
}  // namespace millrace::storage

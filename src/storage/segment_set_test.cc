#include "storage/segment_set.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "storage/segment_fixture_test.h"

namespace millrace::storage {
namespace {

std::vector<std::int64_t> every_second(std::int64_t from, std::int64_t until) {
  std::vector<std::int64_t> result;
  for (; from < until; from += 2) result.push_back(from);
  return result;
}

class Segments : public SegmentFixture {};

TEST_F(Segments, EmptyLogHasNoFiles) {
  EXPECT_EQ(set_->end().value, 0);
  EXPECT_EQ(set_->first_offset().value, 0);
  EXPECT_TRUE(read(0).value().empty());
  EXPECT_EQ(set_->plan_find_time(Offset(0), Timestamp(5)).execute().value().offset, model::kNoOffset);
  EXPECT_TRUE(disk_.list("s0/logs").value().empty());
}

TEST_F(Segments, ReadsBackWhatWasWrittenAcrossSegments) {
  append_many(60, 1000);
  EXPECT_GT(set_->segments(), 5U);
  EXPECT_EQ(read_all(), every_second(0, 120));
  const auto batches = read(41);
  ASSERT_TRUE(batches.has_value());
  EXPECT_EQ(batches->front().base_offset.value, 40);
  EXPECT_EQ(batches->front().epoch.value, 1);
  EXPECT_EQ(batches->front().appended_at.value, 5000);
  const auto header = model::parse_batch_header(batches->front().bytes.view);
  EXPECT_EQ(header->base_offset.value, 40);
  EXPECT_EQ(header->max_timestamp.value, 1041);
}

TEST_F(Segments, LimitsOfARead) {
  append_many(20, 1 << 20);
  EXPECT_EQ(read(0, 1'000, 1)->size(), 1U);
  EXPECT_EQ(read(0, 5)->back().base_offset.value, 4);
  EXPECT_EQ(read(0, 4)->back().base_offset.value, 2);
  EXPECT_TRUE(read(40)->empty());
  const std::uint64_t one = entry_of(0, 0).length;
  EXPECT_EQ(read(10, 1'000, one * 3 + 20)->size(), 3U);
}

TEST_F(Segments, OffsetsMayHaveHoles) {
  ASSERT_TRUE(append({test_batch(5, 1, "a"), test_batch(50, 1, "b")}).has_value());
  ASSERT_TRUE(append({test_batch(500, 1, "c")}, 10).has_value());
  EXPECT_EQ(set_->first_offset().value, 5);
  EXPECT_EQ(read(0)->front().base_offset.value, 5);
  EXPECT_EQ(read(6)->front().base_offset.value, 50);
  EXPECT_EQ(read(51)->front().base_offset.value, 500);
  EXPECT_TRUE(read(51, 500)->empty());
}

TEST_F(Segments, StoresItsOwnPrefixForASharedBatch) {
  BatchRef shared = test_batch(0, 3, "shared");
  shared.base_offset = Offset(70);
  shared.last_offset = Offset(72);
  shared.epoch = Epoch(9);
  ASSERT_TRUE(append({shared}).has_value());
  const auto header = model::parse_batch_header(read(70)->front().bytes.view);
  EXPECT_EQ(header->base_offset.value, 70);
  EXPECT_EQ(header->leader_epoch.value, 9);
}

TEST_F(Segments, PlacesAreKnownBeforeTheWrite) {
  append_many(2, 1 << 20);
  const std::vector<BatchRef> batches = {test_batch(4, 1, "x"), test_batch(5, 1, "y")};
  SegmentWrite write = set_->plan_append(batches, Bytes(1 << 20));
  ASSERT_EQ(write.places().size(), 2U);
  ASSERT_TRUE(write.execute().has_value());
  const SegmentPlace place = write.places()[1];
  set_->finish(std::move(write));
  const IndexEntry entry = entry_of(0, 5);
  EXPECT_EQ(place.position, entry.position);
  EXPECT_EQ(place.length, entry.length);
  EXPECT_EQ(place.batch_crc, entry.batch_crc);
  EXPECT_EQ(place.segment_base.value, 0);
}

TEST_F(Segments, ReopensAtTheRecordedEnd) {
  append_many(30, 1000);
  const Bytes bytes = set_->bytes();
  ASSERT_TRUE(reopen().has_value());
  EXPECT_TRUE(recovered_damage_.empty());
  EXPECT_EQ(set_->end().value, 60);
  EXPECT_EQ(set_->bytes(), bytes);
  EXPECT_EQ(read_all(), every_second(0, 60));
  append_many(30, 1000);
  EXPECT_EQ(read_all(), every_second(0, 120));
}

TEST_F(Segments, CutsWhatIsNotRecordedAndRemembersItsOffsets) {
  append_many(30, 1000);
  recorded_ = Offset(20);
  ASSERT_TRUE(reopen().has_value());
  EXPECT_TRUE(recovered_damage_.empty());
  EXPECT_EQ(set_->end().value, 20);
  EXPECT_EQ(set_->named_end().value, 60);
  EXPECT_EQ(read_all(), every_second(0, 20));
  const auto bytes = set_->bytes();
  // The same offsets do not come again; what follows the hole reads well.
  ASSERT_TRUE(append({test_batch(60, 2, "after")}, 1000).has_value());
  ASSERT_TRUE(reopen().has_value());
  EXPECT_GT(set_->bytes(), bytes);
  EXPECT_EQ(read(20)->front().base_offset.value, 60);
  EXPECT_TRUE(recovered_damage_.empty());
}

TEST_F(Segments, SurvivesCrashesAtAnyMoment) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    base::Prng random(seed);
    sim::SimDisk disk(seed);
    ASSERT_TRUE(disk.make_directory("s0/logs").has_value());
    ASSERT_TRUE(disk.sync_directory("s0").has_value());
    ASSERT_TRUE(disk.sync_directory("").has_value());
    Offset recorded(0);
    Offset highest(0);
    std::vector<std::int64_t> expected;
    for (int life = 0; life < 4; ++life) {
      FileCache cache(disk, 4);
      std::vector<QuarantinedRange> damage;
      auto opened =
          SegmentSet::open({.cache = &cache, .directory = directory_, .log = kLog, .recorded_end = recorded}, damage);
      ASSERT_TRUE(opened.has_value()) << opened.error().detail;
      ASSERT_TRUE(damage.empty()) << damage.front().reason << " at " << damage.front().first.value;
      SegmentSet& set = **opened;
      ASSERT_EQ(set.end(), recorded);
      std::vector<std::int64_t> seen;
      for (Offset at(0); at < set.end();) {
        SegmentRead job = set.plan_read({at, set.end(), Bytes(2000)});
        const auto batches = job.execute();
        set.finish(std::move(job));
        ASSERT_TRUE(batches.has_value()) << batches.error().detail;
        if (batches->empty()) break;
        for (const BatchRef& batch : *batches) seen.push_back(batch.base_offset.value);
        at = batches->back().last_offset + Offset(1);
      }
      ASSERT_EQ(seen, expected);
      disk.lose_power_after(random.between(1, 40));
      Offset next = std::max(highest, set.named_end());
      while (!disk.power_lost()) {
        std::vector<BatchRef> batches;
        for (std::uint64_t n = random.between(1, 5); n > 0; --n) {
          batches.push_back(test_batch(next.value, 2, std::string(random.below(600), 'x')));
          next = batches.back().last_offset + Offset(1);
        }
        highest = next;
        SegmentWrite write = set.plan_append(batches, Bytes(1500));
        if (!write.execute().has_value()) {
          set.abandon(std::move(write));
          break;
        }
        set.finish(std::move(write));
        recorded = set.end();
        for (const BatchRef& batch : batches) expected.push_back(batch.base_offset.value);
      }
      opened->reset();
      disk.crash(random);
    }
  }
}

TEST_F(Segments, FullDiskAbandonsAndTriesAgain) {
  append_many(5, 1000);
  disk_.set_capacity(disk_.used());
  std::vector<BatchRef> batches;
  for (int i = 0; i < 20; ++i) batches.push_back(test_batch(10 + i, 1, std::string(400, 'f')));
  const auto refused = append(batches, 1000);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, StorageErrc::disk_full);
  EXPECT_EQ(set_->end().value, 10);
  EXPECT_EQ(read_all(), every_second(0, 10));
  disk_.set_capacity(base::mib(100));
  // Fewer and other batches this time: nothing of the first attempt may show.
  ASSERT_TRUE(append({test_batch(30, 2, "later")}, 1000).has_value());
  append_many(10, 1000);
  EXPECT_EQ(read(10)->front().base_offset.value, 30);
  EXPECT_TRUE(found_damage_.empty());
  ASSERT_TRUE(reopen().has_value());
  EXPECT_TRUE(recovered_damage_.empty());
  EXPECT_EQ(read(10)->front().base_offset.value, 30);
  EXPECT_EQ(read_all().size(), 5U + 1U + 10U);
}

TEST_F(Segments, TrimFreesWholeSegments) {
  append_many(40, 1000);
  const Bytes before = set_->bytes();
  SegmentRemoval removal = set_->trim(Offset(31));
  ASSERT_FALSE(removal.empty());
  EXPECT_LE(set_->first_offset().value, 31);
  EXPECT_GE(set_->first_offset().value, 20);
  ASSERT_TRUE(removal.execute().has_value());
  set_->finish(std::move(removal));
  EXPECT_LT(set_->bytes(), before);
  EXPECT_EQ(read_all(31).front(), 30);
  const Bytes bytes = set_->bytes();
  ASSERT_TRUE(reopen(31).has_value());
  EXPECT_EQ(set_->bytes(), bytes);
  EXPECT_TRUE(recovered_damage_.empty());
}

TEST_F(Segments, TrimToTheEndLeavesNothing) {
  append_many(40, 1000);
  SegmentRemoval removal = set_->trim(Offset(80));
  ASSERT_TRUE(removal.execute().has_value());
  set_->finish(std::move(removal));
  EXPECT_EQ(set_->segments(), 0U);
  EXPECT_EQ(set_->bytes().value, 0U);
  EXPECT_TRUE(disk_.list(directory_).value().empty());
  ASSERT_TRUE(reopen(80).has_value());
  EXPECT_TRUE(recovered_damage_.empty());
  EXPECT_EQ(set_->end().value, 80);
  append_many(3);
  EXPECT_EQ(read_all(80), every_second(80, 86));
}

TEST_F(Segments, ReadOfATrimmedSegmentIsBelowTheStart) {
  append_many(40, 1000);
  SegmentRead job = set_->plan_read({Offset(0), Offset(80)});
  SegmentRemoval removal = set_->trim(Offset(40));
  ASSERT_TRUE(removal.execute().has_value());
  const auto result = job.execute();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, StorageErrc::below_start);
  EXPECT_TRUE(set_->finish(std::move(job)).empty());
}

TEST_F(Segments, LeftoversBelowTheStartAreRemovedAtOpen) {
  append_many(40, 1000);
  const std::size_t files = disk_.list(directory_).value().size();
  ASSERT_TRUE(reopen(40).has_value());
  EXPECT_TRUE(recovered_damage_.empty());
  EXPECT_LT(disk_.list(directory_).value().size(), files);
  EXPECT_EQ(read_all(40), every_second(40, 80));
}

TEST_F(Segments, ClearRemovesTheDirectory) {
  append_many(10, 1000);
  SegmentRemoval removal = set_->clear();
  ASSERT_TRUE(removal.execute().has_value());
  EXPECT_FALSE(disk_.exists(directory_));
}

TEST_F(Segments, BoundsOpenFiles) {
  append_many(100, 300);
  ASSERT_GT(set_->segments(), 20U);
  EXPECT_EQ(read_all().size(), 100U);
  EXPECT_LE(cache_.open_files(), 8U);
}

TEST_F(Segments, FindsTimes) {
  // Timestamps go up and down: 1000 + i * 10, but every fifth is far ahead.
  for (int i = 0; i < 50; ++i) {
    const std::int64_t time = i % 10 == 5 ? 1000 + i * 10 + 75 : 1000 + i * 10;
    ASSERT_TRUE(append({test_batch(i, 1, "time", time)}, 600).has_value());
  }
  const auto first_at_least = [&](std::int64_t start, std::int64_t time) {
    return set_->plan_find_time(Offset(start), Timestamp(time)).execute().value();
  };
  const auto naive = [](std::int64_t start, std::int64_t time) {
    for (std::int64_t i = start; i < 50; ++i) {
      if ((i % 10 == 5 ? 1000 + i * 10 + 75 : 1000 + i * 10) >= time) return i;
    }
    return std::int64_t{-1};
  };
  for (int pass = 0; pass < 2; ++pass) {
    for (std::int64_t start = 0; start <= 50; start += 3) {
      for (std::int64_t time = 990; time < 1600; time += 7) {
        ASSERT_EQ(first_at_least(start, time).offset.value, naive(start, time)) << start << " " << time;
      }
    }
    EXPECT_EQ(set_->plan_find_max_time(Offset(0)).execute()->offset.value, 45);
    EXPECT_EQ(set_->plan_find_max_time(Offset(46)).execute()->offset.value, 49);
    ASSERT_TRUE(reopen().has_value());
  }
  // Removed segments do not count.
  SegmentRemoval removal = set_->trim(Offset(17));
  ASSERT_TRUE(removal.execute().has_value());
  for (std::int64_t time = 990; time < 1600; time += 7) {
    ASSERT_EQ(first_at_least(17, time).offset.value, naive(17, time)) << time;
  }
}

TEST_F(Segments, RetentionByBytesAndTime) {
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(append({test_batch(i, 1, "retained", 1000, 1, 10'000 + i * 100)}, 600).has_value());
  }
  const auto new_start = [&](LogOptions options, std::int64_t now) {
    return set_->plan_retention(Timestamp(now), options, Bytes(0)).execute().value();
  };
  EXPECT_EQ(new_start({}, 99'999'999), model::kNoOffset);
  EXPECT_EQ(new_start({.retain_bytes = Bytes(1 << 30)}, 0), model::kNoOffset);
  EXPECT_EQ(new_start({.retain_time = Millis(1000)}, 10'500), model::kNoOffset);
  const Offset by_time = new_start({.retain_time = Millis(1000)}, 13'000);
  EXPECT_GT(by_time.value, 10);
  EXPECT_LE(by_time.value, 20);
  // All expired: also the segment that is open.
  EXPECT_EQ(new_start({.retain_time = Millis(1000)}, 1'000'000).value, 40);
  const std::uint64_t limit = set_->bytes().value / 2;
  const Offset by_bytes = new_start({.retain_bytes = Bytes(limit)}, 0);
  SegmentRemoval removal = set_->trim(by_bytes);
  ASSERT_TRUE(removal.execute().has_value());
  set_->finish(std::move(removal));
  EXPECT_GE(set_->bytes().value, limit);
  EXPECT_LT(set_->bytes().value, limit + 700);
}

TEST_F(Segments, VerifiesAFlushThatIsNotRecordedYet) {
  append_many(10, 1000);
  const auto verify = [&](std::int64_t from, std::int64_t until) {
    return SegmentSet::verify_flushed(cache_, directory_, kLog, Offset(from), Offset(until)).value();
  };
  EXPECT_TRUE(verify(0, 20));
  EXPECT_TRUE(verify(6, 20));
  EXPECT_TRUE(verify(20, 20));
  EXPECT_FALSE(verify(6, 21));
  EXPECT_FALSE(verify(6, 19));
  EXPECT_FALSE(verify(6, 30));
  // The last batch's data differs.
  const auto names = disk_.list(directory_).value();
  bool is_index = false;
  const std::int64_t last_segment = parse_segment_name(names.back(), is_index)->base.value;
  const IndexEntry entry = entry_of(last_segment, 18);
  const std::uint8_t byte[] = {0xFF};
  overwrite(data_path(last_segment), entry.end_position() - 1, byte);
  EXPECT_FALSE(verify(6, 20));
  EXPECT_TRUE(verify(0, 18));
}

/// The figures of docs/on-disk-format.md.
TEST_F(Segments, StoredBytesForSmallMessages) {
  const std::vector<std::pair<int, std::size_t>> published = {{1, 148}, {10, 355}, {100, 2461}};
  for (const auto& [records, bytes] : published) {
    model::BatchBuilder builder;
    builder.start({});
    for (int i = 0; i < records; ++i) {
      const bytes::ByteView parts[] = {bytes::as_bytes("sixteen bytes...")};
      builder.add({.timestamp = Timestamp(1000), .key = {}, .value_parts = parts, .header_parts = {}});
    }
    EXPECT_EQ(builder.finish().size() + kIndexEntrySize, bytes);
  }
}

TEST_F(Segments, VerifyNoticesAMissingEndOfTheSegmentBefore) {
  append_many(3, 1 << 20);
  const std::uint64_t entries = content(idx_path(0)).size();
  append_many(1, 1 << 20);
  ASSERT_TRUE(append({test_batch(8, 2, "rolled")}, 10).has_value());
  const auto verify = [&] {
    return SegmentSet::verify_flushed(cache_, directory_, kLog, Offset(6), Offset(10)).value();
  };
  EXPECT_TRUE(verify());
  resize(idx_path(0), entries);
  EXPECT_FALSE(verify());
}

}  // namespace
}  // namespace millrace::storage

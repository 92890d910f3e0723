#include <gtest/gtest.h>

#include <algorithm>

#include "storage/segment_fixture_test.h"

namespace millrace::storage {
namespace {

/// Segments of about ten batches, of which only few are still needed.
class Rewrite : public SegmentFixture {
 protected:
  /// What only offsets divisible by 40 need.
  static bool needed(Offset first, Offset last) {
    for (std::int64_t at = first.value; at <= last.value; ++at) {
      if (at % 40 == 0) return true;
    }
    return false;
  }
  std::vector<std::int64_t> needed_bases(std::int64_t end) {
    std::vector<std::int64_t> result;
    for (std::int64_t base = 0; base < end; base += 40) result.push_back(base);
    return result;
  }
  std::int64_t first_open_base() {
    bool is_index = false;
    return parse_segment_name(disk_.list(directory_).value().back(), is_index)->base.value;
  }
  /// Rewrites every closed segment once; returns how many were.
  int rewrite_all(std::int64_t start = 0) {
    int rewritten = 0;
    for (std::size_t n = set_->segments(); n > 1; --n) {
      auto job = set_->plan_rewrite(Offset(start));
      if (!job.has_value()) break;
      const auto loaded = job->load();
      EXPECT_TRUE(loaded.has_value()) << loaded.error().detail;
      if (job->choose(needed)) {
        const auto done = job->execute();
        EXPECT_TRUE(done.has_value()) << done.error().detail;
        ++rewritten;
      }
      SegmentRemoval removal = set_->finish(std::move(*job));
      EXPECT_TRUE(removal.execute().has_value());
      set_->finish(std::move(removal));
    }
    return rewritten;
  }
  /// What is read, without the batches of the open segment.
  std::vector<std::int64_t> read_closed() {
    std::vector<std::int64_t> result = read_all();
    const std::int64_t open = first_open_base();
    std::erase_if(result, [&](std::int64_t base) { return base >= open; });
    return result;
  }
};

TEST_F(Rewrite, KeepsWhatIsNeededAndFreesTheRest) {
  append_many(100, 1200);
  const std::uint64_t before = set_->bytes().value;
  const std::int64_t open = first_open_base();
  EXPECT_GT(rewrite_all(), 3);
  EXPECT_LT(set_->bytes().value, before / 4);
  EXPECT_EQ(read_closed(), needed_bases(open));
  EXPECT_TRUE(found_damage_.empty());
  // A second look finds nothing to gain.
  const Bytes bytes = set_->bytes();
  rewrite_all();
  EXPECT_EQ(read_closed(), needed_bases(open));
  EXPECT_EQ(set_->bytes(), bytes);
  ASSERT_TRUE(reopen().has_value());
  EXPECT_TRUE(recovered_damage_.empty());
  EXPECT_EQ(set_->bytes(), bytes);
  EXPECT_EQ(read_closed(), needed_bases(open));
  append_many(20, 1200);
  EXPECT_EQ(set_->plan_find_time(Offset(0), Timestamp(1042)).execute()->offset.value, 80);
}

TEST_F(Rewrite, SegmentsWithManyNeededBatchesStay) {
  append_many(30, 1200);
  auto job = set_->plan_rewrite(Offset(0));
  ASSERT_TRUE(job.has_value());
  ASSERT_TRUE(job->load().has_value());
  EXPECT_FALSE(job->choose([](Offset, Offset) { return true; }));
  EXPECT_TRUE(set_->finish(std::move(*job)).empty());
  EXPECT_EQ(read_all().size(), 30U);
}

TEST_F(Rewrite, TrimmedWhileItRan) {
  append_many(30, 1200);
  auto job = set_->plan_rewrite(Offset(0));
  ASSERT_TRUE(job->load().has_value());
  ASSERT_TRUE(job->choose(needed));
  SegmentRemoval trimmed = set_->trim(Offset(60));
  ASSERT_TRUE(job->execute().has_value());
  ASSERT_TRUE(trimmed.execute().has_value());
  set_->finish(std::move(trimmed));
  SegmentRemoval superfluous = set_->finish(std::move(*job));
  ASSERT_TRUE(superfluous.execute().has_value());
  set_->finish(std::move(superfluous));
  EXPECT_TRUE(disk_.list(directory_).value().empty());
  EXPECT_EQ(set_->bytes().value, 0U);
}

TEST_F(Rewrite, DamagedBatchLeavesTheOldSegment) {
  append_many(30, 1200);
  const std::uint8_t byte[] = {0xEE};
  overwrite(data_path(0), entry_of(0, 0).end_position() - 2, byte);
  auto job = set_->plan_rewrite(Offset(0));
  ASSERT_TRUE(job->load().has_value());
  ASSERT_TRUE(job->choose(needed));
  EXPECT_EQ(job->execute().error().code, StorageErrc::damaged);
  EXPECT_TRUE(set_->finish(std::move(*job)).empty());
  EXPECT_EQ(read_all().size(), 29U);
  ASSERT_EQ(found_damage_.size(), 1U);
  EXPECT_EQ(found_damage_[0].last.value, 1);
}

TEST_F(Rewrite, FullDiskLeavesTheOldSegment) {
  append_many(30, 1200);
  auto job = set_->plan_rewrite(Offset(0));
  ASSERT_TRUE(job->load().has_value());
  ASSERT_TRUE(job->choose(needed));
  disk_.set_capacity(disk_.used());
  EXPECT_EQ(job->execute().error().code, StorageErrc::disk_full);
  EXPECT_TRUE(set_->finish(std::move(*job)).empty());
  EXPECT_EQ(read_all().size(), 30U);
}

TEST_F(Rewrite, SurvivesACrashAtEachStep) {
  for (std::uint64_t step = 1; step < 14; ++step) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      SCOPED_TRACE(step * 100 + seed);
      base::Prng random(seed * 31 + step);
      disk_.remove_tree(directory_).value();
      ASSERT_TRUE(disk_.sync_directory("s0/logs").has_value());
      FileCache cache(disk_, 8);
      set_ = std::make_unique<SegmentSet>(cache, directory_, kLog);
      append_many(30, 1200);
      const std::int64_t open = first_open_base();
      auto job = set_->plan_rewrite(Offset(0));
      ASSERT_TRUE(job->load().has_value());
      ASSERT_TRUE(job->choose(needed));
      disk_.lose_power_after(step);
      if (job->execute().has_value()) {
        SegmentRemoval removal = set_->finish(std::move(*job));
        (void)removal.execute().has_value();
      }
      job.reset();
      set_.reset();
      disk_.crash(random);
      ASSERT_TRUE(reopen().has_value());
      EXPECT_TRUE(recovered_damage_.empty());
      const std::vector<std::int64_t> seen = read_all();
      for (const std::int64_t base : needed_bases(open)) ASSERT_TRUE(std::ranges::count(seen, base) == 1) << base;
      EXPECT_TRUE(found_damage_.empty());
      set_.reset();
    }
  }
}

}  // namespace
}  // namespace millrace::storage

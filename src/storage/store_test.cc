#include "storage/store.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "storage/journal.h"
#include "storage/store_fixture_test.h"
#include "testing/sim_disk.h"
#include "testing/sim_world.h"

namespace millrace::storage {
namespace {

TEST_F(StoreTest, AppendedBatchesBecomeVisibleWhenTheRoundIsDurable) {
  open();
  Log* log = create(1);
  EXPECT_EQ(append(log, 1, 3), Offset(0));
  EXPECT_EQ(append(log, 2, 2), Offset(3));
  EXPECT_EQ(log->appended_end(), Offset(5));
  EXPECT_EQ(log->committed_end(), Offset(0));
  EXPECT_TRUE(read_all(log, Offset(0)).empty());
  commit();
  EXPECT_EQ(log->committed_end(), Offset(5));
  EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(read_all(log, Offset(4)), (std::vector<std::uint64_t>{2}));
}

TEST_F(StoreTest, CommittedDataSurvivesLossOfPower) {
  open();
  Log* log = create(1);
  attach(5);
  append(log, 1, 3);
  command(5, 10, 100);
  commit();
  append(log, 2);
  command(5, 11, 111);
  commit();
  restart(true);
  log = store_->find_log(LogId(1));
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(log->committed_end(), Offset(4));
  EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(target_.machines[StateId(5)]->values, (std::map<std::uint64_t, std::uint64_t>{{10, 100}, {11, 111}}));
  EXPECT_EQ(report_.batches_replayed, 2u);
  EXPECT_EQ(report_.commands_replayed, 2u);
  EXPECT_TRUE(report_.quarantined.empty());
  EXPECT_EQ(append(log, 3), Offset(4));
  EXPECT_EQ(log->epoch(), Epoch(1));
  commit();
  ASSERT_EQ(log->epochs().size(), 2u);
  EXPECT_EQ(log->epochs()[1].start, Offset(4));
}

// Every name on the way down from the root must be durable as well, not only the last ones.
TEST_F(StoreTest, CommittedDataSurvivesLossOfPowerFarBelowTheRoot) {
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    options_.directory = "d" + std::to_string(seed) + "/in/the/disk";
    target_.logs.clear();
    open();
    append(create(1), 1, 3);
    commit();
    stop();
    base::Prng prng(seed);
    disk_.crash(prng);
    open();
    Log* log = store_->find_log(LogId(1));
    ASSERT_NE(log, nullptr) << options_.directory;
    EXPECT_EQ(log->committed_end(), Offset(3)) << options_.directory;
    stop();
  }
}

TEST_F(StoreTest, UncommittedDataMayGoButNothingElse) {
  open();
  Log* log = create(1);
  append(log, 1);
  commit();
  append(log, 2);
  restart(true);
  log = store_->find_log(LogId(1));
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{1}));
}

TEST_F(StoreTest, LargeBatchesGoToSegmentsWithWhatCameBefore) {
  open();
  Log* log = create(1);
  append(log, 1);
  commit();
  append(log, 2);
  append(log, 3, 4, 8000);
  append(log, 4);
  commit();
  EXPECT_GT(store_->stats().segment_bytes, 32'000u);
  EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  for (int i = 0; i < 2; ++i) {
    restart(true);
    log = store_->find_log(LogId(1));
    ASSERT_NE(log, nullptr);
    EXPECT_EQ(log->committed_end(), Offset(7));
    EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{1, 2, 3, 4}));
    EXPECT_TRUE(report_.quarantined.empty());
  }
  EXPECT_GT(cold_reads_, 0);
}

TEST_F(StoreTest, OldJournalFilesAreRetired) {
  open();
  Log* busy = create(1);
  Log* quiet = create(2);
  attach(5);
  append(quiet, 1000);
  command(5, 1, 1);
  commit();
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 1500; ++i) {
    expected.push_back(i);
    append(busy, i, 1, 1500);
    if (i % 10 == 9) commit();
  }
  ASSERT_TRUE(world_.settle());
  const auto files = disk_.list("shard-0/journal");
  ASSERT_TRUE(files);
  EXPECT_LE(files->size(), 3 + Journal::kSpares);
  EXPECT_LT(store_->stats().tail_bytes, std::uint64_t{18} << 20);
  EXPECT_EQ(read_all(busy, Offset(0)), expected);
  restart(true);
  EXPECT_EQ(read_all(store_->find_log(LogId(1)), Offset(0)), expected);
  EXPECT_EQ(read_all(store_->find_log(LogId(2)), Offset(0)), (std::vector<std::uint64_t>{1000}));
  EXPECT_EQ(target_.machines[StateId(5)]->values.at(1), 1u);
  EXPECT_GT(cold_reads_, 0);
}

TEST_F(StoreTest, WhatIsSettledInTimeGoesToNoSegment) {
  options_.direct_backlog_bytes = base::mib(1);
  open();
  Log* log = create(1);
  for (std::uint64_t i = 0; i < 400; ++i) {
    // Every tenth is larger than direct_write_bytes.
    append(log, i, i % 10 == 0 ? 5 : 1, 5000);
    if (i % 10 != 9) continue;
    commit();
    // About 150 KiB stay: more than a small tail, less than a journal file.
    if (i >= 29) log->trim(Offset(log->committed_end().value - 28));
  }
  ASSERT_TRUE(world_.settle());
  EXPECT_GT(store_->stats().journal_bytes, std::uint64_t{8} * options_.journal_file_bytes.value);
  EXPECT_EQ(store_->stats().segment_bytes, 0u);
  const Offset start = log->start();
  const std::vector<std::uint64_t> left = read_all(log, start);
  restart(true);
  EXPECT_EQ(read_all(store_->find_log(LogId(1)), start), left);
}

TEST_F(StoreTest, ManySmallTailsGoToSegmentsTogether) {
  constexpr std::uint64_t kLogs = 200;
  open();
  for (std::uint64_t id = 1; id <= kLogs; ++id) create(id);
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 20; ++i) {
    expected.push_back(i);
    for (std::uint64_t id = 1; id <= kLogs; ++id) append(store_->find_log(LogId(id)), i, 1, 300);
    commit();
  }
  ASSERT_TRUE(world_.settle());
  EXPECT_GT(store_->stats().segment_bytes, 300 * kLogs);
  for (int i = 0; i < 2; ++i) {
    restart(true);
    EXPECT_TRUE(report_.quarantined.empty());
    for (std::uint64_t id = 1; id <= kLogs; ++id) {
      ASSERT_EQ(read_all(store_->find_log(LogId(id)), Offset(0)), expected) << id;
    }
  }
}

TEST_F(StoreTest, TrimFreesSegmentsAndIsDurable) {
  open();
  LogOptions options;
  options.segment_bytes = base::kib(64);
  Log* log = create(1, options);
  for (std::uint64_t i = 0; i < 40; ++i) {
    append(log, i, 1, 20'000);
    commit();
  }
  const Bytes before = log->size();
  log->trim(Offset(30));
  commit();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(log->start(), Offset(30));
  EXPECT_LT(log->size().value, before.value / 2);
  restart(true);
  log = store_->find_log(LogId(1));
  EXPECT_EQ(log->start(), Offset(30));
  EXPECT_EQ(read_all(log, Offset(30)).front(), 30u);
  EXPECT_EQ(log->committed_end(), Offset(40));
}

TEST_F(StoreTest, EmptiedLogDoesNotReuseOffsets) {
  open();
  Log* log = create(1);
  append(log, 1, 10);
  commit();
  log->trim(Offset(10));
  commit();
  restart(true);
  log = store_->find_log(LogId(1));
  EXPECT_EQ(log->start(), Offset(10));
  EXPECT_EQ(log->committed_end(), Offset(10));
  EXPECT_EQ(append(log, 2), Offset(10));
}

TEST_F(StoreTest, DeletedLogIsGoneWithItsFiles) {
  open();
  Log* log = create(1);
  append(log, 1, 4, 8000);
  commit();
  ASSERT_TRUE(world_.settle());
  ASSERT_TRUE(disk_.exists("shard-0/logs/0000000000000001"));
  bool told = false;
  log->read_cold({Offset(0), Offset(4)}, [&](Result<std::vector<BatchRef>> read) {
    told = !read && read.error().code == StorageErrc::unknown_log;
  });
  store_->delete_log(LogId(1));
  target_.logs.erase(LogId(1));
  EXPECT_EQ(store_->find_log(LogId(1)), nullptr);
  commit();
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(told);
  EXPECT_FALSE(disk_.exists("shard-0/logs/0000000000000001"));
  restart(true);
  EXPECT_EQ(store_->find_log(LogId(1)), nullptr);
}

TEST_F(StoreTest, MemoryLogCommitsAtTheEndOfTheTurnAndIsGoneAfterwards) {
  open();
  int commits = 0;
  store_->on_commit([&](Round) { ++commits; });
  const Round before = store_->committed_round();
  Log* log = create(1, {.durability = Durability::memory});
  append(log, 1, 3);
  ASSERT_TRUE(world_.run_until([&] { return log->committed_end() == Offset(3); }, kPatience));
  EXPECT_EQ(commits, 1);
  EXPECT_EQ(store_->committed_round(), before);
  EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{1}));
  restart(false);
  EXPECT_EQ(store_->find_log(LogId(1)), nullptr);
}

TEST_F(StoreTest, OsDurabilityDoesNotWaitForTheDiskButSurvivesAKill) {
  open();
  Log* log = create(1, {.durability = Durability::os});
  commit();
  ASSERT_TRUE(world_.settle());
  const std::uint64_t syncs = disk_.stats().syncs;
  append(log, 1);
  commit();
  EXPECT_EQ(disk_.stats().syncs, syncs);
  restart(false);
  EXPECT_EQ(read_all(store_->find_log(LogId(1)), Offset(0)), (std::vector<std::uint64_t>{1}));
  // What recovery has shown must not go away with the power.
  restart(true);
  EXPECT_EQ(read_all(store_->find_log(LogId(1)), Offset(0)), (std::vector<std::uint64_t>{1}));
}

TEST_F(StoreTest, FullDiskRefusesAppendsButTakesCommandsAndTrims) {
  open();
  Log* log = create(1);
  attach(5);
  append(log, 1);
  commit();
  ASSERT_TRUE(world_.settle());
  disk_.set_capacity(Bytes(disk_.used().value + 1000));
  world_.run_for(base::Nanos(3'000'000'000));
  EXPECT_TRUE(store_->disk_full());
  EXPECT_FALSE(store_->has_space(Bytes(1)));
  const auto refused = store_->append(*log, make_batch(2, 1, 10));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, StorageErrc::disk_full);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    command(5, i, i);
    if (i % 50 == 0) commit();
  }
  log->trim(Offset(1));
  commit();
  disk_.set_capacity(base::mib(100));
  world_.run_for(base::Nanos(3'000'000'000));
  EXPECT_FALSE(store_->disk_full());
  append(log, 3);
  commit();
  restart(true);
  EXPECT_EQ(target_.machines[StateId(5)]->values.size(), 2000u);
  EXPECT_EQ(read_all(store_->find_log(LogId(1)), Offset(1)), (std::vector<std::uint64_t>{3}));
}

TEST_F(StoreTest, FailingSyncStopsTheStore) {
  open();
  Log* log = create(1);
  commit();
  disk_.faults().sync_failure = 1'000'000;
  append(log, 1);
  world_.run_for(base::Nanos(1'000'000'000));
  EXPECT_FALSE(fatal_.empty());
  EXPECT_EQ(log->committed_end(), Offset(0));
}

TEST_F(StoreTest, CleanStopLeavesNothingToCut) {
  open();
  Log* log = create(1);
  attach(5);
  append(log, 1);
  command(5, 1, 2);
  bool stopped = false;
  store_->shutdown([&] { stopped = true; });
  ASSERT_TRUE(world_.run_until([&] { return stopped; }, kPatience));
  restart(true);
  EXPECT_EQ(report_.bytes_cut, Bytes(0));
  EXPECT_EQ(report_.commands_replayed, 0u);
  EXPECT_EQ(target_.machines[StateId(5)]->values.at(1), 2u);
  EXPECT_EQ(read_all(store_->find_log(LogId(1)), Offset(0)), (std::vector<std::uint64_t>{1}));
}

TEST_F(StoreTest, FindsOffsetsByTime) {
  open();
  Log* log = create(1);
  for (std::int64_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(store_->append(*log, make_batch(1, 2, i < 5 ? 20'000 : 100, 1000 + i * 10)));
    commit();
  }
  std::vector<Offset> found;
  for (const std::int64_t at : {0, 1015, 1065, 2000}) {
    bool done = false;
    log->find_time(Timestamp(at), [&](Result<Log::TimeLookup> result) {
      ASSERT_TRUE(result);
      found.push_back(result->offset);
      done = true;
    });
    ASSERT_TRUE(world_.run_until([&] { return done; }, kPatience));
  }
  EXPECT_EQ(found, (std::vector<Offset>{Offset(0), Offset(4), Offset(14), model::kNoOffset}));
}

/// Flips a bit in the journal where the batch with this tag lies.
void damage_batch(sim::SimDisk& disk, std::uint64_t tag, const std::string& path) {
  const auto content = disk.durable_content(path);
  bytes::ByteVector wanted;
  bytes::Writer(wanted).u64(tag);
  const auto at = std::search(content.begin(), content.end(), wanted.begin(), wanted.end());
  ASSERT_NE(at, content.end());
  auto file = disk.open(path, io::OpenMode::read_write);
  ASSERT_TRUE(file);
  const std::uint8_t flipped[] = {static_cast<std::uint8_t>(*at ^ 0x10)};
  ASSERT_TRUE((*file)->write_at(static_cast<std::uint64_t>(at - content.begin()), flipped));
  ASSERT_TRUE((*file)->sync());
}

TEST_F(StoreTest, DamageInTheJournalIsReportedSetAsideAndRemembered) {
  open();
  Log* log = create(1);
  Log* other = create(2);
  for (std::uint64_t i = 0; i < 5; ++i) {
    append(log, 0xABCD00 + i, 2);
    append(other, i);
    commit();
  }
  stop();
  damage_batch(disk_, 0xABCD02, "shard-0/journal/0000000000000001.wal");
  std::vector<std::uint64_t> others{0, 1, 2, 3, 4};
  for (int i = 0; i < 3; ++i) {
    open();
    log = store_->find_log(LogId(1));
    other = store_->find_log(LogId(2));
    EXPECT_EQ(log->committed_end(), Offset(10));
    EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{0xABCD00, 0xABCD01, 0xABCD03, 0xABCD04}));
    EXPECT_EQ(log->skip_quarantined(Offset(4)), Offset(6));
    EXPECT_EQ(log->skip_quarantined(Offset(3)), Offset(3));
    EXPECT_EQ(read_all(other, Offset(0)), others);
    ASSERT_EQ(store_->quarantined().size(), 1u);
    EXPECT_EQ(store_->quarantined()[0].first, Offset(4));
    EXPECT_EQ(store_->quarantined()[0].last, Offset(5));
    // The file with the damage is retired: neither its bytes nor what is known of it may be forgotten.
    for (std::uint64_t k = 0; k < 600; ++k) {
      others.push_back(100 + k);
      append(other, 100 + k, 1, 1500);
      if (k % 20 == 19) commit();
    }
    ASSERT_TRUE(world_.settle());
    EXPECT_TRUE(disk_.exists("shard-0/journal/0000000000000001.wal.damaged"));
    stop();
  }
}

TEST_F(StoreTest, DroppedStateStaysDropped) {
  open();
  attach(5);
  attach(6);
  command(5, 1, 1);
  command(6, 2, 2);
  commit();
  store_->drop_state(StateId(5));
  commit();
  restart(true);
  EXPECT_EQ(target_.machines[StateId(5)]->count, 0u);
  EXPECT_EQ(target_.machines[StateId(6)]->count, 1u);
}

}  // namespace
}  // namespace millrace::storage

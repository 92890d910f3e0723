// What recovery does when synced data is damaged: it reports, deletes nothing that may be good, and reuses no offset.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "storage/journal.h"
#include "storage/journal_scan.h"
#include "storage/store_fixture_test.h"

namespace millrace::storage {
namespace {

class StoreDamage : public StoreTest {
 protected:
  static std::string file(std::uint64_t sequence) { return "shard-0/journal/" + Journal::file_name(sequence); }

  /// Overwrites the headers of all rounds in the journal that `chosen` picks; returns how many.
  int behead(const std::function<bool(const ScannedRound&)>& chosen) {
    int count = 0;
    const auto names = disk_.list("shard-0/journal");
    EXPECT_TRUE(names);
    for (const std::string& name : *names) {
      const std::string path = "shard-0/journal/" + name;
      const bytes::ByteVector content = disk_.durable_content(path);
      JournalScanner scanner(content, Journal::parse_file_name(name));
      for (ScannedRound round; scanner.next(round); round = ScannedRound{}) {
        if (!chosen(round)) continue;
        ++count;
        overwrite(path, round.position);
      }
    }
    return count;
  }
  /// The sector at `position` of the one round that `chosen` picks cannot be read any more.
  void spoil(const std::function<bool(const ScannedRound&)>& chosen, std::uint64_t position) {
    const auto names = disk_.list("shard-0/journal");
    ASSERT_TRUE(names);
    for (const std::string& name : *names) {
      const std::string path = "shard-0/journal/" + name;
      const bytes::ByteVector content = disk_.durable_content(path);
      JournalScanner scanner(content, Journal::parse_file_name(name));
      for (ScannedRound round; scanner.next(round); round = ScannedRound{}) {
        if (!chosen(round)) continue;
        ASSERT_TRUE(disk_.spoil_sector_at(path, round.position + position));
      }
    }
  }
  void overwrite(const std::string& path, std::uint64_t position) {
    auto opened = disk_.open(path, io::OpenMode::read_write);
    ASSERT_TRUE(opened);
    const bytes::ByteVector rot(kRoundHeaderSize, 0xEE);
    ASSERT_TRUE((*opened)->write_at(position, rot));
    ASSERT_TRUE((*opened)->sync());
  }
  static bool names_log(const ScannedRound& round, LogId log) {
    return std::ranges::any_of(round.record->ends, [&](const auto& end) { return end.log == log; });
  }
};

TEST_F(StoreDamage, ALostRoundHeaderDoesNotFreeTheOffsetsOfItsRound) {
  open();
  Log* log = create(1);
  Log* other = create(2);
  append(log, 1, 5);
  commit();
  append(log, 2, 5);
  commit();
  append(other, 3);
  commit();
  stop();
  ASSERT_EQ(behead([](const ScannedRound& r) {
              return r.record && names_log(r, LogId(1)) && r.record->ends.front().end == Offset(10);
            }),
            1);
  open();
  EXPECT_FALSE(report_.quarantined.empty());
  log = store_->find_log(LogId(1));
  EXPECT_GE(append(log, 4), Offset(10));
  commit();
  EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{1, 4}));
}

TEST_F(StoreDamage, ARoundThatAnEarlierStartFoundIsMissedWhenItsHeaderIsLost) {
  open();
  Log* log = create(1);
  append(log, 1, 5);
  commit();
  append(log, 2, 5);
  commit();
  restart(false);
  restart(false);
  ASSERT_TRUE(report_.quarantined.empty());
  stop();
  ASSERT_EQ(behead([](const ScannedRound& r) {
              return r.record && names_log(r, LogId(1)) && r.record->ends.front().end == Offset(10) &&
                     std::ranges::any_of(r.entries,
                                         [](const EntryView& e) { return e.type == EntryType::batch_append; });
            }),
            1);
  open();
  EXPECT_FALSE(report_.quarantined.empty());
  log = store_->find_log(LogId(1));
  EXPECT_GE(append(log, 4), Offset(10));
  commit();
  EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{1, 4}));
}

TEST_F(StoreDamage, SegmentsThatOnlyALostRoundVouchedForAreKept) {
  open();
  Log* log = create(1);
  Log* other = create(2);
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 20; ++i) {
    append(log, i, 1, 20'000);
    expected.push_back(i);
    commit();
  }
  append(other, 100);
  commit();
  append(log, 20);
  expected.push_back(20);
  commit();
  append(other, 101);
  commit();
  stop();
  ASSERT_GT(behead([](const ScannedRound& r) {
              return std::ranges::any_of(r.entries, [](const EntryView& e) {
                return e.type == EntryType::log_meta || e.type == EntryType::log_flushed;
              });
            }),
            19);
  open();
  EXPECT_FALSE(report_.quarantined.empty());
  log = store_->find_log(LogId(1));
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(read_all(log, Offset(0)), expected);
  EXPECT_GE(append(log, 21), Offset(21));
  commit();
  EXPECT_EQ(read_all(store_->find_log(LogId(2)), Offset(0)), (std::vector<std::uint64_t>{100, 101}));
}

TEST_F(StoreDamage, AMissingOldestJournalFileIsReported) {
  open();
  Log* log = create(1);
  append(log, 1, 3);
  commit();
  restart(false);
  append(store_->find_log(LogId(1)), 2);
  commit();
  stop();
  ASSERT_TRUE(disk_.remove(file(1)));
  ASSERT_TRUE(disk_.sync_directory("shard-0/journal"));
  open();
  ASSERT_FALSE(report_.quarantined.empty());
  EXPECT_NE(report_.quarantined.front().reason.find("journal file 1 is missing"), std::string::npos)
      << report_.quarantined.front().reason;
  EXPECT_GE(append(store_->find_log(LogId(1)), 3), Offset(4));
}

TEST_F(StoreDamage, AFileWithoutAReadableRoundIsKeptAside) {
  open();
  append(create(1), 1, 3);
  commit();
  restart(false);
  stop();
  ASSERT_GT(behead([](const ScannedRound& r) { return r.header.file_sequence == 1; }), 0);
  open();
  EXPECT_FALSE(report_.quarantined.empty());
  EXPECT_TRUE(disk_.exists(file(1) + ".damaged"));
}

// --- What the disk refuses to read.

TEST_F(StoreDamage, AnUnreadableSectorOfTheJournalCostsItsRoundOnly) {
  open();
  Log* log = create(1);
  Log* other = create(2);
  append(log, 1, 5);
  commit();
  append(log, 2, 5, 2000);
  commit();
  append(other, 3);
  commit();
  stop();
  spoil([](const ScannedRound& r) { return r.record && names_log(r, LogId(1)) && r.header.body_length > 3000; }, 2048);
  open();
  EXPECT_FALSE(report_.quarantined.empty());
  log = store_->find_log(LogId(1));
  EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{1}));
  EXPECT_GE(append(log, 4), Offset(10));
  commit();
  EXPECT_EQ(log->skip_quarantined(Offset(5)), Offset(10));
  EXPECT_EQ(read_all(store_->find_log(LogId(2)), Offset(0)), (std::vector<std::uint64_t>{3}));
}

// Nothing later says that the last round was synced; that the disk does not read a part of it tells it from a torn one.
TEST_F(StoreDamage, AnUnreadableSectorOfTheLastRoundCostsNothingElseOfIt) {
  open();
  Log* log = create(1);
  Log* other = create(2);
  commit();
  append(other, 3);
  append(log, 2, 5, 2000);
  commit();
  stop();
  spoil([](const ScannedRound& r) { return r.record && names_log(r, LogId(1)) && r.header.body_length > 3000; }, 4096);
  open();
  EXPECT_FALSE(report_.quarantined.empty());
  EXPECT_EQ(read_all(store_->find_log(LogId(2)), Offset(0)), (std::vector<std::uint64_t>{3}));
  EXPECT_GE(append(store_->find_log(LogId(1)), 4), Offset(5));
}

TEST_F(StoreDamage, AJournalFileThatCannotBeOpenedIsKeptAside) {
  open();
  append(create(1), 1, 3);
  commit();
  restart(false);
  append(store_->find_log(LogId(1)), 2);
  commit();
  stop();
  ASSERT_TRUE(disk_.spoil_path(file(1)));
  options_.must_exist = true;
  open();
  EXPECT_FALSE(report_.quarantined.empty());
  EXPECT_TRUE(disk_.exists(file(1) + ".damaged"));
  EXPECT_GE(append(store_->find_log(LogId(1)), 3), Offset(4));
}

TEST_F(StoreDamage, AJournalOfWhichNothingCanBeReadDoesNotStopTheStart) {
  open();
  Log* log = create(1);
  append(log, 1, 1, 20'000);
  commit();
  append(log, 2);
  commit();
  ASSERT_TRUE(world_.settle());
  stop();
  ASSERT_TRUE(disk_.spoil_path("shard-0/journal"));
  options_.must_exist = true;
  open();
  EXPECT_FALSE(report_.quarantined.empty());
  EXPECT_TRUE(disk_.exists("shard-0/journal.damaged"));
  log = store_->find_log(LogId(1));
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(read_all(log, Offset(0)), (std::vector<std::uint64_t>{1}));  // what was in a segment
  EXPECT_GT(append(log, 3), Offset(1));
}

TEST_F(StoreDamage, ALogWhoseDirectoryCannotBeReadIsSetAside) {
  open();
  Log* log = create(1);
  Log* other = create(2);
  append(log, 1, 1, 20'000);
  append(other, 2, 1, 20'000);
  commit();
  stop();
  const std::string directory = "shard-0/logs/0000000000000001";
  ASSERT_TRUE(disk_.spoil_path(directory));
  open();
  EXPECT_FALSE(report_.quarantined.empty());
  EXPECT_TRUE(disk_.exists(directory + ".damaged"));
  EXPECT_EQ(read_all(store_->find_log(LogId(2)), Offset(0)), (std::vector<std::uint64_t>{2}));
  log = store_->find_log(LogId(1));
  EXPECT_EQ(log->skip_quarantined(Offset(0)), Offset(1));
  EXPECT_EQ(append(log, 3, 1, 20'000), Offset(1));
  commit();
  restart(true);
  log = store_->find_log(LogId(1));
  EXPECT_EQ(log->skip_quarantined(Offset(0)), Offset(1)) << "the damage is forgotten";
  EXPECT_EQ(read_all(log, Offset(1)), (std::vector<std::uint64_t>{3}));
}

TEST_F(StoreDamage, ASegmentFileThatCannotBeOpenedCostsTheSegment) {
  for (const char* extension : {".idx", ".seg"}) {
    open();
    const std::uint64_t id = extension[1] == 'i' ? 1 : 2;
    append(create(id), 1, 1, 20'000);
    append(create(id + 10), 2, 1, 20'000);
    commit();
    stop();
    ASSERT_TRUE(disk_.spoil_path(fmt::format("shard-0/logs/{:016x}/{:020}{}", id, 0, extension)));
    open();
    Log* log = store_->find_log(LogId(id));
    EXPECT_EQ(log->skip_quarantined(Offset(0)), Offset(1)) << extension;
    EXPECT_EQ(append(log, 3, 1, 20'000), Offset(1));
    commit();
    EXPECT_EQ(read_all(log, Offset(1)), (std::vector<std::uint64_t>{3}));
    EXPECT_EQ(read_all(store_->find_log(LogId(id + 10)), Offset(0)), (std::vector<std::uint64_t>{2}));
    stop();
  }
}

TEST_F(StoreDamage, AnOwnerThatCannotSpareAnythingIsRefusedAnUnreadableJournal) {
  open();
  append(create(1), 1, 3);
  commit();
  stop();
  ASSERT_TRUE(disk_.spoil_path(file(1)));
  const auto before = disk_.files();
  options_.refuse_damage = true;
  sim::SimLoop& loop = world_.add_loop();
  sim::SimWorkPool pool(world_, 1);
  const StoreEnvironment environment{.loop = &loop, .disk = &disk_, .sync_pool = &pool, .pool = &pool};
  auto opened = Store::open(environment, options_, target_, report_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, StorageErrc::damaged);
  EXPECT_EQ(disk_.files(), before);
}

TEST_F(StoreDamage, AnOwnerThatCannotSpareAnythingIsRefused) {
  open();
  append(create(1), 1, 3);
  commit();
  append(store_->find_log(LogId(1)), 2);
  commit();
  stop();
  behead([](const ScannedRound& r) { return r.header.round == 2; });
  const auto before = disk_.files();
  options_.refuse_damage = true;
  sim::SimLoop& loop = world_.add_loop();
  sim::SimWorkPool pool(world_, 1);
  const StoreEnvironment environment{.loop = &loop, .disk = &disk_, .sync_pool = &pool, .pool = &pool};
  auto opened = Store::open(environment, options_, target_, report_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, StorageErrc::damaged);
  EXPECT_EQ(disk_.files(), before);

  for (const std::string& path : before) {
    if (!path.ends_with(".wal")) continue;
    ASSERT_TRUE(disk_.remove(path));
  }
  options_.refuse_damage = false;
  options_.must_exist = true;
  opened = Store::open(environment, options_, target_, report_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, StorageErrc::damaged);
}

// One of two segment writes of a round finds no space: the round waits for the next one, which may carry meta data of
// the log whose write worked.
TEST_F(StoreDamage, MetaDataDoesNotTakeBackWhatAHeldRoundFlushed) {
  options_.disk_reserve = Bytes(0);
  open();
  Log* works = create(1);
  Log* fails = create(2);
  append(works, 1, 1, 20'000);
  append(fails, 2, 1, 20'000);
  commit();
  ASSERT_TRUE(world_.settle());
  // Which of the two writes gets the space is left to chance.
  const auto segment_size = [this] {
    return disk_.durable_content("shard-0/logs/0000000000000001/00000000000000000000.seg").size();
  };
  std::vector<std::uint64_t> in_works{1};
  std::vector<std::uint64_t> in_fails{2};
  for (std::uint64_t tag = 3; tag < 60; ++tag) {
    const std::size_t before = segment_size();
    disk_.set_capacity(Bytes(disk_.used().value + 100'000));
    append(works, tag, 1, 20'000);
    append(fails, tag, 1, 200'000);
    in_works.push_back(tag);
    in_fails.push_back(tag);
    const Round round = store_->current_round();
    ASSERT_TRUE(world_.run_until([&] { return store_->current_round() > round; }, kPatience));
    works->raise_next(works->appended_end() + Offset(1));
    ASSERT_TRUE(world_.run_until([&] { return store_->committed_round() > round; }, kPatience));
    const bool worked = segment_size() > before;
    disk_.set_capacity(base::mib(100));
    if (worked) break;
    world_.run_for(base::Nanos(3'000'000'000));
    ASSERT_LT(tag, 59u) << "the write that was to work never found space";
  }
  restart(true);
  EXPECT_EQ(read_all(store_->find_log(LogId(1)), Offset(0)), in_works);
  EXPECT_EQ(read_all(store_->find_log(LogId(2)), Offset(0)), in_fails);
  EXPECT_TRUE(report_.quarantined.empty());
}

}  // namespace
}  // namespace millrace::storage

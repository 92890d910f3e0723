#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "base/prng.h"
#include "storage/journal.h"
#include "storage/journal_format.h"
#include "storage/journal_scan.h"
#include "storage/segment_format.h"
#include "storage/store_fixture_test.h"
#include "testing/sim_disk.h"
#include "testing/sim_world.h"

namespace millrace::storage {
namespace {

constexpr base::Nanos kLong{60'000'000'000};

/// A store that is filled, stopped and then checked.
class CheckStore : public ::testing::Test {
 protected:
  static constexpr LogId kLog{5};

  explicit CheckStore(std::uint64_t seed = 3) : world_(seed), disk_(seed) {
    options_.directory = "s";
    options_.journal_file_bytes = base::kib(128);
    options_.direct_write_bytes = base::kib(16);
    options_.direct_backlog_bytes = base::Bytes(0);
    options_.disk_reserve = base::kib(64);
    target_.logs[kLog].segment_bytes = base::kib(24);
    target_.logs[LogId(6)] = {};
  }
  ~CheckStore() override { stop(); }

  void open() {
    loop_ = &world_.add_loop();
    sync_pool_ = std::make_unique<sim::SimWorkPool>(world_, 1);
    pool_ = std::make_unique<sim::SimWorkPool>(world_, 3);
    for (auto& [id, machine] : target_.machines) machine = std::make_unique<TestMachine>();
    StoreEnvironment environment{.loop = loop_, .disk = &disk_, .sync_pool = sync_pool_.get(), .pool = pool_.get()};
    environment.fatal = [](const std::string&) {};
    RecoveryReport report;
    auto opened = Store::open(environment, options_, target_, report);
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_TRUE(report.quarantined.empty());
    store_ = std::move(*opened);
  }
  void stop() {
    store_.reset();
    pool_.reset();
    sync_pool_.reset();
    world_.destroy_loops();
  }
  Log* log(LogId id = kLog) {
    Log* found = store_->find_log(id);
    return found != nullptr ? found : store_->create_log(id, target_.logs[id]);
  }
  /// Several rounds of small and large batches, commands and a trim.
  void fill() {
    open();
    target_.machines[StateId(1)] = std::make_unique<TestMachine>();
    TestMachine& machine = *target_.machines[StateId(1)];
    store_->attach_state(StateId(1), &machine);
    for (std::uint64_t i = 0; i < 120; ++i) {
      ASSERT_TRUE(store_->append(*log(), make_batch(i, 3, i % 7 == 0 ? 20'000 : 1'000)).has_value());
      ASSERT_TRUE(store_->append(*log(LogId(6)), make_batch(i, 1, 100)).has_value());
      const auto command = TestMachine::command(machine.count + 1, i, i);
      ASSERT_TRUE(machine.apply(command));
      store_->append_command(StateId(1), command);
      const Round round = store_->current_round();
      ASSERT_TRUE(world_.run_until([&] { return store_->committed_round() >= round; }, kLong));
    }
    bool done = false;
    store_->shutdown([&] { done = true; });
    ASSERT_TRUE(world_.run_until([&] { return done; }, kLong));
    stop();
  }
  std::optional<bool> check() {
    lines_.clear();
    const auto result = check_store(disk_, "s", [this](std::string line) { lines_.push_back(std::move(line)); });
    if (result.has_value()) return *result;
    error_ = result.error();
    return std::nullopt;
  }
  bool printed(const std::string& text) const {
    return std::ranges::any_of(lines_, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }
  std::string all_lines() const {
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    return text;
  }
  std::map<std::string, bytes::ByteVector> contents() {
    std::map<std::string, bytes::ByteVector> result;
    for (const std::string& path : disk_.files()) {
      auto file = disk_.open(path, io::OpenMode::read);
      bytes::ByteVector& content = result[path];
      content.resize(static_cast<std::size_t>((*file)->size().value()));
      EXPECT_TRUE((*file)->read_at(0, content).has_value());
    }
    return result;
  }
  std::vector<std::string> segment_files(const std::string& extension) {
    std::vector<std::string> result;
    for (const std::string& path : disk_.files()) {
      if (path.starts_with(log_directory("s", kLog)) && path.ends_with(extension)) result.push_back(path);
    }
    return result;
  }
  void flip(const std::string& path, std::uint64_t position) {
    auto file = disk_.open(path, io::OpenMode::read_write);
    std::uint8_t byte[1];
    ASSERT_EQ((*file)->read_at(position, byte).value(), 1U);
    byte[0] ^= 0x04;
    ASSERT_TRUE((*file)->write_at(position, bytes::ByteView(byte)).has_value());
    ASSERT_TRUE((*file)->sync().has_value());
  }

  sim::SimWorld world_;
  sim::SimDisk disk_;
  sim::SimLoop* loop_ = nullptr;
  std::unique_ptr<sim::SimWorkPool> sync_pool_;
  std::unique_ptr<sim::SimWorkPool> pool_;
  StoreOptions options_;
  TestTarget target_;
  std::unique_ptr<Store> store_;
  std::vector<std::string> lines_;
  StorageError error_;
};

TEST_F(CheckStore, SoundDataIsSoundAndUntouched) {
  fill();
  ASSERT_GT(segment_files(".seg").size(), 2U);
  const auto before = contents();
  EXPECT_EQ(check(), true) << all_lines();
  EXPECT_TRUE(printed("2 logs, "));
  EXPECT_TRUE(printed("0 findings of damage"));
  EXPECT_EQ(contents(), before);
}

TEST_F(CheckStore, BitRotInASegment) {
  fill();
  flip(segment_files(".seg")[1], 700);
  EXPECT_EQ(check(), false);
  EXPECT_TRUE(printed("bad checksum")) << all_lines();
  EXPECT_TRUE(printed("1 findings of damage")) << all_lines();
}

TEST_F(CheckStore, BitRotInAnIndex) {
  fill();
  flip(segment_files(".idx")[1], index_entry_position(0) + 12);
  EXPECT_EQ(check(), false);
  EXPECT_TRUE(printed("index entries of offsets")) << all_lines();
}

TEST_F(CheckStore, AnEntryThatIsOverBeforeItsMessagesAre) {
  fill();
  const std::string path = segment_files(".idx")[1];
  bool is_index = false;
  const auto name = parse_segment_name(path.substr(path.rfind('/') + 1), is_index);
  ASSERT_TRUE(name.has_value());
  auto file = disk_.open(path, io::OpenMode::read_write);
  bytes::ByteVector content(kIndexEntrySize);
  ASSERT_TRUE((*file)->read_at(index_entry_position(0), content).has_value());
  auto entry = decode_index_entry(content, kLog, *name, 0);
  ASSERT_TRUE(entry.has_value());
  entry->greatest_expiry = entry->appended_at;
  content.clear();
  encode_index_entry(content, *entry, kLog, *name, 0);
  ASSERT_TRUE((*file)->write_at(index_entry_position(0), bytes::ByteView(content)).has_value());
  ASSERT_TRUE((*file)->sync().has_value());
  EXPECT_EQ(check(), false);
  EXPECT_TRUE(printed("over their time before they are")) << all_lines();
}

TEST_F(CheckStore, MissingSegmentAndMissingDirectory) {
  fill();
  for (const char* extension : {".seg", ".idx"}) {
    ASSERT_TRUE(disk_.remove(segment_files(extension)[1]).has_value());
  }
  EXPECT_EQ(check(), false);
  EXPECT_TRUE(printed("bytes should come before it")) << all_lines();
  ASSERT_TRUE(disk_.remove_tree(log_directory("s", kLog)).has_value());
  EXPECT_EQ(check(), false);
  EXPECT_TRUE(printed("there is no directory")) << all_lines();
}

TEST_F(CheckStore, DamagedRoundInTheMiddleOfTheJournal) {
  fill();
  std::string journal;
  for (const std::string& path : disk_.files()) {
    if (path.ends_with(".wal")) {
      journal = path;
      break;
    }
  }
  flip(journal, 4096 + 512 + 200);
  EXPECT_EQ(check(), false);
  EXPECT_TRUE(printed("in the journal")) << all_lines();
}

TEST_F(CheckStore, ARoundThatAnEarlierStartFoundIsMissed) {
  open();
  for (std::uint64_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(store_->append(*log(), make_batch(i, 1, 100)).has_value());
    const Round round = store_->current_round();
    ASSERT_TRUE(world_.run_until([&] { return store_->committed_round() >= round; }, kLong));
  }
  stop();
  std::string journal;
  for (const std::string& path : disk_.files()) {
    if (journal.empty() && path.ends_with(".wal")) journal = path;
  }
  std::uint64_t last = 0;
  const bytes::ByteVector content = disk_.durable_content(journal);
  JournalScanner scanner(content, Journal::parse_file_name(journal.substr(journal.rfind('/') + 1)));
  for (ScannedRound round; scanner.next(round); round = ScannedRound{}) last = round.position;
  open();  // leaves a mark behind what it found
  stop();
  EXPECT_EQ(check(), true) << all_lines();
  flip(journal, last + 2);
  EXPECT_EQ(check(), false) << all_lines();
  EXPECT_TRUE(printed("cannot be found in the journal")) << all_lines();
}

TEST_F(CheckStore, NewerJournalIsRefused) {
  fill();
  for (const std::string& path : disk_.files()) {
    if (!path.ends_with(".wal")) continue;
    auto file = disk_.open(path, io::OpenMode::read_write);
    JournalFileHeader header{.version = kJournalVersion + 1};
    bytes::ByteVector encoded;
    encode_file_header(header, encoded);
    ASSERT_TRUE((*file)->write_at(0, bytes::ByteView(encoded)).has_value());
  }
  EXPECT_EQ(check(), std::nullopt);
  EXPECT_EQ(error_.code, StorageErrc::newer_version);
}

/// Whatever a loss of power leaves is not damage, at any moment and again and again.
TEST_F(CheckStore, CrashesAreNotDamage) {
  std::uint64_t unconfirmed = 0;
  base::Prng random(17);
  for (int life = 0; life < 60; ++life) {
    SCOPED_TRACE(life);
    open();
    disk_.lose_power_after(random.between(1, 120), [this] { world_.halt(); });
    for (int i = 0; i < 200 && !disk_.power_lost(); ++i) {
      for (const LogId id : {kLog, LogId(6)}) {
        const std::size_t size = random.chance(1, 4) ? 20'000 : random.between(10, 3'000);
        (void)store_->append(*log(id), make_batch(random.next(), 2, size)).has_value();
      }
      if (random.chance(1, 20)) log()->trim(Offset(log()->committed_end().value - 10));
      world_.run_for(base::Nanos(static_cast<std::int64_t>(random.below(3'000'000))));
    }
    stop();
    disk_.crash(random);
    world_.resume();
    ASSERT_EQ(check(), true) << all_lines();
    unconfirmed += printed("never confirmed") ? 1 : 0;
  }
  EXPECT_GT(unconfirmed, 5U);
}

}  // namespace
}  // namespace millrace::storage

// The store on the real loop, disk and threads.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "io/real_disk.h"
#include "io/real_loop.h"
#include "io/thread_pool.h"
#include "storage/store_fixture_test.h"

namespace millrace::storage {
namespace {

class RealStoreTest : public ::testing::Test {
 protected:
  RealStoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-store-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    auto disk = io::RealDisk::open_root(root_);
    EXPECT_TRUE(disk);
    disk_ = std::move(*disk);
    options_.directory = "shard-0";
    options_.journal_file_bytes = base::kib(512);
    options_.direct_write_bytes = base::kib(32);
    options_.direct_backlog_bytes = base::Bytes(0);
    options_.disk_reserve = base::kib(64);
  }
  ~RealStoreTest() override {
    close();
    disk_.reset();
    std::filesystem::remove_all(root_);
  }

  void open() {
    loop_ = std::make_unique<io::RealLoop>();
    sync_pool_ = std::make_unique<io::ThreadPool>(1, "sync");
    pool_ = std::make_unique<io::ThreadPool>(3, "work");
    for (auto& [id, machine] : target_.machines) machine = std::make_unique<TestMachine>();
    const StoreEnvironment environment{
        .loop = loop_.get(), .disk = disk_.get(), .sync_pool = sync_pool_.get(), .pool = pool_.get()};
    report_ = {};
    auto opened = Store::open(environment, options_, target_, report_);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
    store_->on_commit([this](Round) {
      if (on_commit_) on_commit_();
    });
  }
  /// As at a kill: whatever workers do now goes on without the store.
  void close() {
    on_commit_ = nullptr;
    store_.reset();
    sync_pool_.reset();
    pool_.reset();
    loop_.reset();
  }
  Log* create(std::uint64_t id, const LogOptions& options = {}) {
    target_.logs[LogId(id)] = options;
    return store_->create_log(LogId(id), options);
  }
  std::vector<std::uint64_t> read_all(Log* log) {
    std::vector<std::uint64_t> tags;
    Offset from = log->start();
    while (from < log->committed_end()) {
      std::vector<BatchRef> batches;
      const Log::ReadRequest request{from, log->committed_end(), base::kib(256)};
      if (!log->read_hot(request, batches)) {
        log->read_cold(request, [&](Result<std::vector<BatchRef>> read) {
          EXPECT_TRUE(read);
          if (read) batches = std::move(*read);
          loop_->stop();
        });
        loop_->run();
      }
      if (batches.empty()) break;
      for (const BatchRef& batch : batches) tags.push_back(tag_of(batch.bytes.view));
      from = Offset(batches.back().last_offset.value + 1);
    }
    return tags;
  }

  std::string root_;
  std::unique_ptr<io::RealDisk> disk_;
  std::unique_ptr<io::RealLoop> loop_;
  std::unique_ptr<io::ThreadPool> sync_pool_;
  std::unique_ptr<io::ThreadPool> pool_;
  StoreOptions options_;
  TestTarget target_;
  RecoveryReport report_;
  std::unique_ptr<Store> store_;
  std::function<void()> on_commit_;
};

TEST_F(RealStoreTest, KeepsEverythingThroughRetirementAndRestarts) {
  constexpr std::uint64_t kLogs = 20;
  constexpr std::uint64_t kRounds = 60;
  open();
  for (std::uint64_t id = 1; id <= kLogs; ++id) create(id);
  target_.machines[StateId(7)] = std::make_unique<TestMachine>();
  store_->attach_state(StateId(7), target_.machines[StateId(7)].get());

  std::uint64_t round = 0;
  on_commit_ = [&] {
    if (++round > kRounds) {
      loop_->stop();
      return;
    }
    for (std::uint64_t id = 1; id <= kLogs; ++id) {
      const std::size_t size = id == 3 && round % 10 == 0 ? 100'000 : 1'000 + id * 100;
      EXPECT_TRUE(store_->append(*store_->find_log(LogId(id)), make_batch(round, 2, size)));
    }
    TestMachine& machine = *target_.machines[StateId(7)];
    const auto command = TestMachine::command(machine.count + 1, round % 5, round);
    EXPECT_TRUE(machine.apply(command));
    store_->append_command(StateId(7), command);
  };
  loop_->run();

  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 1; i <= kRounds; ++i) expected.push_back(i);
  for (int restart = 0; restart < 3; ++restart) {
    for (std::uint64_t id = 1; id <= kLogs; ++id) {
      Log* log = store_->find_log(LogId(id));
      ASSERT_NE(log, nullptr);
      EXPECT_EQ(log->committed_end(), Offset(2 * kRounds));
      EXPECT_EQ(read_all(log), expected) << "log " << id;
    }
    EXPECT_EQ(target_.machines[StateId(7)]->count, kRounds);
    close();
    open();
    EXPECT_TRUE(report_.quarantined.empty());
  }
}

TEST_F(RealStoreTest, StopsInOrder) {
  open();
  Log* log = create(1);
  ASSERT_TRUE(store_->append(*log, make_batch(1, 1, 50'000)));
  store_->shutdown([this] { loop_->stop(); });
  loop_->run();
  close();
  open();
  EXPECT_EQ(report_.bytes_cut, Bytes(0));
  EXPECT_EQ(read_all(store_->find_log(LogId(1))), (std::vector<std::uint64_t>{1}));
}

}  // namespace
}  // namespace millrace::storage

#include "testing/sim_world.h"

#include <gtest/gtest.h>

#include <set>

#include "testing/sim_disk.h"

namespace millrace::sim {
namespace {

class Hook final : public io::TurnHook {
 public:
  Hook(io::Loop& loop, io::Loop::Stage stage, std::function<void()> action) : loop_(loop), action_(std::move(action)) {
    loop_.add_hook(stage, this);
  }
  ~Hook() override { loop_.remove_hook(this); }
  void on_turn_end() override { action_(); }

 private:
  io::Loop& loop_;
  std::function<void()> action_;
};

TEST(SimWorld, PostsKeepTheirOrderAndHooksFollow) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimWorld world(seed);
    SimLoop& loop = world.add_loop();
    std::string events;
    const Hook deliver(loop, io::Loop::Stage::deliver, [&] { events += "D"; });
    const Hook publish(loop, io::Loop::Stage::publish, [&] { events += "P"; });
    for (const char c : {'1', '2', '3'}) loop.post([&, c] { events += c; });
    ASSERT_TRUE(world.run_until([&] { return events.find('3') != std::string::npos && events.back() == 'D'; }));
    std::string digits;
    for (const char c : events) {
      if (c >= '1' && c <= '3') digits += c;
    }
    EXPECT_EQ(digits, "123");
    EXPECT_NE(events.find("PD"), std::string::npos);
    EXPECT_EQ(events.find("DP"), std::string::npos) << events << ": something happened between two rounds of hooks";
    EXPECT_FALSE(world.step()) << "nothing is left to happen";
  }
}

TEST(SimWorld, InterleavesLoopsBySeedAndRepeatsItself) {
  const auto run = [](std::uint64_t seed) {
    SimWorld world(seed);
    std::string order;
    std::function<void(int, int)> chain = [&](int index, int left) {
      order += static_cast<char>('a' + index);
      if (left > 0) world.loop(index).post([&, index, left] { chain(index, left - 1); });
    };
    for (int i = 0; i < 3; ++i) {
      world.add_loop().post([&, i] { chain(i, 5); });
    }
    while (world.step()) {
    }
    return order;
  };
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(run(seed), run(seed));
    orders.insert(run(seed));
  }
  EXPECT_GT(orders.size(), 10U);
}

TEST(SimWorld, TimeJumpsToTheNextTimer) {
  SimWorld world(1);
  SimLoop& loop = world.add_loop();
  const base::Nanos start = world.clock().monotonic();
  const base::Timestamp wall = world.clock().wall();
  std::vector<int> order;
  const io::Timer hour = loop.call_after(base::milliseconds(3'600'000), [&] { order.push_back(2); });
  io::Timer minute = loop.call_after(base::milliseconds(60'000), [&] { order.push_back(1), minute.cancel(); });
  io::Timer never = loop.call_after(base::milliseconds(1), [&] { order.push_back(-1); });
  never.cancel();
  EXPECT_FALSE(world.run_until([&] { return !order.empty(); }, base::milliseconds(1000)));
  EXPECT_TRUE(world.run_until([&] { return order.size() == 2; }, base::milliseconds(4'000'000)));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_GE(world.clock().monotonic() - start, base::milliseconds(3'600'000));
  EXPECT_GE(world.clock().wall() - wall, base::Timestamp(3'600'000));
  EXPECT_LT(world.steps(), 15U);
}

TEST(SimWorld, RunForAndSettleAndHalt) {
  SimWorld world(2);
  SimLoop& loop = world.add_loop();
  int ticks = 0;
  io::Timer timer;
  std::function<void()> tick = [&] {
    ++ticks;
    timer = loop.call_after(base::milliseconds(10), [&] { tick(); });
  };
  tick();
  world.run_for(base::milliseconds(105));
  EXPECT_GE(ticks, 10);
  EXPECT_LE(ticks, 12);
  EXPECT_FALSE(world.settle(base::milliseconds(50), base::milliseconds(1000))) << "the ticking never ends";
  EXPECT_TRUE(world.settle(base::milliseconds(1), base::milliseconds(1000)));
  world.after_always(base::milliseconds(35), [&] { world.halt(); });
  const int before = ticks;
  world.run_for(base::milliseconds(1000));
  EXPECT_TRUE(world.halted());
  EXPECT_LE(ticks - before, 5);
  world.resume();
  timer.cancel();
  EXPECT_TRUE(world.settle());
}

TEST(SimWorld, KilledProcessTakesItsTasksAlong) {
  SimWorld world(3);
  bool ran = false;
  const auto alive = std::make_shared<int>(1);
  const io::Timer timer = world.add_loop().call_after(base::milliseconds(1), [&ran, alive] { ran = true; });
  world.loop(0).post([&ran, alive] { ran = true; });
  {
    SimWorkPool pool(world, 1);
    pool.submit(world.loop(0), [&ran, alive] { ran = true; }, [&ran, alive] { ran = true; });
  }
  world.destroy_loops();
  EXPECT_EQ(alive.use_count(), 1);
  SimLoop& fresh = world.add_loop();
  bool works = false;
  fresh.post([&] { works = true; });
  EXPECT_TRUE(world.run_until([&] { return works; }));
  world.run_for(base::milliseconds(100));
  EXPECT_FALSE(ran);
}

TEST(SimWorkPool, OneWorkerKeepsTheOrder) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SimWorld world(seed);
    SimLoop& loop = world.add_loop();
    SimWorkPool pool(world, 1);
    std::vector<int> works;
    std::vector<int> dones;
    for (int i = 0; i < 20; ++i) {
      pool.submit(
          loop, [&, i] { works.push_back(i); },
          [&, i] {
            EXPECT_GE(works.size(), static_cast<std::size_t>(i) + 1);
            dones.push_back(i);
          });
    }
    EXPECT_TRUE(works.empty()) << "never inside submit";
    ASSERT_TRUE(world.run_until([&] { return dones.size() == 20; }));
    EXPECT_TRUE(std::is_sorted(works.begin(), works.end()));
    EXPECT_TRUE(std::is_sorted(dones.begin(), dones.end()));
    EXPECT_EQ(pool.unfinished(), 0U);
  }
}

TEST(SimWorkPool, ManyWorkersMixTheOrder) {
  SimWorld world(5);
  SimLoop& loop = world.add_loop();
  SimWorkPool pool(world, 4);
  std::vector<int> works;
  for (int i = 0; i < 20; ++i) pool.submit(loop, [&, i] { works.push_back(i); }, nullptr);
  ASSERT_TRUE(world.run_until([&] { return pool.unfinished() == 0; }));
  EXPECT_EQ(works.size(), 20U);
  EXPECT_FALSE(std::is_sorted(works.begin(), works.end()));
}

// Appends records with pauses and confirms them, until the machine stops.
class Writer {
 public:
  static constexpr std::size_t kRecord = 600;
  Writer(SimWorld& world, SimDisk& disk, bool waits_for_sync)
      : world_(world), loop_(world.add_loop()), pool_(world, 1), waits_for_sync_(waits_for_sync) {
    file_ = std::move(*disk.open("log", io::OpenMode::create_read_write));
    EXPECT_TRUE(disk.sync_directory(""));
    append();
  }
  std::size_t confirmed() const { return confirmed_; }

 private:
  void append() {
    EXPECT_TRUE(file_->write_at(written_ * kRecord, bytes::as_bytes(std::string(kRecord, 'm'))));
    const std::size_t end = ++written_;
    if (!waits_for_sync_) confirmed_ = end;
    pool_.submit(
        loop_, [this] { EXPECT_TRUE(file_->sync()); }, [this, end] { confirmed_ = std::max(confirmed_, end); });
    next_ = loop_.call_after(world_.random_delay(base::Nanos(0), base::milliseconds(2)), [this] { append(); });
  }

  SimWorld& world_;
  SimLoop& loop_;
  SimWorkPool pool_;
  bool waits_for_sync_;
  std::unique_ptr<io::File> file_;
  std::size_t written_ = 0;
  std::size_t confirmed_ = 0;
  io::Timer next_;
};

bool loses_confirmed_records(std::uint64_t seed, bool waits_for_sync) {
  SimWorld world(seed);
  SimDisk disk(seed + 1);
  base::Prng prng(seed + 2);
  std::size_t confirmed = 0;
  {
    Writer writer(world, disk, waits_for_sync);
    const std::size_t enough = prng.between(1, 5);
    EXPECT_TRUE(world.run_until([&] { return writer.confirmed() >= enough; }));
    confirmed = writer.confirmed();
  }
  world.destroy_loops();
  disk.crash(prng);
  const auto file = std::move(*disk.open("log", io::OpenMode::read));
  bytes::ByteVector found(confirmed * Writer::kRecord);
  EXPECT_TRUE(file->read_at(0, found));
  return bytes::to_string(found) != std::string(found.size(), 'm');
}

// The whole point: a writer that says "stored" before the sync is caught, one that waits for it never loses.
TEST(SimWorld, CrashFindsAWriterThatConfirmsTooEarly) {
  int caught = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    EXPECT_FALSE(loses_confirmed_records(seed, true)) << "seed " << seed;
    if (loses_confirmed_records(seed, false)) ++caught;
  }
  EXPECT_GT(caught, 20);
}

}  // namespace
}  // namespace millrace::sim

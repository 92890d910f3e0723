#include "io/real_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "io/thread_pool.h"

namespace millrace::io {
namespace {

class Recorder final : public TurnHook {
 public:
  Recorder(std::vector<std::string>& events, std::string name) : events_(events), name_(std::move(name)) {}
  void on_turn_end() override {
    events_.push_back(name_);
    if (action) std::exchange(action, nullptr)();
  }
  Task action;

 private:
  std::vector<std::string>& events_;
  std::string name_;
};

TEST(RealLoop, HooksRunByStageAfterAllReadyTasks) {
  RealLoop loop;
  std::vector<std::string> events;
  Recorder third(events, "third");
  Recorder first(events, "first");
  Recorder second(events, "second");
  loop.add_hook(static_cast<Loop::Stage>(2), &third);
  loop.add_hook(static_cast<Loop::Stage>(0), &first);
  loop.add_hook(static_cast<Loop::Stage>(1), &second);
  // A task that a hook posts makes another turn.
  second.action = [&] { loop.post([&] { events.push_back("from hook"), loop.stop(); }); };
  loop.post([&] { events.push_back("a"); });
  loop.post([&] { events.push_back("b"); });
  loop.run();
  EXPECT_EQ(events,
            (std::vector<std::string>{"a", "b", "first", "second", "third", "from hook", "first", "second", "third"}));
  EXPECT_EQ(loop.counters().turns, 2U);
  EXPECT_GT(loop.counters().busy.value, 0);
  loop.remove_hook(&third);
  loop.remove_hook(&first);
  loop.remove_hook(&second);
}

TEST(RealLoop, HookMayRemoveItselfAndOthers) {
  RealLoop loop;
  std::vector<std::string> events;
  Recorder first(events, "first");
  Recorder second(events, "second");
  loop.add_hook(Loop::Stage::publish, &first);
  loop.add_hook(Loop::Stage::publish, &second);
  first.action = [&] { loop.remove_hook(&second), loop.remove_hook(&first); };
  loop.post([&] { loop.post([&] { loop.stop(); }); });
  loop.run();
  EXPECT_EQ(events, (std::vector<std::string>{"first"}));
}

TEST(RealLoop, TimersRunInOrderAndCanBeCancelled) {
  RealLoop loop;
  std::vector<int> order;
  Timer cancelled = loop.call_after(base::milliseconds(1), [&] { order.push_back(-1); });
  Timer third = loop.call_after(base::milliseconds(15), [&] { order.push_back(3), loop.stop(); });
  Timer first = loop.call_after(base::milliseconds(2), [&] {
    order.push_back(1);
    first.cancel();  // destroying a timer in its own task is allowed
  });
  Timer second = loop.call_after(base::milliseconds(8), [&] { order.push_back(2); });
  cancelled.cancel();
  EXPECT_FALSE(cancelled);
  const base::Nanos start = loop.clock().monotonic();
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_GE(loop.clock().monotonic() - start, base::milliseconds(14));
  EXPECT_GT(loop.clock().wall().value, 1'600'000'000'000);
}

TEST(RealLoop, TimerMayOutliveItsLoop) {
  Timer timer;
  {
    RealLoop loop;
    timer = loop.call_after(base::milliseconds(1), [] { FAIL(); });
  }
  EXPECT_TRUE(timer);
}

TEST(RealLoop, PostsFromThreadsAllArriveInTheirOrder) {
  RealLoop loop;
  constexpr int kThreads = 4;
  constexpr int kPosts = 5000;
  std::vector<int> last(kThreads, -1);
  int seen = 0;
  bool ordered = true;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop.post([&, t, i] {
          ordered = ordered && last[t] == i - 1;
          last[t] = i;
          if (++seen == kThreads * kPosts) loop.stop();
        });
        if (i % 1000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen, kThreads * kPosts);
  EXPECT_TRUE(ordered);
}

TEST(RealLoop, StopBeforeRunAndIdleLoopIsNotBusy) {
  RealLoop loop;
  loop.stop();
  loop.run();
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    loop.stop();
  });
  loop.run();
  stopper.join();
  EXPECT_LT(loop.counters().busy, base::milliseconds(40));
}

TEST(ThreadPool, RunsWorkAwayFromTheLoopAndPostsDone) {
  RealLoop loop;
  ThreadPool pool(3);
  const auto loop_thread = std::this_thread::get_id();
  std::atomic<int> worked = 0;
  int done = 0;
  for (int i = 0; i < 100; ++i) {
    pool.submit(
        loop,
        [&] {
          EXPECT_NE(std::this_thread::get_id(), loop_thread);
          worked.fetch_add(1);
        },
        [&] {
          EXPECT_EQ(std::this_thread::get_id(), loop_thread);
          if (++done == 100) loop.stop();
        });
  }
  loop.run();
  EXPECT_EQ(worked.load(), 100);
  EXPECT_EQ(pool.waiting(), 0U);
}

TEST(ThreadPool, OneWorkerKeepsTheOrderAndTheDestructorFinishes) {
  RealLoop loop;
  std::vector<int> work_order;
  std::vector<int> done_order;
  {
    ThreadPool pool(1, "a name longer than allowed");
    for (int i = 0; i < 50; ++i) {
      pool.submit(loop, [&, i] { work_order.push_back(i); }, [&, i] { done_order.push_back(i); });
    }
  }
  ASSERT_EQ(work_order.size(), 50U);
  EXPECT_TRUE(std::is_sorted(work_order.begin(), work_order.end()));
  loop.post([&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(done_order, work_order);
}

}  // namespace
}  // namespace millrace::io

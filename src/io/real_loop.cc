#include "io/real_loop.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "base/assert.h"
#include "io/real_loop_impl.h"

namespace millrace::io {

namespace {

/// How often tasks that hooks and tasks posted are run before output is written and descriptors are polled again.
constexpr int kFollowUpRounds = 8;
/// The longest sleep without a timer.
constexpr base::Nanos kLongestBlock{60'000'000'000};

}  // namespace

RealLoop::RealLoop() : impl_(std::make_unique<Impl>()) {}

RealLoop::~RealLoop() {
  MILLRACE_ASSERT(impl_->hooks.empty(), "hooks must be removed before their loop is destroyed");
  // What waits may own anything, also things that post: run the destructors while the loop still stands.
  for (;;) {
    std::vector<Task> tasks;
    {
      const std::lock_guard lock(impl_->mutex);
      tasks.swap(impl_->posted);
    }
    if (tasks.empty()) break;
  }
}

void RealLoop::run() {
  base::Nanos started = clock_.monotonic();
  while (!stopping_.load(std::memory_order_acquire)) {
    while (turn() && !stopping_.load(std::memory_order_acquire)) {
    }
    const base::Nanos ended = clock_.monotonic();
    busy_ns_.fetch_add((ended - started).value, std::memory_order_relaxed);
    started = ended;
    if (stopping_.load(std::memory_order_acquire)) break;
    block();
    started = clock_.monotonic();
  }
  stopping_.store(false, std::memory_order_release);
}

void RealLoop::stop() {
  bool wake = false;
  {
    const std::lock_guard lock(impl_->mutex);
    stopping_.store(true, std::memory_order_release);
    wake = std::exchange(impl_->sleeping, false);
  }
  if (wake) boost::asio::post(impl_->context, [] {});
}

void RealLoop::post(Task task) {
  MILLRACE_ASSERT(task);
  bool wake = false;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->posted.push_back(std::move(task));
    wake = std::exchange(impl_->sleeping, false);
  }
  if (wake) boost::asio::post(impl_->context, [] {});
}

Timer RealLoop::call_after(base::Nanos delay, Task task) {
  return impl_->timers.add(clock_.monotonic() + delay, std::move(task));
}

void RealLoop::add_hook(Stage stage, TurnHook* hook) {
  impl_->hooks.add(stage, hook);
}

void RealLoop::remove_hook(TurnHook* hook) {
  impl_->hooks.remove(hook);
}

RealLoop::Counters RealLoop::counters() const {
  return {turns_.load(std::memory_order_relaxed), base::Nanos(busy_ns_.load(std::memory_order_relaxed))};
}

void RealLoop::want_turn_end(LoopNode* node, std::size_t& slot) {
  impl_->at_end.add(node, slot);
}
void RealLoop::want_turn_start(LoopNode* node, std::size_t& slot) {
  impl_->at_start.add(node, slot);
}
void RealLoop::forget_turn_end(std::size_t& slot) {
  impl_->at_end.remove(slot);
}
void RealLoop::forget_turn_start(std::size_t& slot) {
  impl_->at_start.remove(slot);
}

bool RealLoop::run_posted() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->running.swap(impl_->posted);
  }
  if (impl_->running.empty()) return false;
  for (Task& task : impl_->running) {
    task();
    task = nullptr;  // what it captured goes now, not at the end of the batch
  }
  impl_->running.clear();
  return true;
}

bool RealLoop::handle_events(bool poll_descriptors) {
  bool any = false;
  if (poll_descriptors) {
    // Bounded: a watch fires once and is set again only at the end of the turn.
    const std::size_t handled = impl_->context.poll() + std::exchange(impl_->handled_while_blocking, 0);
    any = handled > 0;
    if (impl_->timers.size() > 0) any |= impl_->timers.run_due(clock_.monotonic());
  }
  any |= run_posted();
  any |= impl_->at_start.run([](LoopNode& node) { node.at_turn_start(); });
  return any;
}

bool RealLoop::turn() {
  const bool any = handle_events(true);
  if (any) {
    impl_->hooks.run();
    turns_.fetch_add(1, std::memory_order_relaxed);
    for (int round = 0; round < kFollowUpRounds && handle_events(false); ++round) {
      impl_->hooks.run();
      turns_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  impl_->at_end.run([](LoopNode& node) { node.at_turn_end(); });
  return any;
}

void RealLoop::block() {
  if (!impl_->at_start.empty() || !impl_->at_end.empty()) return;
  base::Nanos wait = kLongestBlock;
  if (const auto due = impl_->timers.next_due()) wait = std::min(wait, *due - clock_.monotonic());
  if (wait <= base::Nanos(0)) return;
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->posted.empty() || stopping_.load(std::memory_order_relaxed)) return;
    impl_->sleeping = true;
  }
  impl_->handled_while_blocking += impl_->context.run_one_for(std::chrono::nanoseconds(wait.value));
  const std::lock_guard lock(impl_->mutex);
  impl_->sleeping = false;
}

}  // namespace millrace::io

#pragma once

#include <atomic>
#include <memory>

#include "io/loop.h"
#include "io/loop_node.h"
#include "io/real_clock.h"

namespace millrace::io {

/// A loop of its own thread: the one that calls run(). It blocks only when nothing at all is ready.
///
/// One pass: (1) every ready descriptor, posted task and due timer is handled once; (2) hooks run; (3) while that
/// made tasks ready, 1 and 2 are repeated a few times without looking at descriptors; (4) each socket with output
/// writes it with one call, and sockets that were read are watched again. So one connection is read at most
/// once per pass and output is never held back by work that goes on for ever.
class RealLoop final : public Loop {
 public:
  RealLoop();
  /// Sockets, listeners and watches of this loop must be gone before.
  ~RealLoop() override;
  RealLoop(const RealLoop&) = delete;
  RealLoop& operator=(const RealLoop&) = delete;

  /// Handles events until stop(). Everything but post(), stop() and counters() belongs to the thread that is in here,
  /// or to the one that builds and destroys things while nobody is.
  void run();
  /// Makes run() return after the present pass; if nobody runs, the next run() returns at once. Any thread.
  void stop();

  void post(Task task) override;
  [[nodiscard]] Timer call_after(base::Nanos delay, Task task) override;
  void add_hook(Stage stage, TurnHook* hook) override;
  void remove_hook(TurnHook* hook) override;
  const Clock& clock() const override { return clock_; }

  struct Counters {
    std::uint64_t turns = 0;
    base::Nanos busy;  // time not spent waiting for events
  };
  /// Any thread.
  Counters counters() const;

  // For this module's sockets.
  void want_turn_end(LoopNode* node, std::size_t& slot);
  void want_turn_start(LoopNode* node, std::size_t& slot);
  void forget_turn_end(std::size_t& slot);
  void forget_turn_start(std::size_t& slot);
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  bool handle_events(bool poll_descriptors);
  bool run_posted();
  bool turn();
  void block();

  RealClock clock_;
  std::unique_ptr<Impl> impl_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> turns_ = 0;
  std::atomic<std::int64_t> busy_ns_ = 0;
};

}  // namespace millrace::io

#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/units.h"
#include "io/clock.h"

namespace millrace::io {

using Task = std::move_only_function<void()>;

/// Runs once at the end of each loop turn in which anything happened.
class TurnHook {
 public:
  virtual ~TurnHook() = default;
  virtual void on_turn_end() = 0;
};

/// Cancels its timer when destroyed. Empty when default constructed.
class Timer {
 public:
  class Impl {
   public:
    virtual ~Impl() = default;
  };
  Timer() = default;
  explicit Timer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
  void cancel() { impl_.reset(); }
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// One shard's event loop.
///
/// A turn: every ready event (socket input, posted task, due timer) is handled, then the turn hooks run in order of
/// their stage, then output gathered by the sockets is written. Whatever wants to act once per turn instead of
/// once per message (appending a batch, starting a commit round, sending a confirm) does so in a hook.
/// A hook that posts or stages more work causes another turn.
class Loop {
 public:
  /// The order in which hooks run at the end of a turn.
  enum class Stage : std::uint8_t { publish, deliver, storage, mailbox, count };

  virtual ~Loop() = default;

  /// Runs `task` on this loop in a later turn. The only member that other threads may call.
  virtual void post(Task task) = 0;
  /// Runs `task` after `delay`, unless the returned Timer is destroyed before.
  [[nodiscard]] virtual Timer call_after(base::Nanos delay, Task task) = 0;
  /// `hook` must be removed before it is destroyed.
  virtual void add_hook(Stage stage, TurnHook* hook) = 0;
  virtual void remove_hook(TurnHook* hook) = 0;
  virtual const Clock& clock() const = 0;
};

/// Runs blocking work (syncs, cold reads, password hashing) away from the loop.
class WorkPool {
 public:
  virtual ~WorkPool() = default;
  /// Runs `work` on some worker, then posts `done` to `loop`. Works submitted on one pool run in no given order,
  /// unless the pool has one worker: then they run in order of submission.
  virtual void submit(Loop& loop, Task work, Task done) = 0;
};

}  // namespace millrace::io

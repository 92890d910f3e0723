#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/prng.h"
#include "io/clock.h"
#include "io/hook_list.h"
#include "io/loop.h"
#include "io/loop_node.h"
#include "io/timer_queue.h"

namespace millrace::sim {

class SimWorld;

/// Virtual time; moved by its SimWorld only.
class SimClock final : public io::Clock {
 public:
  base::Nanos monotonic() const override { return now_; }
  base::Timestamp wall() const override {
    return base::Timestamp(kWallStart + now_.value / 1'000'000 + wall_offset_.value);
  }
  /// As if somebody had set the system's clock.
  void shift_wall(base::Millis by) { wall_offset_ += by; }

 private:
  friend class SimWorld;
  static constexpr std::int64_t kWallStart = 1'750'000'000'000;
  base::Nanos now_{1'000'000'000};
  base::Millis wall_offset_;
};

/// A simulated shard's loop: the same turns as the real one. One of many on one thread; SimWorld says whose turn it is.
class SimLoop final : public io::Loop {
 public:
  explicit SimLoop(SimWorld& world);
  /// Destroys what was posted without running it. Sockets and hooks of this loop must be gone before.
  ~SimLoop() override;

  void post(io::Task task) override;
  [[nodiscard]] io::Timer call_after(base::Nanos delay, io::Task task) override;
  void add_hook(Stage stage, io::TurnHook* hook) override { hooks_.add(stage, hook); }
  void remove_hook(io::TurnHook* hook) override { hooks_.remove(hook); }
  const io::Clock& clock() const override;

  SimWorld& world() { return world_; }
  std::uint64_t turns() const { return turns_; }
  /// True when a turn would do anything now.
  bool ready() const;
  /// One turn: events in an order and amount drawn by the seed, then the hooks, then the sockets' output.
  void turn();

  // For simulated sockets.
  void want_turn_end(io::LoopNode* node, std::size_t& slot) { at_end_.add(node, slot); }
  void want_turn_start(io::LoopNode* node, std::size_t& slot) { at_start_.add(node, slot); }
  void forget_turn_end(std::size_t& slot) { at_end_.remove(slot); }
  void forget_turn_start(std::size_t& slot) { at_start_.remove(slot); }

 private:
  friend class SimWorld;
  bool handle_events();
  bool run_posted();

  SimWorld& world_;
  std::vector<io::Task> posted_;
  io::TimerQueue timers_;
  io::HookList hooks_;
  io::NodeList at_start_;
  io::NodeList at_end_;
  std::uint64_t turns_ = 0;
};

/// Everything that happens in a simulation, in an order that depends on the seed alone: loops take turns, and events
/// of the outside world (deliveries of bytes, ends of disk work) happen at drawn virtual times.
///
/// To kill the simulated process: destroy the broker's objects, then its pools and networks, then destroy_loops(); the
/// disk is crashed apart. The world itself, its clock and the disk go on, and new loops can be added.
class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  std::uint64_t seed() const { return seed_; }
  base::Prng& prng() { return prng_; }
  SimClock& clock() { return clock_; }
  SimLoop& add_loop();
  SimLoop& loop(std::size_t index) { return *loops_[index]; }
  void destroy_loops() { loops_.clear(); }

  /// An event of the outside world. It does not happen if the Timer is destroyed before.
  [[nodiscard]] io::Timer after(base::Nanos delay, io::Task event);
  /// The same for an event that nobody cancels.
  void after_always(base::Nanos delay, io::Task event);
  /// Uniform in [low, high].
  base::Nanos random_delay(base::Nanos low, base::Nanos high);

  /// Lets one loop take a turn or one event happen, moving time on when nothing is ready. False when nothing ever will
  /// be.
  bool step();
  /// Steps until the predicate holds; gives up after `limit` of virtual time, when nothing can happen any more or when
  /// the world is halted. Returns whether the predicate holds.
  bool run_until(const std::function<bool()>& predicate, base::Nanos limit = base::Nanos(60'000'000'000));
  /// Steps for so much virtual time; less when the world is halted.
  void run_for(base::Nanos duration);
  /// Steps until nothing is ready and no event is due within `quiet`. False when that did not happen within `limit`.
  bool settle(base::Nanos quiet = base::Nanos(100'000'000), base::Nanos limit = base::Nanos(60'000'000'000));

  /// Stops run_until() and run_for() after the present step, e.g. because power was lost; resume() undoes it.
  void halt() { halted_ = true; }
  void resume() { halted_ = false; }
  bool halted() const { return halted_; }
  std::uint64_t steps() const { return steps_; }

 private:
  /// When the next event or timer is due; empty when there is none.
  std::optional<base::Nanos> next_due() const;
  bool step_ready();
  /// step() that does not move time beyond `end`.
  bool step_until(base::Nanos end);

  std::uint64_t seed_;
  base::Prng prng_;
  SimClock clock_;
  io::TimerQueue events_;
  std::vector<std::unique_ptr<SimLoop>> loops_;
  // Timers of after_always(), by their id.
  std::map<std::uint64_t, io::Timer> kept_;
  std::uint64_t next_kept_ = 0;
  std::uint64_t steps_ = 0;
  bool halted_ = false;
  bool stepping_ = false;
};

/// A WorkPool whose works happen at random later virtual times, on the one thread of the simulation. With one worker
/// works run in the order of submission and `done` of one is posted before the next runs, as in a real pool; with more
/// workers the order is random. Destroying it drops what has not run: that is what a kill does.
class SimWorkPool final : public io::WorkPool {
 public:
  SimWorkPool(SimWorld& world, std::size_t workers, base::Nanos longest_work = base::Nanos(2'000'000));
  ~SimWorkPool() override;

  void submit(io::Loop& loop, io::Task work, io::Task done) override;
  /// Submitted and not yet done.
  std::size_t unfinished() const { return jobs_.size() + running_.size(); }

 private:
  struct Job {
    io::Loop* loop;
    io::Task work;
    io::Task done;
  };
  struct Running {
    Job job;
    bool works_at_start;
    io::Timer timer;
  };
  void start_jobs();
  void begin(std::uint64_t id);
  void end(std::uint64_t id);

  SimWorld& world_;
  std::size_t workers_;
  base::Nanos longest_work_;
  std::vector<Job> jobs_;
  std::map<std::uint64_t, Running> running_;
  std::uint64_t next_id_ = 0;
};

}  // namespace millrace::sim

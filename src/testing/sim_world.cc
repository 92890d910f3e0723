#include "testing/sim_world.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.h"

namespace millrace::sim {

namespace {

/// A turn takes up to so much virtual time.
constexpr std::uint64_t kLongestTurn = 20'000;

}  // namespace

SimLoop::SimLoop(SimWorld& world) : world_(world) {}

SimLoop::~SimLoop() {
  MILLRACE_ASSERT(hooks_.empty(), "hooks must be removed before their loop is destroyed");
  // Destroying a task may post another one.
  while (!posted_.empty()) {
    const auto tasks = std::exchange(posted_, {});
  }
}

void SimLoop::post(io::Task task) {
  MILLRACE_ASSERT(task);
  posted_.push_back(std::move(task));
}

io::Timer SimLoop::call_after(base::Nanos delay, io::Task task) {
  return timers_.add(clock().monotonic() + delay, std::move(task));
}

const io::Clock& SimLoop::clock() const {
  return world_.clock();
}

bool SimLoop::ready() const {
  if (!posted_.empty() || !at_start_.empty() || !at_end_.empty()) return true;
  const auto due = timers_.next_due();
  return due && *due <= clock().monotonic();
}

bool SimLoop::run_posted() {
  if (posted_.empty()) return false;
  auto tasks = std::exchange(posted_, {});
  // Sometimes another thread's later posts have not arrived yet.
  std::size_t count = tasks.size();
  if (world_.prng().chance(1, 4)) count = world_.prng().between(1, count);
  for (std::size_t i = 0; i < count; ++i) {
    tasks[i]();
    tasks[i] = nullptr;
  }
  if (count < tasks.size()) {
    posted_.insert(posted_.begin(), std::make_move_iterator(tasks.begin() + static_cast<std::ptrdiff_t>(count)),
                   std::make_move_iterator(tasks.end()));
  }
  return true;
}

bool SimLoop::handle_events() {
  bool any = false;
  const std::uint64_t first = world_.prng().below(3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    switch ((first + i) % 3) {
      case 0:
        any |= at_start_.run([](io::LoopNode& node) { node.at_turn_start(); });
        break;
      case 1:
        any |= timers_.run_due(clock().monotonic());
        break;
      default:
        any |= run_posted();
    }
  }
  return any;
}

void SimLoop::turn() {
  if (handle_events()) {
    ++turns_;
    hooks_.run();
    // The real loop follows up a few times before it writes output; how often here is up to the seed.
    for (std::uint64_t rounds = world_.prng().below(4); rounds > 0 && !posted_.empty() && run_posted(); --rounds) {
      ++turns_;
      hooks_.run();
    }
  }
  at_end_.run([](io::LoopNode& node) { node.at_turn_end(); });
}

SimWorld::SimWorld(std::uint64_t seed) : seed_(seed), prng_(seed) {}

SimWorld::~SimWorld() {
  loops_.clear();
  kept_.clear();
}

SimLoop& SimWorld::add_loop() {
  loops_.push_back(std::make_unique<SimLoop>(*this));
  return *loops_.back();
}

io::Timer SimWorld::after(base::Nanos delay, io::Task event) {
  return events_.add(clock_.monotonic() + delay, std::move(event));
}

void SimWorld::after_always(base::Nanos delay, io::Task event) {
  const std::uint64_t id = next_kept_++;
  kept_[id] = after(delay, [this, id, run = std::move(event)]() mutable {
    const auto node = kept_.extract(id);
    run();
  });
}

base::Nanos SimWorld::random_delay(base::Nanos low, base::Nanos high) {
  return base::Nanos(low.value +
                     static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(high.value - low.value) + 1)));
}

std::optional<base::Nanos> SimWorld::next_due() const {
  std::optional<base::Nanos> due = events_.next_due();
  for (const auto& loop : loops_) {
    const auto timer = loop->timers_.next_due();
    if (timer && (!due || *timer < *due)) due = timer;
  }
  return due;
}

bool SimWorld::step_ready() {
  std::vector<SimLoop*> ready;
  for (const auto& loop : loops_) {
    if (loop->ready()) ready.push_back(loop.get());
  }
  const auto event = events_.next_due();
  const bool event_ready = event && *event <= clock_.monotonic();
  const std::uint64_t choices = ready.size() + (event_ready ? 1 : 0);
  if (choices == 0) return false;
  const std::uint64_t choice = prng_.below(choices);
  if (choice == ready.size()) {
    events_.run_next(clock_.monotonic());
  } else {
    ready[choice]->turn();
    clock_.now_ += base::Nanos(static_cast<std::int64_t>(prng_.below(kLongestTurn)));
  }
  return true;
}

bool SimWorld::step() {
  return step_until(base::Nanos(std::numeric_limits<std::int64_t>::max()));
}

bool SimWorld::step_until(base::Nanos end) {
  MILLRACE_ASSERT(!stepping_, "the world is stepped by something that happens in it");
  stepping_ = true;
  ++steps_;
  bool stepped = step_ready();
  if (!stepped) {
    const auto due = next_due();
    if (due && *due <= end) {
      clock_.now_ = std::max(clock_.now_, *due);
      stepped = step_ready();
    }
  }
  stepping_ = false;
  return stepped;
}

bool SimWorld::run_until(const std::function<bool()>& predicate, base::Nanos limit) {
  const base::Nanos end = clock_.now_ + limit;
  while (!predicate()) {
    if (halted_ || clock_.now_ > end) return false;
    if (!step_until(end)) {
      clock_.now_ = std::max(clock_.now_, end);
      return false;
    }
  }
  return true;
}

void SimWorld::run_for(base::Nanos duration) {
  run_until([] { return false; }, duration);
}

bool SimWorld::settle(base::Nanos quiet, base::Nanos limit) {
  const base::Nanos end = clock_.now_ + limit;
  while (clock_.now_ <= end && !halted_) {
    const bool ready = std::any_of(loops_.begin(), loops_.end(), [](const auto& loop) { return loop->ready(); });
    const auto due = next_due();
    if (!ready && (!due || *due > clock_.now_ + quiet)) return true;
    step();
  }
  return false;
}

SimWorkPool::SimWorkPool(SimWorld& world, std::size_t workers, base::Nanos longest_work)
    : world_(world), workers_(workers), longest_work_(longest_work) {
  MILLRACE_ASSERT(workers > 0);
}

SimWorkPool::~SimWorkPool() = default;

void SimWorkPool::submit(io::Loop& loop, io::Task work, io::Task done) {
  jobs_.push_back({&loop, std::move(work), std::move(done)});
  start_jobs();
}

void SimWorkPool::start_jobs() {
  while (running_.size() < workers_ && !jobs_.empty()) {
    const std::size_t index = workers_ == 1 ? 0 : world_.prng().below(jobs_.size());
    const std::uint64_t id = next_id_++;
    Running& running = running_[id];
    running.job = std::move(jobs_[index]);
    jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(index));
    // What the caller does while the work runs comes sometimes after its effect, sometimes before.
    running.works_at_start = world_.prng().chance(1, 2);
    running.timer = world_.after(world_.random_delay(base::Nanos(0), longest_work_), [this, id] { begin(id); });
  }
}

void SimWorkPool::begin(std::uint64_t id) {
  Running& running = running_.at(id);
  if (running.works_at_start) std::exchange(running.job.work, nullptr)();
  running.timer = world_.after(world_.random_delay(base::Nanos(0), longest_work_), [this, id] { end(id); });
}

void SimWorkPool::end(std::uint64_t id) {
  auto node = running_.extract(id);
  Job& job = node.mapped().job;
  if (!node.mapped().works_at_start) job.work();
  job.work = nullptr;
  if (job.done) job.loop->post(std::move(job.done));
  start_jobs();
}

}  // namespace millrace::sim

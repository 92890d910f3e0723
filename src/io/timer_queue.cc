#include "io/timer_queue.h"

#include <utility>

namespace millrace::io {

struct TimerQueue::State {
  struct Key {
    base::Nanos due;
    std::uint64_t sequence;
    friend constexpr auto operator<=>(const Key&, const Key&) = default;
  };
  std::map<Key, Task> tasks;
  std::uint64_t next_sequence = 0;
};

class TimerQueue::Handle final : public Timer::Impl {
 public:
  Handle(std::weak_ptr<State> state, State::Key key) : state_(std::move(state)), key_(key) {}
  ~Handle() override {
    const std::shared_ptr<State> state = state_.lock();
    if (!state) return;
    // The node outlives the erase: destroying the task may create or cancel other timers.
    auto node = state->tasks.extract(key_);
  }

 private:
  std::weak_ptr<State> state_;
  State::Key key_;
};

TimerQueue::TimerQueue() : state_(std::make_shared<State>()) {}

TimerQueue::~TimerQueue() {
  // Tasks may own timers: empty the map before the state goes away.
  auto tasks = std::exchange(state_->tasks, {});
}

Timer TimerQueue::add(base::Nanos due, Task task) {
  const State::Key key{due, state_->next_sequence++};
  state_->tasks.emplace(key, std::move(task));
  return Timer(std::make_unique<Handle>(state_, key));
}

std::optional<base::Nanos> TimerQueue::next_due() const {
  if (state_->tasks.empty()) return std::nullopt;
  return state_->tasks.begin()->first.due;
}

bool TimerQueue::run_due(base::Nanos now) {
  const std::uint64_t limit = state_->next_sequence;
  bool any = false;
  auto it = state_->tasks.begin();
  while (it != state_->tasks.end() && it->first.due <= now) {
    if (it->first.sequence >= limit) {
      ++it;  // added by a task that ran just now
      continue;
    }
    auto node = state_->tasks.extract(it);
    any = true;
    node.mapped()();
    it = state_->tasks.begin();  // the task may have changed the map
  }
  return any;
}

bool TimerQueue::run_next(base::Nanos now) {
  if (state_->tasks.empty() || state_->tasks.begin()->first.due > now) return false;
  auto node = state_->tasks.extract(state_->tasks.begin());
  node.mapped()();
  return true;
}

std::size_t TimerQueue::size() const {
  return state_->tasks.size();
}

}  // namespace millrace::io

#include "io/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <vector>

#include "base/assert.h"
#include "io/descriptor_watch.h"

namespace millrace::io {

namespace {

// A signal handler has nothing but globals to work with.
std::atomic<int> g_write_end{-1};

extern "C" void millrace_on_signal(int number) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(number);
  // A full pipe holds signals enough.
  const ssize_t ignored = ::write(g_write_end.load(), &byte, 1);
  (void)ignored;
  errno = saved;
}

}  // namespace

class Signals::Pipe final : private ReadyHandler, private LoopNode {
 public:
  Pipe(RealLoop& loop, int read_end, int write_end, std::initializer_list<int> signals,
       std::move_only_function<void(int)> on_signal)
      : loop_(loop),
        watch_(loop, read_end, static_cast<ReadyHandler*>(this)),
        write_end_(write_end),
        on_signal_(std::move(on_signal)) {
    int expected = -1;
    MILLRACE_ASSERT(g_write_end.compare_exchange_strong(expected, write_end), "two Signals objects at a time");
    for (const int number : signals) {
      struct sigaction action{};
      action.sa_handler = &millrace_on_signal;
      action.sa_flags = SA_RESTART;
      former_.emplace_back(number, Action{});
      ::sigaction(number, &action, &former_.back().second);
    }
    loop_.want_turn_end(this, end_slot_);
  }

  ~Pipe() override {
    for (const auto& [number, action] : former_) ::sigaction(number, &action, nullptr);
    g_write_end.store(-1);
    ::close(write_end_);
    loop_.forget_turn_end(end_slot_);
    if (destroyed_ != nullptr) *destroyed_ = true;
  }

 private:
  using Action = struct sigaction;

  void on_readable() override {
    loop_.want_turn_end(this, end_slot_);
    unsigned char numbers[64];
    const ssize_t count = ::read(watch_.fd(), numbers, sizeof numbers);
    bool destroyed = false;
    destroyed_ = &destroyed;
    for (ssize_t i = 0; i < count && !destroyed; ++i) on_signal_(numbers[i]);
    if (!destroyed) destroyed_ = nullptr;
  }
  void on_writable() override {}
  void at_turn_end() override { watch_.wait_readable(); }
  void at_turn_start() override {}

  RealLoop& loop_;
  DescriptorWatch watch_;
  int write_end_;
  std::move_only_function<void(int)> on_signal_;
  std::vector<std::pair<int, Action>> former_;
  std::size_t end_slot_ = NodeList::kAbsent;
  bool* destroyed_ = nullptr;
};

Signals::Signals(RealLoop& loop, std::initializer_list<int> signals, std::move_only_function<void(int)> on_signal) {
  ignore_broken_pipes();
  int ends[2] = {-1, -1};
  const int made = ::pipe2(ends, O_CLOEXEC | O_NONBLOCK);
  MILLRACE_ASSERT(made == 0, "no descriptors for a pipe at start-up");
  pipe_ = std::make_unique<Pipe>(loop, ends[0], ends[1], signals, std::move(on_signal));
}

Signals::~Signals() = default;

void ignore_broken_pipes() {
  ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace millrace::io

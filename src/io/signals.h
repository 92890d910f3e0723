#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "io/real_loop.h"

namespace millrace::io {

/// Delivers signals to a loop as events. One object per process at a time; the former behaviour comes back when it is
/// destroyed. SIGPIPE is ignored from then on for ever: writing to a closed connection is an error, not a death.
class Signals {
 public:
  /// `on_signal` gets the signal's number, on the loop's thread. Usually for {SIGTERM, SIGINT}.
  Signals(RealLoop& loop, std::initializer_list<int> signals, std::move_only_function<void(int)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  class Pipe;
  std::unique_ptr<Pipe> pipe_;
};

/// For processes and tests that need only this.
void ignore_broken_pipes();

}  // namespace millrace::io

#pragma once

#include <array>
#include <vector>

#include "io/loop.h"

namespace millrace::io {

/// The turn hooks of one loop, by stage and then in the order they were added. Hooks may add and remove hooks while
/// they run; one added then runs from the next turn on, or still in this one if its stage comes later.
class HookList {
 public:
  void add(Loop::Stage stage, TurnHook* hook);
  void remove(TurnHook* hook);
  void run();
  bool empty() const;

 private:
  std::array<std::vector<TurnHook*>, static_cast<std::size_t>(Loop::Stage::count)> stages_;
  bool running_ = false;
  bool holes_ = false;
};

}  // namespace millrace::io

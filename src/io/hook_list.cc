#include "io/hook_list.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::io {

void HookList::add(Loop::Stage stage, TurnHook* hook) {
  MILLRACE_ASSERT(hook != nullptr && stage < Loop::Stage::count);
  stages_[static_cast<std::size_t>(stage)].push_back(hook);
}

void HookList::remove(TurnHook* hook) {
  for (auto& stage : stages_) {
    const auto it = std::find(stage.begin(), stage.end(), hook);
    if (it == stage.end()) continue;
    if (running_) {
      *it = nullptr;
      holes_ = true;
    } else {
      stage.erase(it);
    }
    return;
  }
}

void HookList::run() {
  MILLRACE_ASSERT(!running_);
  running_ = true;
  for (auto& stage : stages_) {
    const std::size_t count = stage.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (stage[i] != nullptr) stage[i]->on_turn_end();
    }
  }
  running_ = false;
  if (!holes_) return;
  holes_ = false;
  for (auto& stage : stages_) std::erase(stage, nullptr);
}

bool HookList::empty() const {
  return std::all_of(stages_.begin(), stages_.end(), [](const auto& stage) { return stage.empty(); });
}

}  // namespace millrace::io

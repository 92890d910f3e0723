#pragma once

#include <cstddef>
#include <limits>
#include <vector>

namespace millrace::io {

/// Something a loop calls back once per turn on request: a socket or a listener. Only the loops and sockets themselves
/// (the real ones here, the simulated ones of the tests) use this.
class LoopNode {
 public:
  virtual ~LoopNode() = default;
  /// At the end of a turn, after all hooks: write gathered output, ask for readiness again. Calls no user code.
  virtual void at_turn_end() = 0;
  /// Among the next turn's events: tell the owner what was found out at the end of the last one.
  virtual void at_turn_start() = 0;
};

/// Nodes that asked for one call. A node may leave, join again or be destroyed while the list runs.
class NodeList {
 public:
  static constexpr std::size_t kAbsent = std::numeric_limits<std::size_t>::max();

  bool empty() const { return nodes_.empty(); }
  /// `slot` is the node's place in this list, kept by the node; kAbsent when it is not in.
  void add(LoopNode* node, std::size_t& slot) {
    if (slot != kAbsent) return;
    slot = nodes_.size();
    nodes_.push_back({node, &slot});
  }
  void remove(std::size_t& slot) {
    if (slot == kAbsent) return;
    nodes_[slot] = {};
    slot = kAbsent;
  }
  /// Calls `call(node)` for all nodes that are in the list now. True when there was any.
  template <class Call>
  bool run(Call call) {
    const std::size_t count = nodes_.size();
    bool any = false;
    for (std::size_t i = 0; i < count; ++i) {
      const Entry entry = nodes_[i];
      if (entry.node == nullptr) continue;
      nodes_[i] = {};
      *entry.slot = kAbsent;
      any = true;
      call(*entry.node);
    }
    nodes_.erase(nodes_.begin(), nodes_.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].node != nullptr) *nodes_[i].slot = i;
    }
    return any;
  }

 private:
  struct Entry {
    LoopNode* node = nullptr;
    std::size_t* slot = nullptr;
  };
  std::vector<Entry> nodes_;
};

}  // namespace millrace::io

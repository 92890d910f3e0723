#pragma once

#include <deque>
#include <vector>

#include "oracle.h"

namespace millrace::simtest {

/// The settlements of one channel, by queue, in order. A publish to the same queue that is sent after some of them and
/// confirmed proves that these are stored: both travel the same way, and rounds are committed in order.
class SettleLedger {
 public:
  SettleLedger(Oracle& oracle, std::size_t queues) : oracle_(oracle), queues_(queues) {}

  void add(std::size_t queue, MessageId id, bool reject) {
    queues_[queue].waiting.push_back({id, reject});
    ++queues_[queue].count;
  }
  /// To be remembered with a publish to this queue.
  std::uint64_t mark(std::size_t queue) const { return queues_[queue].count; }
  /// The publish was confirmed.
  void proven(std::size_t queue, std::uint64_t mark) {
    Queue& of = queues_[queue];
    while (of.count - of.waiting.size() < mark) {
      const Entry entry = of.waiting.front();
      of.waiting.pop_front();
      if (entry.reject) {
        oracle_.rejected(entry.id, queue, Settled::durable);
      } else {
        oracle_.accepted(entry.id, queue, Settled::durable);
      }
    }
  }

 private:
  struct Entry {
    MessageId id;
    bool reject;
  };
  struct Queue {
    std::deque<Entry> waiting;
    std::uint64_t count = 0;
  };
  Oracle& oracle_;
  std::vector<Queue> queues_;
};

}  // namespace millrace::simtest

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "broker/types.h"

namespace millrace::gateway::amqp091 {

/// The deliveries of one channel that its client has not settled, by delivery tag (1, 2, 3 ...). A ring of 32 bytes per
/// tag between the oldest and the newest unsettled one; when a few old ones hold up many, they move aside.
class DeliveryTags {
 public:
  struct Entry {
    broker::QueueRef queue;
    /// ConsumerId(0): taken by basic.get.
    broker::ConsumerId consumer;
    broker::Offset offset;
  };
  /// Consecutive offsets of one queue that one consumer holds.
  struct Range {
    broker::QueueRef queue;
    broker::ConsumerId consumer;
    broker::Offset first;
    broker::Offset last;
  };

  /// A delivery that was taken out and may come back.
  struct Taken {
    std::uint64_t tag = 0;
    Entry entry;
  };

  /// The next tag, for a delivery that must be settled.
  std::uint64_t add(const Entry& entry);
  /// The next tag, for one that is settled already.
  std::uint64_t skip();

  /// Takes the delivery out; false when the tag is none of an unsettled one.
  [[nodiscard]] bool take(std::uint64_t tag, std::vector<Range>& out);
  /// Takes out all up to and including `tag`, which must be one of an unsettled delivery.
  [[nodiscard]] bool take_through(std::uint64_t tag, std::vector<Range>& out);
  void take_all(std::vector<Range>& out);
  // The same, so that restore() can undo it.
  [[nodiscard]] bool take(std::uint64_t tag, std::vector<Taken>& out);
  [[nodiscard]] bool take_through(std::uint64_t tag, std::vector<Taken>& out);
  void take_all(std::vector<Taken>& out);
  /// What was taken is unsettled again.
  void restore(const std::vector<Taken>& taken);
  /// Adds the delivery to the ranges.
  static void append(const Entry& entry, std::vector<Range>& out);

  struct Oldest {
    std::uint64_t tag = 0;
    Entry entry;
  };
  /// The unsettled delivery with the lowest tag.
  std::optional<Oldest> oldest() const;
  /// The tag given last; 0 before the first.
  std::uint64_t last() const { return next_ - 1; }
  /// visit(tag, entry) for each unsettled delivery.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [tag, entry] : aside_) visit(tag, entry);
    for (std::uint64_t tag = first_; tag < next_; ++tag) {
      const Slot& slot = ring_[tag & (ring_.size() - 1)];
      if (slot.live()) visit(tag, slot.entry);
    }
  }
  std::size_t unsettled() const { return live_ + aside_.size(); }

 private:
  struct Slot {
    Entry entry;
    bool live() const { return entry.offset >= broker::Offset(0); }
  };
  Slot& slot(std::uint64_t tag) { return ring_[tag & (ring_.size() - 1)]; }
  bool is_live(std::uint64_t tag);
  void make_room();
  void pop_dead();
  template <class Add>
  bool take_one(std::uint64_t tag, Add add);
  template <class Add>
  bool take_up_to(std::uint64_t tag, Add add);
  template <class Add>
  void take_each(Add add);

  std::vector<Slot> ring_;   // a power of two, or empty
  std::uint64_t first_ = 1;  // tag of the ring's oldest
  std::uint64_t next_ = 1;
  std::size_t live_ = 0;                  // in the ring
  std::map<std::uint64_t, Entry> aside_;  // all below first_
};

}  // namespace millrace::gateway::amqp091

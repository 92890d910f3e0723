#pragma once

#include <climits>  // the container below forgets it

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "broker/dead_letter.h"
#include "broker/queue_requests.h"
#include "broker/queue_state.h"
#include "broker/types.h"
#include "catalog/objects.h"

namespace millrace::broker {

/// What a consumer has and may have, in one engine or in several together.
struct ConsumerCredit {
  std::uint64_t holds = 0;
  std::uint64_t window_used = 0;  // bytes
  std::uint32_t allowance = UINT32_MAX;
};

/// What decides who gets which record of a queue: pure, without clock, disk or network.
///
/// A record below the committed end is exactly one of: settled; ready (fresh at or above the cursor, or given back);
/// outstanding at a consumer; dying (on its way to dead-letter queues). Memory is proportional to what is outstanding,
/// given back or dying; not to the backlog.
///
/// Order: given back records go out before fresh ones, each in order of offsets; with priorities that holds for each
/// level. Consumers of the highest priority that
/// have credit take turns, one record each.
class QueueEngine {
 public:
  /// Memory that a record costs at most while somebody holds it unsettled: a slot in the queue's table and one in the
  /// list of the client's channel, both of which are at times more than half empty. The record itself is in the log.
  static constexpr std::uint64_t kHeldBytes = 128;

  struct Policy {
    /// Failed deliveries after which a record is not tried again; none: no limit.
    std::optional<std::uint32_t> delivery_limit;
    /// Rejected (and dropped) records are handed out as dying instead of being settled.
    bool dead_letters = false;
    /// All goes to one consumer. When it goes, that of the highest priority follows, among equals the one that came
    /// first.
    bool single_active_consumer = false;
    /// The one that has all gets no more when one of higher priority comes, which follows as soon as the first holds
    /// nothing.
    bool active_gives_way = false;
    /// Levels above 0, if there are any; never changes in the life of a queue. Then the records are ready when the
    /// state knows their levels, and go out by level, the highest first.
    std::uint8_t max_priority = 0;
    /// Which records wait a while when they come back; see take_retries().
    catalog::DelayedRetry delayed_retry = catalog::DelayedRetry::none;
    /// Most memory for what clients hold unsettled, together and whatever prefetch they set: kHeldBytes for each.
    base::Bytes held_max = base::mib(256);
  };
  struct ConsumerSpec {
    ConsumerId id;
    std::int32_t priority = 0;
    std::uint32_t prefetch = 0;  // 0: no limit
    std::uint64_t window = 0;    // bytes
    bool auto_ack = false;
    /// Shared by the consumer's places in several engines; none: it has but this one.
    std::shared_ptr<ConsumerCredit> credit = nullptr;
  };
  struct Dying {
    Offset offset;
    DeathReason reason;
  };
  /// A record that came back and waits before it is ready again.
  struct Retry {
    Offset offset;
    std::uint32_t failures = 0;
  };
  struct Delivered {
    /// Index of the consumer, as add_consumer() gave it.
    std::uint32_t slot = 0;
    std::uint32_t returns = 0;
    std::uint32_t failures = 0;
    bool redelivered = false;
    bool auto_ack = false;
  };
  struct Settled {
    std::uint64_t accepted = 0;
    std::uint64_t requeued = 0;
    std::uint64_t rejected = 0;
  };

  /// `state` is what recovery found; records below `committed_end` that it does not call settled are ready, except its
  /// intents and what was refused or given up, which are dying, and those that wait for their next delivery.
  QueueEngine(QueueState& state, const Policy& policy, Offset committed_end);

  const QueueState& state() const { return state_; }
  void set_committed_end(Offset end);
  /// [first, last], at or above the committed end, will never hold records: the log went on behind it.
  void add_hole(Offset first, Offset last);
  Offset committed_end() const { return end_; }
  void set_policy(const Policy& policy) { policy_ = policy; }
  const Policy& policy() const { return policy_; }

  std::uint64_t ready() const;
  std::uint64_t unacknowledged() const { return outstanding_.size(); }
  std::uint64_t dying() const { return dying_.size(); }
  /// Bytes of what is neither settled nor dying, in the owner's measure; exact when the owner told all sizes so.
  std::uint64_t bytes() const { return state_.bytes() - doomed_bytes_; }
  /// Of that, what nobody holds.
  std::uint64_t ready_bytes() const { return bytes() - std::min(bytes(), held_bytes_); }
  void add_bytes(std::uint64_t bytes) { state_.add_bytes(bytes); }
  /// Counting begins anew at the floor: every record that is there will be told again by count().
  void forget_count();
  /// The size of a record below the committed end that was not in bytes() yet.
  void count(Offset offset, std::uint64_t bytes);
  std::uint64_t mean_bytes() const;

  std::uint32_t add_consumer(const ConsumerSpec& spec);
  /// What it holds stays outstanding. False when there is no such consumer.
  bool remove_consumer(ConsumerId consumer);
  std::size_t consumer_count() const { return slot_of_.size(); }
  void return_window(ConsumerId consumer, std::uint64_t bytes);
  /// It may hold so many records from now on, and no more than its prefetch says.
  void set_allowance(ConsumerId consumer, std::uint32_t most);
  /// Another engine has changed what it has: perhaps it may have more here.
  void wake(ConsumerId consumer);

  /// True when there is a ready record and a consumer that may have it.
  bool can_deliver() { return ready() > 0 && may_hold_more() && has_credit(); }
  bool may_hold_more() const { return outstanding_.size() < policy_.held_max.value / kHeldBytes; }
  /// Of what is held, given back or dying, with what the state keeps.
  std::uint64_t memory_bytes() const;
  bool has_credit() { return served_level() != nullptr; }
  struct Next {
    Offset offset;
    /// Records that may follow it lie below.
    Offset until;
    bool given_back = false;
    std::uint8_t level = 0;
    /// What lies between it and `until` may be anything; otherwise it is ready or nothing.
    bool alone = false;
  };
  /// The ready record that is next; none when nothing is ready.
  std::optional<Next> next();
  /// Gives the record next() named to the consumer whose turn it is. `bytes` is its stored size, `window_bytes` what it
  /// takes of the consumer's window.
  Delivered deliver(Offset offset, std::uint64_t bytes, std::uint64_t window_bytes);
  /// Takes the record next() named for a single request: outstanding at ConsumerId(0), or settled at once.
  Delivered take(Offset offset, std::uint64_t bytes, bool auto_ack);
  /// No record is in [first, last]: whatever was ready there is gone. Returns how many were thought to be.
  std::uint64_t skip(Offset first, Offset last);

  /// Settles what `consumer` holds in [first, last]. Records that die are added to `dying`.
  Settled settle(ConsumerId consumer, Offset first, Offset last, SettleHow how, std::vector<Dying>& dying);
  /// Records that the last settlements made wait; the caller decides how long, tells the state, and calls retry() for
  /// each.
  std::vector<Retry> take_retries() { return std::exchange(retries_, {}); }
  /// A record of a queue with levels waits before it is ready for the first time; retry() ends that. False when it
  /// waits already, or was ready before.
  bool delay(Offset offset, std::uint64_t bytes);
  /// A waiting record is ready again. Nothing, when it is gone meanwhile.
  void retry(Offset offset);
  /// Settles what is ready in [first, last], below the committed end, as if somebody held it.
  void settle_ready(Offset first, Offset last, bool reject, std::vector<Dying>& dying);
  /// Removes all that is ready; returns how many.
  std::uint64_t purge();
  /// Lets the record next() named go, because its time is over or there are too many.
  void let_go(Offset offset, std::uint64_t bytes, DeathReason reason, std::vector<Dying>& dying);
  /// What is ready in [first, last] is over its time, and nobody wants dead letters: it is settled. Returns how many.
  std::uint64_t expire(Offset first, Offset last);
  /// A record below the committed end that was refused dies, wherever it lies. False when it is dying already.
  bool doom(Offset offset, DeathReason reason, std::vector<Dying>& dying);
  /// The intent of a dying record is in the state: it is not in bytes() any more.
  void decide_dying(Offset offset);
  /// A dying record has reached its end.
  void finish_dying(Offset offset);

  /// Aborts when the engine contradicts itself. For tests; costs time proportional to what is held.
  void check() const;

 private:
  struct Holding {
    ConsumerId consumer;
    std::uint64_t bytes = 0;
  };
  struct Consumer {
    ConsumerSpec spec;
    std::uint64_t number = 0;  // in the order they came
    bool queued = false;       // in its level's turn list; perhaps it has no credit any more
    bool live = false;
  };
  struct Level {
    std::int32_t priority = 0;
    std::deque<std::uint32_t> turn;
  };

  bool may_have_more(const Consumer& consumer) const;
  void enqueue(std::uint32_t slot);
  void dequeue(std::uint32_t slot);
  Level& level_of(std::int32_t priority);
  /// The highest level with a consumer that may have more, who is the first in turn; null when there is none.
  Level* served_level();
  void activate_one();
  /// Who waits for the active consumer's end may have come or gone.
  void check_outranked();
  /// The consumer may have more, or has nothing left to do.
  void refresh(std::uint32_t slot);
  /// The ready records of one level; a queue without priorities has one.
  struct Place {
    /// Next fresh record; all unsettled ones of the level below are outstanding, given back or dying.
    Offset cursor;
    std::set<std::int64_t> given_back;
    /// Unsettled records below it may have been delivered before the restart.
    Offset delivered_before;
  };
  bool leveled() const { return places_.size() > 1; }
  std::uint8_t level_of(Offset offset) const { return leveled() ? state_.level_of(offset) : 0; }
  std::optional<Next> next_by_level();
  /// Returns the record's level.
  std::uint8_t take_out(Offset offset);
  void give_back(Offset offset) { places_[level_of(offset)].given_back.insert(offset.value); }
  Delivered describe(Offset offset, std::uint8_t level) const;
  void release(std::int64_t offset, const Holding& holding, SettleHow how, Settled& settled, std::vector<Dying>& dying);
  void hold(Offset offset, std::uint8_t level, ConsumerId consumer, std::uint64_t bytes);
  void let_die(Offset offset, std::uint64_t bytes, DeathReason reason, std::vector<Dying>& dying);
  void come_back(Offset offset, const Holding& holding, bool failed, std::vector<Dying>& dying);
  bool waits(Offset offset) const;
  std::vector<std::int64_t> held_in(ConsumerId consumer, Offset first, Offset last) const;

  QueueState& state_;
  Policy policy_;
  Offset end_;
  /// Below it settled or dying records may lie ahead of the cursor: what recovery found.
  Offset recovered_end_;
  /// Records known not to exist although they lie above the committed end (see add_hole).
  std::int64_t holes_beyond_ = 0;
  Offset holes_end_;
  std::uint64_t held_bytes_ = 0;
  /// Of dying records without an intent.
  std::uint64_t doomed_bytes_ = 0;

  std::vector<Place> places_;  // by level
  boost::unordered_flat_map<std::int64_t, Holding> outstanding_;
  boost::unordered_flat_map<std::int64_t, std::uint64_t> dying_;  // with bytes that doomed_bytes_ has

  std::vector<Consumer> consumers_;
  std::vector<std::uint32_t> free_slots_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> slot_of_;
  std::vector<Level> levels_;  // highest priority first
  std::optional<std::uint32_t> active_;
  /// The active one gets no more: one of higher priority waits.
  bool outranked_ = false;
  std::uint64_t last_number_ = 0;
  std::vector<Retry> retries_;
};

}  // namespace millrace::broker

#pragma once

#include <climits>  // the container below forgets it

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/dead_letter.h"
#include "broker/offset_set.h"
#include "broker/types.h"
#include "bytes/reader.h"
#include "bytes/view.h"
#include "bytes/writer.h"
#include "storage/settlement.h"
#include "storage/state_machine.h"

namespace millrace::broker {

/// Where a dead-lettered message goes; decided once, so that a move that is resumed after a crash goes to the same
/// queues.
struct MoveRoute {
  std::string exchange;
  std::string routing_key;
  /// The routing key is the one it was sent with, and further ones keep their meaning.
  bool own_keys = true;
  std::vector<QueueRef> targets;
};

/// A message that is to be dead-lettered, durably decided. It is settled when all targets have it.
struct MoveIntent {
  DeathReason reason = DeathReason::rejected;
  Timestamp time;
  std::shared_ptr<const MoveRoute> route;
};

/// How often a record came back to its queue.
struct Returns {
  std::uint32_t returns = 0;
  /// Of these, as failed deliveries.
  std::uint32_t failures = 0;
  /// It is not ready before this time; 0: at once.
  Timestamp due{0};
};

/// What a queue knows of the records of its log beyond the log itself: which are settled, how often some were given
/// back, up to where deliveries have gone, and which are on their way to dead-letter queues.
///
/// Every change is applied at once and gathered; take_command() gives the changes of a turn as one value for the
/// journal. A command says what is, not what is added, so applying one twice does no harm: a snapshot may already
/// contain changes whose command comes later. Owned by the queue; lives on its shard.
class QueueState final : public storage::StateMachine {
 public:
  /// `journalled` is false for a queue that lives in memory only: then nothing is gathered.
  explicit QueueState(bool journalled) : journalled_(journalled) {}

  const storage::Settlement& settlement() const { return settlement_; }
  /// Also forgets the counts and intents of the range. Returns how many were not settled before.
  std::int64_t settle(Offset first, Offset last);

  /// One more delivery that came back.
  Returns count_return(Offset offset, bool failed);
  /// A record that came back waits until then. Only what is to come is kept over a restart.
  void set_due(Offset offset, Timestamp due);
  /// An unsettled record waits before it is ready for the first time.
  void delay(Offset offset, Timestamp due);
  /// Its wait is over. Not written down: the time tells it.
  void forget_due(Offset offset);
  /// How often the record came back to the queue.
  Returns returns(Offset offset) const;
  /// The records that wait, in no order.
  std::vector<std::pair<Timestamp, Offset>> waiting() const;

  /// Records of that level below `end` may have been delivered. Journalled together with other changes, or alone when
  /// `urgent` commands are asked for (see take_command).
  void mark_delivered(Offset end, std::uint8_t level = 0);
  Offset delivered_end(std::uint8_t level = 0) const;
  /// One past every offset that this state names.
  Offset named_end() const;

  /// In a queue with priorities: which unsettled records are of which level. Highest first; no set is empty.
  using Levels = std::map<std::uint8_t, OffsetSet, std::greater<>>;
  const Levels& levels() const { return levels_; }
  void set_level(Offset offset, std::uint8_t level);
  /// Of an unsettled record whose level was set; 0 otherwise.
  std::uint8_t level_of(Offset offset) const;

  /// Records below `end` may have a time to live of their own. Written down in steps of kExpiringStep: the mark may lie
  /// above what was asked for.
  void mark_expiring(Offset end);
  Offset expiring_end() const { return expiring_end_; }
  static constexpr std::int64_t kExpiringStep = 4096;

  /// Bytes of the records that are neither settled nor on their way with an intent. Written down only in a queue that
  /// counts exactly (see count_exactly); in others an estimate of their owner.
  std::uint64_t bytes() const { return bytes_; }
  void add_bytes(std::uint64_t bytes);
  void forget_bytes(std::uint64_t bytes);
  /// Whether bytes() and counted_end() are part of the durable state. What was counted is forgotten when it ends.
  void count_exactly(bool on);
  bool counts_exactly() const { return counts_; }
  /// The records below are in bytes(), those above are not yet.
  Offset counted_end() const { return counted_end_; }
  void set_counted_end(Offset end);
  /// Nothing is counted: counting begins at the floor.
  void forget_count();

  /// The record was refused although it is stored: it goes to the dead letters and is never ready. Not in bytes().
  void refuse(Offset offset);
  const std::set<Offset>& refused() const { return refused_; }

  /// The record was given up by a consumer and is on its way to the dead letters, which has not been decided yet. Not
  /// in bytes() from now on.
  void doom(Offset offset, DeathReason reason);
  const std::map<Offset, DeathReason>& doomed() const { return doomed_; }

  void add_intent(Offset offset, MoveIntent intent);
  const std::map<Offset, MoveIntent>& intents() const { return intents_; }

  /// On the heap, about; 0 while everything was settled in order.
  std::uint64_t memory_bytes() const;

  /// Appends the gathered changes to `out` as one command. False when there are none. A moved delivery mark alone
  /// makes a command only when `with_mark`.
  bool take_command(bytes::ByteVector& out, bool with_mark);
  bool mark_pending() const { return mark_pending_; }

  bool load_snapshot(bytes::ByteView snapshot) override;
  bool apply(bytes::ByteView command) override;
  void save_snapshot(bytes::ByteVector& out) const override;

 private:
  struct Range {
    Offset first;
    Offset last;
  };
  bool apply_part(std::uint8_t kind, bytes::Reader& in);
  bool read_returns(bytes::Reader& in);
  bool read_history(bytes::Reader& in);
  static void write_history(bytes::Writer& to, Offset offset, const Returns& history);
  bool read_doomed(bytes::Reader& in);
  bool read_intent(bytes::Reader& in);
  void forget_range(Offset first, Offset last);
  void add_levels(std::uint8_t level, Offset first, Offset last);
  bool read_levels(bytes::Reader& in);
  void write_marks(bytes::ByteVector& out) const;
  void write_count(bytes::ByteVector& out) const;
  static void write_doomed(bytes::ByteVector& out, Offset offset, DeathReason reason);
  static void write_intent(bytes::ByteVector& out, Offset offset, const MoveIntent& intent);

  bool journalled_;
  storage::Settlement settlement_;
  boost::unordered_flat_map<std::int64_t, Returns> returns_;
  Offset delivered_end_;
  std::map<std::uint8_t, Offset> level_delivered_;  // of levels above 0
  Levels levels_;
  Offset expiring_end_;
  bool counts_ = false;
  std::uint64_t bytes_ = 0;
  Offset counted_end_;
  std::map<Offset, MoveIntent> intents_;
  std::set<Offset> refused_;
  std::map<Offset, DeathReason> doomed_;

  // Changes since the last command.
  std::vector<Range> new_ranges_;
  std::vector<Offset> new_returns_;
  std::vector<Offset> new_intents_;
  std::vector<Offset> new_refused_;
  std::vector<Offset> new_doomed_;
  struct LevelRange {
    std::uint8_t level;
    Range range;
  };
  std::vector<LevelRange> new_levels_;
  bool mark_pending_ = false;
  bool expiring_pending_ = false;
  bool count_pending_ = false;
};

}  // namespace millrace::broker

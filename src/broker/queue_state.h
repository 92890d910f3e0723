#pragma once

#include <climits>  // the container below forgets it

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/dead_letter.h"
#include "broker/types.h"
#include "bytes/reader.h"
#include "bytes/view.h"
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

  /// One more delivery that came back; returns the new number.
  std::uint32_t count_return(Offset offset);
  /// How often the record came back to the queue.
  std::uint32_t returns(Offset offset) const;

  /// Records below `end` may have been delivered. Journalled together with other changes, or alone when `urgent`
  /// commands are asked for (see take_command).
  void mark_delivered(Offset end);
  Offset delivered_end() const { return delivered_end_; }
  /// One past every offset that this state names.
  Offset named_end() const;

  /// Records below `end` may have a time to live of their own. Written down in steps of kExpiringStep: the mark may lie
  /// above what was asked for.
  void mark_expiring(Offset end);
  Offset expiring_end() const { return expiring_end_; }
  static constexpr std::int64_t kExpiringStep = 4096;

  void add_intent(Offset offset, MoveIntent intent);
  const std::map<Offset, MoveIntent>& intents() const { return intents_; }

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
  bool read_intent(bytes::Reader& in);
  void forget_range(Offset first, Offset last);
  static void write_intent(bytes::ByteVector& out, Offset offset, const MoveIntent& intent);

  bool journalled_;
  storage::Settlement settlement_;
  boost::unordered_flat_map<std::int64_t, std::uint32_t> returns_;
  Offset delivered_end_;
  Offset expiring_end_;
  std::map<Offset, MoveIntent> intents_;

  // Changes since the last command.
  std::vector<Range> new_ranges_;
  std::vector<Offset> new_returns_;
  std::vector<Offset> new_intents_;
  bool mark_pending_ = false;
  bool expiring_pending_ = false;
};

}  // namespace millrace::broker

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/prng.h"
#include "bytes/view.h"
#include "queue_traits.h"
#include "testing/fault_counters.h"
#include "testing/sim_world.h"

namespace millrace::simtest {

using MessageId = std::uint64_t;

/// How far the removal of a message from a queue has come.
enum class Settled : std::uint8_t {
  no,
  asked,    // the client said so; a crash may undo it
  durable,  // a later answer of the same channel and queue proves that it is stored
};

/// What the simulation knows of one message sent to a queue.
struct Message {
  std::size_t queue = 0;
  std::uint64_t stream = 0;    // the channel it was sent on
  std::uint64_t sequence = 0;  // its number there
  bool confirmed = false;
  bool refused = false;
  bool delivered = false;  // from its own queue, to anyone
  bool seen_dead = false;  // from the dead letter queue, to anyone
  bool purged = false;     // a purge or an automatic acknowledgement may have hit it
  Settled accepted = Settled::no;
  Settled rejected = Settled::no;
  Settled dead_settled = Settled::no;
  /// Who holds it now among the clients inside the process, 0: nobody.
  std::uint64_t holder = 0;
  std::uint64_t delivered_in = 0;  // lifetime of the latest delivery
  std::int64_t offset = -1;
  std::int64_t dead_offset = -1;
  base::Nanos sent_at{0};
  std::optional<base::Millis> time_to_live;  // its own
  std::uint8_t priority = 0;
  /// When somebody first heard that it is stored, in its queue and in the dead letter queue; 0: nobody has.
  base::Nanos told{0};
  base::Nanos dead_told{0};
  bool in_doubt = false;  // see newest_rounds_in_doubt
};

/// The judge: hears what clients send and see, and says when that cannot be. The first contradiction halts the world.
class Oracle {
 public:
  Oracle(sim::SimWorld& world, std::vector<QueueTraits> traits);

  /// The dead letter queue's number: the one after the last queue.
  std::size_t dead_queue() const { return queues_; }
  bool has_dead_letters(std::size_t queue) const { return queue < queues_ && traits_[queue].dead_letters; }
  const QueueTraits& traits(std::size_t queue) const { return traits_[queue]; }

  void fail(const std::string& what);
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  /// Feeds the hash that two runs of a seed must agree on; prints when asked to.
  void trace(const std::string& what);
  std::uint64_t trace_hash() const { return hash_; }
  void set_verbose(bool verbose) { verbose_ = verbose; }
  bool verbose() const { return verbose_; }

  /// The server was started again.
  void next_lifetime();
  std::uint64_t lifetime() const { return lifetime_; }
  /// Bits of synced data were flipped: from now on only what is served is judged, and losses must be reported ones.
  void data_was_damaged() { damaged_ = true; }
  bool damaged() const { return damaged_; }
  /// Damage while the server was down. A shard's newest round looks torn when it is damaged, because nothing later says
  /// that it was synced: recovery must cut it off, and cannot tell what it held. So with each hit one round more may
  /// go. `certain`: when the newest round of each queue's shard that cannot have gone was committed.
  void newest_rounds_in_doubt(const std::vector<base::Nanos>& certain);
  base::Nanos now() const { return world_.clock().monotonic(); }

  std::uint64_t new_stream() { return ++last_stream_; }
  struct Wishes {
    std::optional<base::Millis> time_to_live;
    std::uint8_t priority = 0;
  };
  /// What a message for this queue might ask for.
  Wishes draw_wishes(std::size_t queue, base::Prng& random) const;
  MessageId sent(std::size_t queue, std::uint64_t stream, const Wishes& wishes);
  void confirmed(MessageId id);
  void refused(MessageId id);
  /// There are faults that make the server refuse messages, whatever their queue says.
  void expect_refusals() { any_refusal_ = true; }
  bool may_be_refused(std::size_t queue) const { return any_refusal_ || traits_[queue].refuses(); }

  /// What was sent to be done together: if any of it was done, all of it was.
  struct Unit {
    struct Settlement {
      MessageId id;
      std::size_t from;
      bool reject;
    };
    std::vector<MessageId> messages;
    std::vector<Settlement> settlements;
  };
  void committing(const Unit& unit);
  void committed(const Unit& unit);
  /// The server said so, or it was never asked to commit: nothing of it may have been done.
  void not_committed(const Unit& unit);

  struct Delivery {
    std::size_t queue = 0;
    bytes::ByteView body;
    bool redelivered = false;
    std::int64_t offset = -1;  // -1: not known to this client
    std::uint64_t holder = 0;  // a client inside the process, else 0
  };
  /// The message that the body says it is; 0 when it is none.
  MessageId delivered(const Delivery& delivery);
  /// The message was given out just now, by its queue's own shard: fails when its time was over.
  void check_in_time(MessageId id);
  /// It went back to the queue, or its holder is gone.
  void released(MessageId id);
  void accepted(MessageId id, std::size_t from, Settled how);
  void rejected(MessageId id, std::size_t from, Settled how);
  /// A purge of the queue, or a consumer that acknowledges what it has not yet seen, began or ended: everything sent to
  /// it until the end may be gone.
  void removal_began(std::size_t queue);
  void removal_ended(std::size_t queue);

  bytes::ByteVector make_body(MessageId id, std::size_t size) const;
  /// 0 when the body is damaged or of another run.
  MessageId read_body(bytes::ByteView body) const;

  const Message& message(MessageId id) const { return messages_[id]; }
  /// How often what happened that a run should have met.
  sim::FaultCounters& events() { return events_; }
  std::size_t message_count() const { return messages_.size() - 1; }
  /// After all queues were emptied: `found[queue]` in the order of delivery. `quarantined[queue]`: how many offsets the
  /// server itself reported as damaged there.
  void judge_final(const std::vector<std::vector<MessageId>>& found, const std::vector<std::uint64_t>& quarantined);

 private:
  void deliver_dead(MessageId id, const Delivery& delivery);
  void deliver_own(MessageId id, const Delivery& delivery);
  std::optional<base::Nanos> expires_at(const Message& message) const;
  bool may_have_left(const Message& message) const;
  bool may_be_dead(const Message& message) const;
  void judge_units(const std::vector<std::size_t>& own, const std::vector<std::size_t>& dead);
  void check_offset(std::size_t queue, std::int64_t offset, MessageId id);
  void judge_message(MessageId id, std::size_t own, std::size_t dead, std::vector<std::uint64_t>& missing);
  void judge_holes(const std::vector<std::size_t>& own, const std::vector<std::size_t>& dead);
  void judge_order(const std::vector<MessageId>& found, std::size_t queue);
  std::string describe(MessageId id) const;
  void heard(base::Nanos& first_time) const;

  sim::SimWorld& world_;
  std::size_t queues_;
  std::vector<QueueTraits> traits_;
  std::vector<std::uint64_t> sent_to_;  // each queue
  std::vector<Unit> doubtful_units_;    // and those that were committed
  bool any_refusal_ = false;
  sim::FaultCounters events_;
  std::vector<Message> messages_;  // by id; the first is nobody's
  std::vector<std::map<std::int64_t, MessageId>> at_offset_;
  std::vector<std::uint32_t> open_removals_;
  std::unordered_map<std::uint64_t, std::uint64_t> sequences_;  // by stream
  std::uint64_t last_stream_ = 0;
  std::uint64_t lifetime_ = 0;
  bool damaged_ = false;
  bool verbose_ = false;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::string failure_;
};

}  // namespace millrace::simtest

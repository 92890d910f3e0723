#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "broker/group.h"
#include "broker/group_state.h"
#include "broker/group_types.h"
#include "io/loop.h"
#include "storage/types.h"

namespace millrace::broker {

class Shard;

/// The groups of this shard: serves what Groups sends from any shard. Callbacks are called here and carry the answer
/// home themselves. What changes stored state is answered when its round is durable, and committed offsets are read
/// only when they are.
class GroupHost {
 public:
  GroupHost(Shard& shard, const GroupOptions& options);
  ~GroupHost();

  GroupState& state() { return state_; }
  /// After the store has opened: members of before the restart go on; offsets of topics that are gone go too.
  void recovered();
  /// Committed offsets name records, which damage may have taken: no other record gets such an offset. At the start,
  /// when every shard has its logs and no loop runs.
  void name_offsets(const std::vector<Shard*>& peers) const;

  template <class T>
  using Done = std::move_only_function<void(T)>;
  void join(JoinRequest request, JoinDone done);
  void sync(SyncRequest request, SyncDone done);
  void heartbeat(HeartbeatRequest request, Done<GroupErrc> done);
  void leave(LeaveRequest request, Done<LeaveReply> done);
  void commit(CommitRequest request, Done<CommitReply> done);
  /// Its coordinator knows that the group takes part in the producer's transaction.
  void commit_in_transaction(CommitRequest request, std::int64_t producer, Done<CommitReply> done);
  /// Takes over the offsets that the transaction brought, or drops them.
  void end_transaction(const GroupKey& key, std::int64_t producer, bool commit, io::Task done);
  void offsets(OffsetsRequest request, Done<OffsetsReply> done);
  void forget_offsets(ForgetOffsetsRequest request, Done<ForgetOffsetsReply> done);
  void describe(GroupKey key, Done<GroupDescription> done);
  /// Forgets a group without members and its offsets.
  void remove(GroupKey key, Done<GroupErrc> done);
  std::vector<GroupSummary> list(ObjectId vhost) const;

  void topic_removed(ObjectId topic);
  void committed(storage::Round round);

 private:
  struct Live {
    Group group;
    io::Timer timer;
    base::Nanos timer_at;
    std::uint64_t store = 0;  // number of its newest store
  };
  struct Stored {
    storage::Round round;
    GroupKey key;
    std::uint64_t store;
  };
  struct Answer {
    storage::Round round;
    io::Task task;
  };
  Live* find(const GroupKey& key);
  Live* find_or_create(const GroupKey& key);
  bool has_room() const;
  GroupErrc check_join(const JoinRequest& request) const;
  GroupErrc check_commit(const CommitRequest& request, bool in_transaction);
  /// The entries that may be stored, as offsets or as those of the producer's open transaction; the others get their
  /// error.
  std::vector<CommitRequest::Entry> accept(CommitRequest& request, CommitReply& reply,
                                           std::optional<std::int64_t> producer) const;
  /// After each call of a group: stores, arms its timer, lets go of one that is idle.
  void settle(Live& live);
  void arm(Live& live);
  void on_time(GroupKey key);
  void append(const bytes::ByteVector& command);
  void when_durable(io::Task task);
  GroupPhase phase_of(const GroupKey& key) const;
  base::Nanos now() const;
  void schedule_expiry();
  void expire_some();
  void expire(const GroupKey& key, const GroupState::Record& record, Timestamp wall);

  Shard& shard_;
  const GroupOptions& options_;
  GroupState state_;
  std::map<GroupKey, std::unique_ptr<Live>> live_;
  std::uint64_t stores_ = 0;
  storage::Round last_change_;
  std::deque<Stored> storing_;  // by round
  std::deque<Answer> answers_;  // by round
  io::Timer expiry_timer_;
  GroupKey expiry_cursor_;
};

}  // namespace millrace::broker

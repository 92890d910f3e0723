#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/group_state.h"
#include "broker/group_types.h"

namespace millrace::broker {

/// The members of one group and the generation they are in or on the way to. A pure machine: time comes with each
/// call, answers leave through the callbacks that the requests brought, and what must be durable before an answer is
/// taken by the owner (take_unstored) and reported back (stored).
///
/// empty -> joining: the first member; after a short delay for others, or when all known members have joined, the
/// next generation begins -> syncing: its leader divides the work; the division is stored -> stable. Members that come,
/// leave, are silent or change what they offer lead back to joining. Lives on its shard, owned by GroupHost.
class Group {
 public:
  Group(const GroupKey& key, const GroupOptions& options);
  /// As it was stored; its members have a session from `now` on.
  Group(const GroupKey& key, const GroupOptions& options, const StoredGroup& stored, base::Nanos now);

  const GroupKey& key() const { return key_; }
  GroupPhase phase() const { return phase_; }
  /// Nothing to keep beyond what is stored.
  bool idle() const { return phase_ == GroupPhase::empty && pending_.empty() && members_.empty(); }
  const std::string& protocol_type() const { return protocol_type_; }

  void join(JoinRequest request, base::Nanos now, JoinDone done);
  void sync(SyncRequest request, base::Nanos now, SyncDone done);
  GroupErrc heartbeat(const MemberClaim& who, base::Nanos now);
  GroupErrc leave(const LeaveRequest::Member& member, base::Nanos now);
  /// Whether this member (or, with no claim at all, a reader outside of the group) may commit offsets now. In a
  /// transaction also somebody who claims nothing may, and a rebalance does not matter: the producer was let in.
  GroupErrc check_commit(const MemberClaim& who, bool in_transaction, base::Nanos now);
  void describe(GroupDescription& out) const;
  /// The topics that members read; nothing when the reader does not understand a member.
  std::optional<std::set<std::string>> read_topics(SubscriptionReader reader) const;

  std::optional<base::Nanos> next_deadline() const;
  void on_time(base::Nanos now);

  /// What is to be stored since the last call, if anything (its time is for the owner to set).
  std::optional<StoredGroup> take_unstored();
  /// What the last take_unstored() gave is durable.
  void stored(base::Nanos now);

 private:
  struct Member {
    std::string id;
    std::optional<std::string> instance;
    std::string client_id;
    std::string client_host;
    Millis session_timeout;
    Millis rebalance_timeout;
    std::vector<GroupProtocol> protocols;
    bytes::ByteVector assignment;
    base::Nanos deadline;
    bool fresh = false;  // waits for its first generation
    JoinDone joining;
    SyncDone syncing;
    /// The answer to a static member that came back to a stable group waits for the store.
    bool replaced = false;
    bool can_skip_assignment = false;
    std::string old_leader;

    bool offers(std::string_view protocol) const;
    const bytes::ByteVector& metadata_for(std::string_view protocol) const;
    std::size_t bytes() const;
  };
  using Members = std::map<std::string, Member>;

  void join_new(JoinRequest request, base::Nanos now, JoinDone done);
  void join_known(JoinRequest request, base::Nanos now, JoinDone done);
  void add(JoinRequest request, const std::string& id, base::Nanos now, JoinDone done);
  void replace_instance(JoinRequest request, base::Nanos now, JoinDone done);
  void update(Member& member, JoinRequest request, base::Nanos now, JoinDone done);
  void finish_replaced(Member& member, base::Nanos now);
  JoinReply current_generation(const Member& member, bool with_members) const;

  GroupErrc check_member(const MemberClaim& who) const;
  bool supports(const JoinRequest& request) const;
  bool has_room_for(const std::string& member_id) const;
  std::string choose_protocol() const;
  std::size_t bytes() const;
  std::size_t joined() const;
  bool everyone_joined() const { return pending_.empty() && joined() == members_.size(); }

  void begin_rebalance(base::Nanos now);
  void maybe_rebalance(base::Nanos now);
  void try_complete_join(base::Nanos now);
  void complete_join(base::Nanos now);
  void leader_synced(SyncRequest& request);
  bool elect_joined_leader();
  void send_assignments(base::Nanos now);
  void fail_syncing(GroupErrc error);
  void remove(Members::iterator member, base::Nanos now);
  void erase(Members::iterator member);
  void touch(Member& member, base::Nanos now);
  void join_timed_out(base::Nanos now);
  void sync_timed_out(base::Nanos now);
  Millis rebalance_timeout() const;
  StoredGroup snapshot() const;

  GroupKey key_;
  const GroupOptions& options_;
  GroupPhase phase_ = GroupPhase::empty;
  std::int32_t generation_ = 0;
  std::string protocol_type_;
  std::string protocol_;
  std::string leader_;
  Members members_;
  std::map<std::string, std::string> instances_;  // instance name to member id
  std::map<std::string, base::Nanos> pending_;    // ids that were told and not yet used, until
  std::set<std::string> unsynced_;                // members of this generation that have not asked for their part
  base::Nanos sync_deadline_;
  base::Nanos join_deadline_;
  bool initial_delay_ = false;
  bool added_in_delay_ = false;
  base::Nanos delay_left_;

  bool unstored_ = false;
  bool assigned_ = false;  // the leader has divided the work; the division is being stored
};

}  // namespace millrace::broker

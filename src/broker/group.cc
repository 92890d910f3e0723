#include "broker/group.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::broker {

namespace {

/// A new member cannot show that it lives before it knows its id; for so long it may wait for its first generation.
constexpr Millis kFirstJoinTimeout{300'000};
const bytes::ByteVector kNoMetadata;

}  // namespace

bool Group::Member::offers(std::string_view protocol) const {
  return std::any_of(protocols.begin(), protocols.end(), [&](const GroupProtocol& p) { return p.name == protocol; });
}

const bytes::ByteVector& Group::Member::metadata_for(std::string_view protocol) const {
  for (const GroupProtocol& offered : protocols) {
    if (offered.name == protocol) return offered.metadata;
  }
  return kNoMetadata;
}

std::size_t Group::Member::bytes() const {
  std::size_t total = id.size() + client_id.size() + client_host.size() + assignment.size();
  for (const GroupProtocol& protocol : protocols) total += protocol.name.size() + protocol.metadata.size();
  return total;
}

Group::Group(const GroupKey& key, const GroupOptions& options) : key_(key), options_(options) {}

Group::Group(const GroupKey& key, const GroupOptions& options, const StoredGroup& stored, base::Nanos now)
    : key_(key),
      options_(options),
      phase_(stored.members.empty() ? GroupPhase::empty : GroupPhase::stable),
      generation_(stored.generation),
      protocol_type_(stored.protocol_type),
      protocol_(stored.protocol),
      leader_(stored.leader) {
  for (const StoredMember& from : stored.members) {
    Member member;
    member.id = from.id;
    member.instance = from.instance;
    member.client_id = from.client_id;
    member.client_host = from.client_host;
    member.session_timeout = from.session_timeout;
    member.rebalance_timeout = from.rebalance_timeout;
    member.protocols.push_back({stored.protocol, from.metadata});
    member.assignment = from.assignment;
    touch(member, now);
    if (member.instance.has_value()) instances_[*member.instance] = member.id;
    members_.emplace(from.id, std::move(member));
  }
}

// ---- Joining

bool Group::supports(const JoinRequest& request) const {
  if (request.protocol_type.empty() || request.protocols.empty()) return false;
  if (members_.empty()) return true;
  if (request.protocol_type != protocol_type_) return false;
  return std::any_of(request.protocols.begin(), request.protocols.end(), [this](const GroupProtocol& offered) {
    return std::all_of(members_.begin(), members_.end(),
                       [&](const auto& entry) { return entry.second.offers(offered.name); });
  });
}

bool Group::has_room_for(const std::string& member_id) const {
  if (const auto it = members_.find(member_id); it != members_.end()) {
    if (phase_ != GroupPhase::joining || it->second.joining) return true;
    return joined() < options_.max_members;
  }
  // While members join again, the places of those that have not come yet are free.
  return (phase_ == GroupPhase::joining ? joined() : members_.size()) < options_.max_members;
}

void Group::join(JoinRequest request, base::Nanos now, JoinDone done) {
  const auto refuse = [&done](GroupErrc error, std::string member_id) {
    JoinReply reply;
    reply.error = error;
    reply.member_id = std::move(member_id);
    done(std::move(reply));
  };
  const bool known_instance = request.instance.has_value() && instances_.contains(*request.instance);
  if (!known_instance && !has_room_for(request.member_id)) {
    if (const auto it = members_.find(request.member_id); it != members_.end()) remove(it, now);
    pending_.erase(request.member_id);
    return refuse(GroupErrc::too_many_members, "");
  }
  std::size_t offered = 0;
  for (const GroupProtocol& protocol : request.protocols) offered += protocol.name.size() + protocol.metadata.size();
  if (offered > kMaxMemberMetadata || request.protocols.size() > kMaxMemberProtocols ||
      bytes() + offered > kMaxGroupBytes) {
    return refuse(GroupErrc::too_large, request.member_id);
  }
  if (!supports(request)) return refuse(GroupErrc::inconsistent_protocol, request.member_id);
  if (request.member_id.empty())
    join_new(std::move(request), now, std::move(done));
  else
    join_known(std::move(request), now, std::move(done));
  if (phase_ == GroupPhase::joining) try_complete_join(now);
}

void Group::join_new(JoinRequest request, base::Nanos now, JoinDone done) {
  if (request.instance.has_value()) {
    if (instances_.contains(*request.instance)) return replace_instance(std::move(request), now, std::move(done));
    const std::string id = request.new_member_id;
    return add(std::move(request), id, now, std::move(done));
  }
  if (request.tell_member_id_first) {
    JoinReply reply;
    if (pending_.size() >= options_.max_members) {
      reply.error = GroupErrc::too_many_members;
      return done(std::move(reply));
    }
    pending_[request.new_member_id] = now + base::to_nanos(request.session_timeout);
    reply.error = GroupErrc::member_id_required;
    reply.member_id = request.new_member_id;
    return done(std::move(reply));
  }
  const std::string id = request.new_member_id;
  add(std::move(request), id, now, std::move(done));
}

void Group::join_known(JoinRequest request, base::Nanos now, JoinDone done) {
  const std::string id = request.member_id;
  if (!request.instance.has_value() && pending_.erase(id) > 0) return add(std::move(request), id, now, std::move(done));
  const GroupErrc error = check_member({id, request.instance, generation_});
  if (error != GroupErrc::none) {
    JoinReply reply;
    reply.error = error;
    reply.member_id = id;
    return done(std::move(reply));
  }
  Member& member = members_.at(id);
  const bool changed = member.protocols != request.protocols;
  // The same again: probably the answer was lost. But a leader that joins a stable group wants a new division.
  if (!changed && phase_ == GroupPhase::syncing) return done(current_generation(member, leader_ == id));
  if (!changed && phase_ == GroupPhase::stable && leader_ != id) return done(current_generation(member, false));
  update(member, std::move(request), now, std::move(done));
  maybe_rebalance(now);
}

JoinReply Group::current_generation(const Member& member, bool with_members) const {
  JoinReply reply;
  reply.member_id = member.id;
  reply.generation = generation_;
  reply.protocol_type = protocol_type_;
  reply.protocol = protocol_;
  reply.leader = leader_;
  if (with_members) {
    for (const auto& [id, each] : members_) reply.members.push_back({id, each.instance, each.metadata_for(protocol_)});
  }
  return reply;
}

void Group::add(JoinRequest request, const std::string& id, base::Nanos now, JoinDone done) {
  if (members_.empty()) protocol_type_ = request.protocol_type;
  if (leader_.empty()) leader_ = id;
  Member& member = members_[id];
  member.id = id;
  member.instance = request.instance;
  if (member.instance.has_value()) instances_[*member.instance] = id;
  member.fresh = true;
  if (initial_delay_) added_in_delay_ = true;
  update(member, std::move(request), now, std::move(done));
  maybe_rebalance(now);
}

void Group::update(Member& member, JoinRequest request, base::Nanos now, JoinDone done) {
  if (member.joining) {
    // The client asks again: the connection of the first time is gone, or it does not wait for it any more.
    JoinReply again;
    again.error = GroupErrc::rebalancing;
    again.member_id = member.id;
    std::exchange(member.joining, nullptr)(std::move(again));
  }
  member.replaced = false;
  member.client_id = std::move(request.client_id);
  member.client_host = std::move(request.client_host);
  member.session_timeout = request.session_timeout;
  member.rebalance_timeout = request.rebalance_timeout;
  member.protocols = std::move(request.protocols);
  member.can_skip_assignment = request.can_skip_assignment;
  member.joining = std::move(done);
  touch(member, now);
  if (member.fresh) member.deadline = now + base::to_nanos(kFirstJoinTimeout);
}

/// A static member has come back under a new id: it takes the place of the old one, which is fenced.
void Group::replace_instance(JoinRequest request, base::Nanos now, JoinDone done) {
  const std::string old_id = instances_.at(*request.instance);
  const std::string id = request.new_member_id;
  auto node = members_.extract(old_id);
  MILLRACE_ASSERT(!node.empty());
  node.key() = id;
  Member& member = members_.insert(std::move(node)).position->second;
  if (member.joining) {
    JoinReply fenced;
    fenced.error = GroupErrc::fenced_instance;
    fenced.member_id = old_id;
    std::exchange(member.joining, nullptr)(std::move(fenced));
  }
  if (member.syncing) {
    SyncReply fenced;
    fenced.error = GroupErrc::fenced_instance;
    std::exchange(member.syncing, nullptr)(std::move(fenced));
  }
  member.id = id;
  instances_[*request.instance] = id;
  unsynced_.erase(old_id);
  member.old_leader = leader_;
  if (leader_ == old_id) leader_ = id;
  update(member, std::move(request), now, std::move(done));
  if (phase_ == GroupPhase::stable && choose_protocol() == protocol_) {
    // Its part is still its own: no rebalance, but the new id must be durable before anybody acts on it.
    member.replaced = true;
    unstored_ = true;
    return;
  }
  maybe_rebalance(now);
}

void Group::finish_replaced(Member& member, base::Nanos now) {
  member.replaced = false;
  touch(member, now);
  if (phase_ != GroupPhase::stable || !member.joining) return;
  const bool leads = member.id == leader_;
  JoinReply reply = current_generation(member, leads && member.can_skip_assignment);
  if (member.can_skip_assignment) {
    reply.skip_assignment = leads;
  } else {
    // A leader that cannot skip is told of the leader before, so that it does not divide again.
    reply.leader = member.old_leader;
  }
  std::exchange(member.joining, nullptr)(std::move(reply));
}

// ---- Generations

std::size_t Group::joined() const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [](const auto& entry) { return bool(entry.second.joining); }));
}

std::size_t Group::bytes() const {
  std::size_t total = 0;
  for (const auto& [id, member] : members_) total += member.bytes();
  return total;
}

Millis Group::rebalance_timeout() const {
  Millis longest{0};
  for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout);
  return longest;
}

/// Each member votes for the first protocol of its own that all support.
std::string Group::choose_protocol() const {
  MILLRACE_ASSERT(!members_.empty());
  const auto common = [this](const GroupProtocol& protocol) {
    return std::all_of(members_.begin(), members_.end(),
                       [&](const auto& entry) { return entry.second.offers(protocol.name); });
  };
  std::map<std::string, std::size_t> votes;
  for (const auto& [id, member] : members_) {
    const auto first = std::find_if(member.protocols.begin(), member.protocols.end(), common);
    if (first != member.protocols.end()) ++votes[first->name];
  }
  const auto best =
      std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return best == votes.end() ? std::string() : best->first;
}

void Group::maybe_rebalance(base::Nanos now) {
  if (phase_ != GroupPhase::joining) begin_rebalance(now);
}

void Group::begin_rebalance(base::Nanos now) {
  if (phase_ == GroupPhase::syncing) {
    for (auto& [id, member] : members_) member.assignment.clear();
    fail_syncing(GroupErrc::rebalancing);
  }
  unsynced_.clear();
  assigned_ = false;
  const base::Nanos timeout = base::to_nanos(rebalance_timeout());
  initial_delay_ = phase_ == GroupPhase::empty && options_.initial_delay.value > 0;
  if (initial_delay_) {
    const base::Nanos delay = base::to_nanos(options_.initial_delay);
    added_in_delay_ = false;
    delay_left_ = timeout > delay ? timeout - delay : base::Nanos(0);
    join_deadline_ = now + delay;
  } else {
    join_deadline_ = now + timeout;
  }
  phase_ = GroupPhase::joining;
}

void Group::fail_syncing(GroupErrc error) {
  for (auto& [id, member] : members_) {
    if (!member.syncing) continue;
    SyncReply reply;
    reply.error = error;
    std::exchange(member.syncing, nullptr)(std::move(reply));
  }
}

void Group::try_complete_join(base::Nanos now) {
  if (phase_ == GroupPhase::joining && !initial_delay_ && everyone_joined()) complete_join(now);
}

/// The leader must be one of those that joined. False: none has.
bool Group::elect_joined_leader() {
  const auto leader = members_.find(leader_);
  if (leader != members_.end() && leader->second.joining) return true;
  const auto found =
      std::find_if(members_.begin(), members_.end(), [](const auto& entry) { return bool(entry.second.joining); });
  if (found == members_.end()) return false;
  leader_ = found->first;
  return true;
}

void Group::complete_join(base::Nanos now) {
  initial_delay_ = false;
  // Static members keep their place until their session ends.
  for (auto it = members_.begin(); it != members_.end();) {
    const auto next = std::next(it);
    if (!it->second.joining && !it->second.instance.has_value()) erase(it);
    it = next;
  }
  if (!members_.empty() && !elect_joined_leader()) {
    join_deadline_ = now + base::to_nanos(rebalance_timeout());
    return;
  }
  generation_ = generation_ == INT32_MAX ? 0 : generation_ + 1;
  if (members_.empty()) {
    phase_ = GroupPhase::empty;
    protocol_.clear();
    leader_.clear();
    unstored_ = true;
    return;
  }
  protocol_ = choose_protocol();
  phase_ = GroupPhase::syncing;
  sync_deadline_ = now + base::to_nanos(rebalance_timeout());
  for (auto& [id, member] : members_) {
    member.fresh = false;
    unsynced_.insert(id);
    touch(member, now);
    if (!member.joining) continue;
    std::exchange(member.joining, nullptr)(current_generation(member, id == leader_));
  }
}

void Group::sync(SyncRequest request, base::Nanos now, SyncDone done) {
  const auto refuse = [&done](GroupErrc error) {
    SyncReply reply;
    reply.error = error;
    done(std::move(reply));
  };
  if (const GroupErrc error = check_member(request.who); error != GroupErrc::none) return refuse(error);
  if (request.who.generation != generation_) return refuse(GroupErrc::illegal_generation);
  if ((request.protocol_type.has_value() && *request.protocol_type != protocol_type_) ||
      (request.protocol.has_value() && *request.protocol != protocol_)) {
    return refuse(GroupErrc::inconsistent_protocol);
  }
  if (phase_ == GroupPhase::empty) return refuse(GroupErrc::unknown_member);
  if (phase_ == GroupPhase::joining) return refuse(GroupErrc::rebalancing);
  Member& member = members_.at(request.who.member_id);
  unsynced_.erase(member.id);
  if (phase_ == GroupPhase::stable) {
    touch(member, now);
    return done({GroupErrc::none, protocol_type_, protocol_, member.assignment});
  }
  if (member.syncing) {
    SyncReply again;
    again.error = GroupErrc::rebalancing;
    std::exchange(member.syncing, nullptr)(std::move(again));
  }
  if (member.id == leader_ && !assigned_) {
    std::size_t assigned = bytes();
    for (const auto& each : request.assignments) assigned += each.assignment.size();
    if (assigned > kMaxGroupBytes) return refuse(GroupErrc::too_large);
    leader_synced(request);
  }
  member.syncing = std::move(done);
}

void Group::leader_synced(SyncRequest& request) {
  for (auto& [id, member] : members_) member.assignment.clear();
  for (auto& each : request.assignments) {
    const auto it = members_.find(each.member_id);
    if (it != members_.end()) it->second.assignment = std::move(each.assignment);
  }
  assigned_ = unstored_ = true;
}

void Group::send_assignments(base::Nanos now) {
  for (auto& [id, member] : members_) {
    if (!member.syncing) continue;
    touch(member, now);
    std::exchange(member.syncing, nullptr)({GroupErrc::none, protocol_type_, protocol_, member.assignment});
  }
}

std::optional<StoredGroup> Group::take_unstored() {
  if (!std::exchange(unstored_, false)) return std::nullopt;
  return snapshot();
}

StoredGroup Group::snapshot() const {
  StoredGroup stored;
  stored.generation = generation_;
  stored.protocol_type = protocol_type_;
  stored.protocol = protocol_;
  stored.leader = leader_;
  for (const auto& [id, member] : members_) {
    stored.members.push_back({id, member.instance, member.client_id, member.client_host, member.session_timeout,
                              member.rebalance_timeout, member.metadata_for(protocol_), member.assignment});
  }
  return stored;
}

void Group::stored(base::Nanos now) {
  for (auto& [id, member] : members_) {
    if (member.replaced) finish_replaced(member, now);
  }
  if (phase_ != GroupPhase::syncing || !assigned_) return;
  assigned_ = false;
  phase_ = GroupPhase::stable;
  send_assignments(now);
}

// ---- Staying and leaving

GroupErrc Group::check_member(const MemberClaim& who) const {
  if (who.instance.has_value()) {
    const auto known = instances_.find(*who.instance);
    if (known == instances_.end()) return GroupErrc::unknown_member;
    if (known->second != who.member_id) return GroupErrc::fenced_instance;
  }
  return members_.contains(who.member_id) ? GroupErrc::none : GroupErrc::unknown_member;
}

void Group::touch(Member& member, base::Nanos now) {
  member.deadline = now + base::to_nanos(member.session_timeout);
}

GroupErrc Group::heartbeat(const MemberClaim& who, base::Nanos now) {
  if (const GroupErrc error = check_member(who); error != GroupErrc::none) return error;
  if (who.generation != generation_) return GroupErrc::illegal_generation;
  if (phase_ == GroupPhase::empty) return GroupErrc::unknown_member;
  touch(members_.at(who.member_id), now);
  return phase_ == GroupPhase::joining ? GroupErrc::rebalancing : GroupErrc::none;
}

GroupErrc Group::check_commit(const MemberClaim& who, bool in_transaction, base::Nanos now) {
  const bool claims = who.generation >= 0 || !who.member_id.empty() || who.instance.has_value();
  if (phase_ == GroupPhase::empty && who.generation < 0) return GroupErrc::none;
  if (in_transaction && !claims) return GroupErrc::none;
  // Readers outside of the group may not disturb its members.
  if (!claims) return GroupErrc::unknown_member;
  if (const GroupErrc error = check_member(who); error != GroupErrc::none) return error;
  if (who.generation != generation_) return GroupErrc::illegal_generation;
  if (phase_ == GroupPhase::syncing && !in_transaction) return GroupErrc::rebalancing;
  touch(members_.at(who.member_id), now);
  return GroupErrc::none;
}

GroupErrc Group::leave(const LeaveRequest::Member& leaving, base::Nanos now) {
  std::string id = leaving.member_id;
  if (leaving.instance.has_value()) {
    const auto known = instances_.find(*leaving.instance);
    if (known == instances_.end()) return GroupErrc::unknown_member;
    if (!id.empty() && known->second != id) return GroupErrc::fenced_instance;
    id = known->second;
  } else if (pending_.erase(id) > 0) {
    try_complete_join(now);
    return GroupErrc::none;
  }
  const auto it = members_.find(id);
  if (it == members_.end()) return GroupErrc::unknown_member;
  remove(it, now);
  return GroupErrc::none;
}

void Group::erase(Members::iterator it) {
  Member& member = it->second;
  const std::string id = it->first;
  if (member.joining) {
    JoinReply gone;
    gone.error = GroupErrc::unknown_member;
    std::exchange(member.joining, nullptr)(std::move(gone));
  }
  if (member.syncing) {
    SyncReply gone;
    gone.error = GroupErrc::unknown_member;
    std::exchange(member.syncing, nullptr)(std::move(gone));
  }
  if (member.instance.has_value()) instances_.erase(*member.instance);
  unsynced_.erase(id);
  members_.erase(it);
  if (leader_ == id) leader_ = members_.empty() ? std::string() : members_.begin()->first;
}

void Group::remove(Members::iterator it, base::Nanos now) {
  erase(it);
  if (phase_ == GroupPhase::stable || phase_ == GroupPhase::syncing) begin_rebalance(now);
  try_complete_join(now);
}

void Group::describe(GroupDescription& out) const {
  out.exists = true;
  out.phase = phase_;
  out.protocol_type = protocol_type_;
  const bool stable = phase_ == GroupPhase::stable;
  if (stable) out.protocol = protocol_;
  for (const auto& [id, member] : members_) {
    auto& shown = out.members.emplace_back();
    shown = {id, member.instance, member.client_id, member.client_host, {}, {}};
    if (!stable) continue;
    shown.metadata = member.metadata_for(protocol_);
    shown.assignment = member.assignment;
  }
}

std::optional<std::set<std::string>> Group::read_topics(SubscriptionReader reader) const {
  std::set<std::string> all;
  for (const auto& [id, member] : members_) {
    for (const GroupProtocol& protocol : member.protocols) {
      std::vector<std::string> topics;
      if (reader == nullptr || !reader(protocol_type_, protocol.metadata, topics)) return std::nullopt;
      all.insert(topics.begin(), topics.end());
    }
  }
  return all;
}

// ---- Time

std::optional<base::Nanos> Group::next_deadline() const {
  std::optional<base::Nanos> next;
  const auto consider = [&next](base::Nanos at) { next = next.has_value() ? std::min(*next, at) : at; };
  if (phase_ == GroupPhase::joining) consider(join_deadline_);
  if (!unsynced_.empty()) consider(sync_deadline_);
  for (const auto& [id, until] : pending_) consider(until);
  for (const auto& [id, member] : members_) {
    // Who waits for an answer cannot show signs of life.
    if (member.syncing || (member.joining && !member.fresh)) continue;
    consider(member.deadline);
  }
  return next;
}

void Group::on_time(base::Nanos now) {
  if (std::erase_if(pending_, [now](const auto& entry) { return entry.second <= now; }) > 0) try_complete_join(now);
  std::vector<std::string> silent;
  for (const auto& [id, member] : members_) {
    if (member.syncing || (member.joining && !member.fresh)) continue;
    if (member.deadline <= now) silent.push_back(id);
  }
  for (const std::string& id : silent) {
    const auto it = members_.find(id);
    if (it != members_.end()) remove(it, now);
  }
  if (phase_ == GroupPhase::joining && join_deadline_ <= now) join_timed_out(now);
  if (!unsynced_.empty() && sync_deadline_ <= now) sync_timed_out(now);
}

void Group::join_timed_out(base::Nanos now) {
  if (initial_delay_ && added_in_delay_ && delay_left_ > base::Nanos(0)) {
    // Others came meanwhile: more may.
    added_in_delay_ = false;
    const base::Nanos delay = std::min(base::to_nanos(options_.initial_delay), delay_left_);
    delay_left_ -= delay;
    join_deadline_ = now + delay;
    return;
  }
  complete_join(now);
}

void Group::sync_timed_out(base::Nanos now) {
  for (const std::string& id : std::exchange(unsynced_, {})) {
    const auto it = members_.find(id);
    if (it != members_.end()) erase(it);
  }
  if (phase_ == GroupPhase::syncing || phase_ == GroupPhase::stable) begin_rebalance(now);
  try_complete_join(now);
}

}  // namespace millrace::broker

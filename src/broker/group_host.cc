#include "broker/group_host.h"

#include <algorithm>

#include "base/log.h"
#include "broker/shard.h"

namespace millrace::broker {

namespace {

// How often old offsets are looked for, and how many groups one look takes.
constexpr Millis kOffsetExpiryInterval{60'000};
constexpr std::size_t kExpiryGroups = 10'000;

bool too_long(const std::string& name) {
  return name.size() > kMaxGroupName;
}

}  // namespace

GroupHost::GroupHost(Shard& shard, const GroupOptions& options) : shard_(shard), options_(options) {}

GroupHost::~GroupHost() = default;

base::Nanos GroupHost::now() const {
  return shard_.loop().clock().monotonic();
}

void GroupHost::recovered() {
  for (const auto& [key, record] : state_.records()) {
    if (!record.group.has_value() || record.group->members.empty()) continue;
    auto live = std::make_unique<Live>(Live{Group(key, options_, *record.group, now()), {}, {}});
    arm(*live);
    live_.emplace(key, std::move(live));
  }
  for (const ObjectId topic : state_.topics()) {
    const catalog::State& catalog = shard_.catalog();
    if (catalog.find_topic(topic) == nullptr && catalog.find_queue(topic) == nullptr) topic_removed(topic);
  }
  schedule_expiry();
}

void GroupHost::name_offsets(const std::vector<Shard*>& peers) const {
  // A client may commit any number, and offsets are not endless.
  constexpr std::int64_t kMostLost = std::int64_t{1} << 40;
  const catalog::State& catalog = shard_.catalog();
  const auto name = [&](LogId id, ShardId shard, Offset offset) {
    storage::Log* log = shard.value < peers.size() ? peers[shard.value]->store().find_log(id) : nullptr;
    if (log == nullptr || offset <= log->committed_end()) return;
    if (offset.value - log->committed_end().value <= kMostLost) log->raise_next(offset);
  };
  for (const auto& [key, record] : state_.records()) {
    for (const auto& [at, committed] : record.offsets) {
      if (const catalog::Queue* queue = catalog.find_queue(at.topic)) {
        name(LogId(queue->id.value), queue->shard, committed.offset);
      } else if (const catalog::Topic* topic = catalog.find_topic(at.topic)) {
        if (at.partition < 0 || static_cast<std::size_t>(at.partition) >= topic->partitions.size()) continue;
        const catalog::Partition& partition = topic->partitions[static_cast<std::size_t>(at.partition)];
        name(partition.log, partition.shard, committed.offset);
      }
    }
  }
}

GroupHost::Live* GroupHost::find(const GroupKey& key) {
  const auto it = live_.find(key);
  return it == live_.end() ? nullptr : it->second.get();
}

bool GroupHost::has_room() const {
  return std::max(live_.size(), state_.records().size()) < options_.max_groups;
}

GroupHost::Live* GroupHost::find_or_create(const GroupKey& key) {
  if (Live* found = find(key)) return found;
  const GroupState::Record* record = state_.find(key);
  if (record == nullptr && !has_room()) return nullptr;
  Group group = record != nullptr && record->group.has_value() ? Group(key, options_, *record->group, now())
                                                               : Group(key, options_);
  auto live = std::make_unique<Live>(Live{std::move(group), {}, {}});
  return live_.emplace(key, std::move(live)).first->second.get();
}

GroupPhase GroupHost::phase_of(const GroupKey& key) const {
  const auto it = live_.find(key);
  return it == live_.end() ? GroupPhase::empty : it->second->group.phase();
}

void GroupHost::append(const bytes::ByteVector& command) {
  shard_.store().append_command(GroupState::kState, command);
  last_change_ = shard_.store().current_round();
}

void GroupHost::when_durable(io::Task task) {
  if (last_change_ <= shard_.store().committed_round()) return task();
  answers_.push_back({last_change_, std::move(task)});
}

void GroupHost::settle(Live& live) {
  if (auto unstored = live.group.take_unstored(); unstored.has_value()) {
    unstored->changed_at = shard_.loop().clock().wall();
    append(state_.put_group(live.group.key(), *unstored));
    live.store = ++stores_;
    storing_.push_back({last_change_, live.group.key(), live.store});
  }
  if (live.group.idle()) {
    live_.erase(GroupKey(live.group.key()));
    return;
  }
  arm(live);
}

void GroupHost::arm(Live& live) {
  const auto next = live.group.next_deadline();
  if (!next.has_value()) return live.timer.cancel();
  if (live.timer && live.timer_at <= *next) return;  // it looks again when it fires
  const base::Nanos from = now();
  live.timer_at = *next;
  live.timer = shard_.loop().call_after(*next > from ? *next - from : base::Nanos(0),
                                        [this, key = live.group.key()] { on_time(key); });
}

void GroupHost::on_time(GroupKey key) {  // a copy: the timer that holds the other one is let go
  Live* live = find(key);
  if (live == nullptr) return;
  live->timer = {};
  live->group.on_time(now());
  settle(*live);
}

// ---- Membership

GroupErrc GroupHost::check_join(const JoinRequest& request) const {
  if (request.session_timeout < options_.min_session_timeout ||
      request.session_timeout > options_.max_session_timeout) {
    return GroupErrc::invalid_session_timeout;
  }
  const bool long_protocol = std::any_of(request.protocols.begin(), request.protocols.end(),
                                         [](const GroupProtocol& protocol) { return too_long(protocol.name); });
  if (too_long(request.group.name) || too_long(request.new_member_id) || too_long(request.protocol_type) ||
      too_long(request.client_id) || (request.instance.has_value() && too_long(*request.instance)) || long_protocol) {
    return GroupErrc::too_large;
  }
  return GroupErrc::none;
}

void GroupHost::join(JoinRequest request, JoinDone done) {
  JoinReply refused;
  refused.member_id = request.member_id;
  refused.error = check_join(request);
  if (refused.error != GroupErrc::none) return done(std::move(refused));
  Live* live = request.member_id.empty() ? find_or_create(request.group) : find(request.group);
  if (live == nullptr) {
    refused.error = request.member_id.empty() ? GroupErrc::too_many_groups : GroupErrc::unknown_member;
    return done(std::move(refused));
  }
  live->group.join(std::move(request), now(), std::move(done));
  settle(*live);
}

void GroupHost::sync(SyncRequest request, SyncDone done) {
  Live* live = find(request.group);
  if (live == nullptr) {
    SyncReply refused;
    refused.error = GroupErrc::unknown_member;
    return done(std::move(refused));
  }
  live->group.sync(std::move(request), now(), std::move(done));
  settle(*live);
}

void GroupHost::heartbeat(HeartbeatRequest request, Done<GroupErrc> done) {
  Live* live = find(request.group);
  // A sign of life only moves a deadline back: no need to look at the timer.
  done(live == nullptr ? GroupErrc::unknown_member : live->group.heartbeat(request.who, now()));
}

void GroupHost::leave(LeaveRequest request, Done<LeaveReply> done) {
  LeaveReply reply;
  Live* live = find(request.group);
  for (const auto& member : request.members) {
    reply.push_back(live == nullptr ? GroupErrc::unknown_member : live->group.leave(member, now()));
  }
  if (live != nullptr) settle(*live);
  done(std::move(reply));
}

// ---- Offsets

GroupErrc GroupHost::check_commit(const CommitRequest& request, bool in_transaction) {
  Live* live = find(request.group);
  const GroupState::Record* record = state_.find(request.group);
  if (live != nullptr) return live->group.check_commit(request.who, in_transaction, now());
  if (request.who.generation >= 0) return record == nullptr ? GroupErrc::illegal_generation : GroupErrc::unknown_member;
  if (record == nullptr && !has_room()) return GroupErrc::too_many_groups;
  return too_long(request.group.name) ? GroupErrc::too_large : GroupErrc::none;
}

std::vector<CommitRequest::Entry> GroupHost::accept(CommitRequest& request, CommitReply& reply,
                                                    std::optional<std::int64_t> producer) const {
  const GroupState::Record* record = state_.find(request.group);
  const Timestamp wall = shard_.loop().clock().wall();
  const auto* present = record == nullptr ? nullptr : &record->offsets;
  std::size_t known = 0;
  if (record != nullptr) {
    known = record->offsets.size();
    for (const auto& [owner, offsets] : record->pending) known += offsets.size();
    if (producer.has_value()) {
      const auto own = record->pending.find(*producer);
      present = own == record->pending.end() ? nullptr : &own->second;
    }
  }
  std::vector<CommitRequest::Entry> accepted;
  for (auto& entry : request.entries) {
    const ObjectId topic = entry.partition.topic;
    const bool exists = shard_.catalog().find_topic(topic) != nullptr || shard_.catalog().find_queue(topic) != nullptr;
    const bool fresh = present == nullptr || !present->contains(entry.partition);
    GroupErrc& error = reply.entries.emplace_back(GroupErrc::none);
    if (!exists)
      error = GroupErrc::unknown_topic;
    else if (entry.offset.metadata.size() > kMaxOffsetMetadata)
      error = GroupErrc::too_large;
    else if (fresh && ++known > kMaxGroupOffsets)
      error = GroupErrc::too_many_offsets;
    if (error != GroupErrc::none) continue;
    entry.offset.committed_at = wall;
    accepted.push_back(std::move(entry));
  }
  return accepted;
}

void GroupHost::commit(CommitRequest request, Done<CommitReply> done) {
  CommitReply reply;
  reply.error = check_commit(request, false);
  if (reply.error != GroupErrc::none) return done(std::move(reply));
  const auto accepted = accept(request, reply, std::nullopt);
  if (accepted.empty()) return done(std::move(reply));
  append(state_.put_offsets(request.group, accepted));
  when_durable([done = std::move(done), reply = std::move(reply)]() mutable { done(std::move(reply)); });
}

void GroupHost::commit_in_transaction(CommitRequest request, std::int64_t producer, Done<CommitReply> done) {
  CommitReply reply;
  reply.error = check_commit(request, true);
  if (reply.error != GroupErrc::none) return done(std::move(reply));
  const auto accepted = accept(request, reply, producer);
  if (accepted.empty()) return done(std::move(reply));
  append(state_.put_pending(request.group, producer, accepted));
  when_durable([done = std::move(done), reply = std::move(reply)]() mutable { done(std::move(reply)); });
}

void GroupHost::end_transaction(const GroupKey& key, std::int64_t producer, bool commit, io::Task done) {
  const GroupState::Record* record = state_.find(key);
  if (record != nullptr && record->pending.contains(producer)) append(state_.end_pending(key, producer, commit));
  when_durable(std::move(done));
}

void GroupHost::offsets(OffsetsRequest request, Done<OffsetsReply> done) {
  OffsetsReply reply;
  const GroupState::Record* record = state_.find(request.group);
  if (request.partitions.has_value()) {
    for (const TopicPartition& partition : *request.partitions) {
      auto& entry = reply.entries.emplace_back(OffsetsReply::Entry{partition, {}, false});
      if (record == nullptr) continue;
      if (const auto it = record->offsets.find(partition); it != record->offsets.end()) entry.offset = it->second;
      entry.pending = record->is_pending(partition);
    }
  } else if (record != nullptr) {
    for (const auto& [partition, offset] : record->offsets) {
      reply.entries.push_back({partition, offset, record->is_pending(partition)});
    }
  }
  when_durable([done = std::move(done), reply = std::move(reply)]() mutable { done(std::move(reply)); });
}

void GroupHost::forget_offsets(ForgetOffsetsRequest request, Done<ForgetOffsetsReply> done) {
  ForgetOffsetsReply reply;
  const Live* live = find(request.group);
  if (live == nullptr && state_.find(request.group) == nullptr) {
    reply.error = GroupErrc::unknown_group;
    return done(std::move(reply));
  }
  std::optional<std::set<std::string>> read_topics(std::in_place);
  if (live != nullptr) read_topics = live->group.read_topics(request.subscriptions);
  if (!read_topics.has_value()) {
    reply.error = GroupErrc::not_empty;
    return done(std::move(reply));
  }
  std::vector<TopicPartition> forgotten;
  for (const auto& entry : request.entries) {
    const bool read = read_topics->contains(entry.topic_name);
    reply.entries.push_back(read ? GroupErrc::in_use : GroupErrc::none);
    if (!read) forgotten.push_back(entry.partition);
  }
  if (!forgotten.empty()) append(state_.remove_offsets(request.group, forgotten));
  when_durable([done = std::move(done), reply = std::move(reply)]() mutable { done(std::move(reply)); });
}

void GroupHost::topic_removed(ObjectId topic) {
  if (state_.has_offsets_of(topic)) append(state_.forget_topic(topic));
}

// ---- Looking and removing

void GroupHost::describe(GroupKey key, Done<GroupDescription> done) {
  GroupDescription reply;
  const GroupState::Record* record = state_.find(key);
  if (const Live* live = find(key)) {
    live->group.describe(reply);
  } else if (record != nullptr) {
    reply.exists = true;
    if (record->group.has_value()) reply.protocol_type = record->group->protocol_type;
  }
  done(std::move(reply));
}

std::vector<GroupSummary> GroupHost::list(ObjectId vhost) const {
  std::vector<GroupSummary> all;
  for (const auto& [key, live] : live_) {
    if (key.vhost == vhost) all.push_back({key.name, live->group.protocol_type(), live->group.phase()});
  }
  for (const auto& [key, record] : state_.records()) {
    if (key.vhost != vhost || live_.contains(key)) continue;
    all.push_back({key.name, record.group.has_value() ? record.group->protocol_type : "", GroupPhase::empty});
  }
  return all;
}

void GroupHost::remove(GroupKey key, Done<GroupErrc> done) {
  const Live* live = find(key);
  if (live == nullptr && state_.find(key) == nullptr) return done(GroupErrc::unknown_group);
  if (live != nullptr && live->group.phase() != GroupPhase::empty) return done(GroupErrc::not_empty);
  live_.erase(key);
  append(state_.remove_group(key));
  when_durable([done = std::move(done)]() mutable { done(GroupErrc::none); });
}

void GroupHost::committed(storage::Round round) {
  while (!storing_.empty() && storing_.front().round <= round) {
    const Stored stored = std::move(storing_.front());
    storing_.pop_front();
    Live* live = find(stored.key);
    if (live == nullptr || live->store != stored.store) continue;  // a newer one is under way
    live->group.stored(now());
    settle(*live);
  }
  while (!answers_.empty() && answers_.front().round <= round) {
    io::Task task = std::move(answers_.front().task);
    answers_.pop_front();
    task();
  }
}

// ---- Expiry

void GroupHost::schedule_expiry() {
  expiry_timer_ = shard_.loop().call_after(base::to_nanos(kOffsetExpiryInterval), [this] {
    expire_some();
    schedule_expiry();
  });
}

void GroupHost::expire_some() {
  const Timestamp wall = shard_.loop().clock().wall();
  std::vector<GroupKey> keys;
  auto it = state_.records().upper_bound(expiry_cursor_);
  for (; it != state_.records().end() && keys.size() < kExpiryGroups; ++it) {
    if (!live_.contains(it->first)) keys.push_back(it->first);
  }
  expiry_cursor_ = it == state_.records().end() ? GroupKey{} : it->first;
  for (const GroupKey& key : keys) expire(key, *state_.find(key), wall);
}

/// Offsets of a group without members live from the later of their commit and the last member's leaving.
void GroupHost::expire(const GroupKey& key, const GroupState::Record& record, Timestamp wall) {
  const Timestamp left = record.group.has_value() ? record.group->changed_at : Timestamp(0);
  std::vector<TopicPartition> old;
  for (const auto& [partition, offset] : record.offsets) {
    const Timestamp since = std::max(left, offset.committed_at);
    const bool expired = since.value + options_.offset_retention.value <= wall.value;
    if (expired && !record.is_pending(partition)) old.push_back(partition);
  }
  if (old.size() < record.offsets.size()) {
    if (!old.empty()) append(state_.remove_offsets(key, old));
    return;
  }
  if (!record.pending.empty()) return;
  // Nothing is left to know about it.
  append(state_.remove_group(key));
}

}  // namespace millrace::broker

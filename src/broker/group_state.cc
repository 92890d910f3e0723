#include "broker/group_state.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::broker {

namespace {

// Command:  version u8 | kind u8 | fields of the kind
// Snapshot: version u8 | { size u32 | command } *
// Version 1 had nothing of transactions. Before version 3 offsets had no position, and removed ones stayed in
// transactions.
constexpr std::uint8_t kGroupVersion = 3;
constexpr std::uint8_t kWithPositions = 3;
constexpr std::uint8_t kOldest = 1;
enum class GroupKind : std::uint8_t {
  put_group = 1,
  remove_group = 2,
  put_offsets = 3,
  remove_offsets = 4,
  forget_topic = 5,
  put_pending = 6,
  end_pending = 7
};

void put_text(bytes::Writer& out, std::string_view text) {
  out.uvarint(text.size());
  out.text(text);
}
std::string get_text(bytes::Reader& in) {
  return std::string(in.text(in.uvarint()));
}
void put_bytes(bytes::Writer& out, bytes::ByteView view) {
  out.uvarint(view.size());
  out.raw(view);
}
bytes::ByteVector get_bytes(bytes::Reader& in) {
  const bytes::ByteView view = in.view(in.uvarint());
  return {view.begin(), view.end()};
}
void put_key(bytes::Writer& out, const GroupKey& key) {
  out.uvarint(key.vhost.value);
  put_text(out, key.name);
}
GroupKey get_key(bytes::Reader& in) {
  const ObjectId vhost(in.uvarint());
  return {vhost, get_text(in)};
}
void put_partition(bytes::Writer& out, const TopicPartition& partition) {
  out.uvarint(partition.topic.value);
  out.varint(partition.partition);
}
TopicPartition get_partition(bytes::Reader& in) {
  const ObjectId topic(in.uvarint());
  return {topic, static_cast<std::int32_t>(in.varint())};
}

void put_member(bytes::Writer& out, const StoredMember& member) {
  put_text(out, member.id);
  out.u8(member.instance.has_value() ? 1 : 0);
  if (member.instance.has_value()) put_text(out, *member.instance);
  put_text(out, member.client_id);
  put_text(out, member.client_host);
  out.varint(member.session_timeout.value);
  out.varint(member.rebalance_timeout.value);
  put_bytes(out, member.metadata);
  put_bytes(out, member.assignment);
}
StoredMember get_member(bytes::Reader& in) {
  StoredMember member;
  member.id = get_text(in);
  if (in.u8() != 0) member.instance = get_text(in);
  member.client_id = get_text(in);
  member.client_host = get_text(in);
  member.session_timeout = Millis(in.varint());
  member.rebalance_timeout = Millis(in.varint());
  member.metadata = get_bytes(in);
  member.assignment = get_bytes(in);
  return member;
}

class Command {
 public:
  explicit Command(GroupKind kind) : out_(bytes_) {
    out_.u8(kGroupVersion);
    out_.u8(static_cast<std::uint8_t>(kind));
  }
  bytes::Writer& out() { return out_; }
  bytes::ByteVector take() { return std::move(bytes_); }

 private:
  bytes::ByteVector bytes_;
  bytes::Writer out_;
};

bytes::ByteVector group_command(const GroupKey& key, const StoredGroup& group) {
  Command command(GroupKind::put_group);
  bytes::Writer& out = command.out();
  put_key(out, key);
  out.varint(group.generation);
  put_text(out, group.protocol_type);
  put_text(out, group.protocol);
  put_text(out, group.leader);
  out.varint(group.changed_at.value);
  out.uvarint(group.members.size());
  for (const StoredMember& member : group.members) put_member(out, member);
  return command.take();
}

void write_offset(bytes::Writer& out, const TopicPartition& partition, const CommittedOffset& offset) {
  put_partition(out, partition);
  out.varint(offset.offset.value);
  out.varint(offset.leader_epoch);
  out.varint(offset.committed_at.value);
  put_text(out, offset.metadata);
  out.uvarint(offset.position);
}

using Entries = std::vector<CommitRequest::Entry>;

bytes::ByteVector offsets_command(const GroupKey& key, const Entries& entries) {
  Command command(GroupKind::put_offsets);
  put_key(command.out(), key);
  command.out().uvarint(entries.size());
  for (const auto& entry : entries) write_offset(command.out(), entry.partition, entry.offset);
  return command.take();
}

bytes::ByteVector pending_command(const GroupKey& key, std::int64_t producer, const Entries& entries) {
  Command command(GroupKind::put_pending);
  put_key(command.out(), key);
  command.out().varint(producer);
  command.out().uvarint(entries.size());
  for (const auto& entry : entries) write_offset(command.out(), entry.partition, entry.offset);
  return command.take();
}

Entries at_position(std::span<const CommitRequest::Entry> entries, std::uint64_t position) {
  Entries placed(entries.begin(), entries.end());
  for (auto& entry : placed) entry.offset.position = position;
  return placed;
}

Entries entries_of(const std::map<TopicPartition, CommittedOffset>& offsets) {
  Entries entries;
  entries.reserve(offsets.size());
  for (const auto& [partition, offset] : offsets) entries.push_back({partition, offset});
  return entries;
}

}  // namespace

const GroupState::Record* GroupState::find(const GroupKey& key) const {
  const auto it = records_.find(key);
  return it == records_.end() ? nullptr : &it->second;
}

std::vector<ObjectId> GroupState::topics() const {
  std::vector<ObjectId> all;
  all.reserve(topics_.size());
  for (const auto& [topic, count] : topics_) all.push_back(topic);
  return all;
}

bytes::ByteVector GroupState::changed(bytes::ByteVector command) {
  const bool applied = apply(command);
  MILLRACE_ASSERT(applied, "a command that does not apply");
  return command;
}

bytes::ByteVector GroupState::put_group(const GroupKey& key, const StoredGroup& group) {
  return changed(group_command(key, group));
}

bytes::ByteVector GroupState::remove_group(const GroupKey& key) {
  Command command(GroupKind::remove_group);
  put_key(command.out(), key);
  return changed(command.take());
}

bytes::ByteVector GroupState::put_offsets(const GroupKey& key, std::span<const CommitRequest::Entry> entries) {
  return changed(offsets_command(key, at_position(entries, last_position_ + 1)));
}

bytes::ByteVector GroupState::remove_offsets(const GroupKey& key, std::span<const TopicPartition> partitions) {
  Command command(GroupKind::remove_offsets);
  put_key(command.out(), key);
  command.out().uvarint(partitions.size());
  for (const TopicPartition& partition : partitions) put_partition(command.out(), partition);
  return changed(command.take());
}

bytes::ByteVector GroupState::forget_topic(ObjectId topic) {
  Command command(GroupKind::forget_topic);
  command.out().uvarint(topic.value);
  return changed(command.take());
}

bytes::ByteVector GroupState::put_pending(const GroupKey& key, std::int64_t producer,
                                          std::span<const CommitRequest::Entry> entries) {
  return changed(pending_command(key, producer, at_position(entries, last_position_ + 1)));
}

bytes::ByteVector GroupState::end_pending(const GroupKey& key, std::int64_t producer, bool commit) {
  Command command(GroupKind::end_pending);
  put_key(command.out(), key);
  command.out().varint(producer);
  command.out().u8(commit ? 1 : 0);
  return changed(command.take());
}

bool GroupState::apply(bytes::ByteView command) {
  bytes::Reader in(command);
  const std::uint8_t version = in.u8();
  if (version < kOldest || version > kGroupVersion) return false;
  switch (static_cast<GroupKind>(in.u8())) {
    case GroupKind::put_group:
      return apply_put_group(in);
    case GroupKind::remove_group:
      return apply_remove_group(in);
    case GroupKind::put_offsets:
      return apply_put_offsets(in, version);
    case GroupKind::remove_offsets:
      return apply_remove_offsets(in, version);
    case GroupKind::forget_topic:
      return apply_forget_topic(in);
    case GroupKind::put_pending:
      return apply_put_pending(in, version);
    case GroupKind::end_pending:
      return apply_end_pending(in);
  }
  return false;
}

bool GroupState::apply_put_group(bytes::Reader& in) {
  const GroupKey key = get_key(in);
  StoredGroup group;
  group.generation = static_cast<std::int32_t>(in.varint());
  group.protocol_type = get_text(in);
  group.protocol = get_text(in);
  group.leader = get_text(in);
  group.changed_at = Timestamp(in.varint());
  const std::uint64_t count = in.uvarint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) group.members.push_back(get_member(in));
  if (!in.ok()) return false;
  records_[key].group = std::move(group);
  return true;
}

CommittedOffset GroupState::get_offset(bytes::Reader& in, std::uint8_t version) {
  CommittedOffset offset;
  offset.offset = Offset(in.varint());
  offset.leader_epoch = static_cast<std::int32_t>(in.varint());
  offset.committed_at = Timestamp(in.varint());
  offset.metadata = get_text(in);
  if (version >= kWithPositions) offset.position = in.uvarint();
  last_position_ = std::max(last_position_, offset.position);
  return offset;
}

void GroupState::put_offset(Offsets& offsets, const TopicPartition& partition, CommittedOffset offset) {
  if (offsets.insert_or_assign(partition, std::move(offset)).second) ++topics_[partition.topic];
}

void GroupState::erase_offset(Offsets& offsets, const TopicPartition& partition) {
  if (offsets.erase(partition) == 0) return;
  const auto counted = topics_.find(partition.topic);
  MILLRACE_ASSERT(counted != topics_.end());
  if (--counted->second == 0) topics_.erase(counted);
}

void GroupState::erase_offsets(Offsets& offsets) {
  while (!offsets.empty()) erase_offset(offsets, TopicPartition(offsets.begin()->first));
}

void GroupState::erase_topic(Offsets& offsets, ObjectId topic) {
  auto at = offsets.lower_bound({topic, INT32_MIN});
  while (at != offsets.end() && at->first.topic == topic) {
    const TopicPartition partition = at->first;
    ++at;
    erase_offset(offsets, partition);
  }
}

bool GroupState::Record::is_pending(const TopicPartition& partition) const {
  return std::any_of(pending.begin(), pending.end(), [&](const auto& each) { return each.second.contains(partition); });
}

void GroupState::drop_if_bare(const GroupKey& key) {
  const auto it = records_.find(key);
  if (it == records_.end()) return;
  const Record& record = it->second;
  if (!record.group.has_value() && record.offsets.empty() && record.pending.empty()) records_.erase(it);
}

bool GroupState::apply_remove_group(bytes::Reader& in) {
  const GroupKey key = get_key(in);
  if (!in.ok()) return false;
  const auto it = records_.find(key);
  if (it == records_.end()) return true;
  erase_offsets(it->second.offsets);
  for (auto& [producer, offsets] : it->second.pending) erase_offsets(offsets);
  records_.erase(it);
  return true;
}

bool GroupState::apply_put_offsets(bytes::Reader& in, std::uint8_t version) {
  const GroupKey key = get_key(in);
  const std::uint64_t count = in.uvarint();
  if (!in.ok()) return false;
  Record& record = records_[key];
  for (std::uint64_t i = 0; i < count; ++i) {
    const TopicPartition partition = get_partition(in);
    CommittedOffset offset = get_offset(in, version);
    if (!in.ok()) return false;
    put_offset(record.offsets, partition, std::move(offset));
  }
  return true;
}

bool GroupState::apply_remove_offsets(bytes::Reader& in, std::uint8_t version) {
  const GroupKey key = get_key(in);
  const std::uint64_t count = in.uvarint();
  if (!in.ok()) return false;
  const auto it = records_.find(key);
  for (std::uint64_t i = 0; i < count; ++i) {
    const TopicPartition partition = get_partition(in);
    if (!in.ok()) return false;
    if (it == records_.end()) continue;
    erase_offset(it->second.offsets, partition);
    if (version < kWithPositions) continue;
    for (auto& [producer, offsets] : it->second.pending) erase_offset(offsets, partition);
  }
  if (it != records_.end()) std::erase_if(it->second.pending, [](const auto& each) { return each.second.empty(); });
  drop_if_bare(key);
  return true;
}

bool GroupState::apply_forget_topic(bytes::Reader& in) {
  const ObjectId topic(in.uvarint());
  if (!in.ok()) return false;
  for (auto it = records_.begin(); it != records_.end() && topics_.contains(topic);) {
    Record& record = it->second;
    erase_topic(record.offsets, topic);
    for (auto& [producer, offsets] : record.pending) erase_topic(offsets, topic);
    std::erase_if(record.pending, [](const auto& each) { return each.second.empty(); });
    const bool bare = !record.group.has_value() && record.offsets.empty() && record.pending.empty();
    it = bare ? records_.erase(it) : std::next(it);
  }
  return true;
}

bool GroupState::apply_put_pending(bytes::Reader& in, std::uint8_t version) {
  const GroupKey key = get_key(in);
  const std::int64_t producer = in.varint();
  const std::uint64_t count = in.uvarint();
  if (!in.ok() || count == 0) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    const TopicPartition partition = get_partition(in);
    CommittedOffset offset = get_offset(in, version);
    if (!in.ok()) return false;
    put_offset(records_[key].pending[producer], partition, std::move(offset));
  }
  return true;
}

bool GroupState::apply_end_pending(bytes::Reader& in) {
  const GroupKey key = get_key(in);
  const std::int64_t producer = in.varint();
  const bool commit = in.u8() != 0;
  if (!in.ok()) return false;
  const auto it = records_.find(key);
  if (it == records_.end()) return true;
  const auto ended = it->second.pending.find(producer);
  if (ended == it->second.pending.end()) return true;
  Offsets offsets = std::move(ended->second);
  it->second.pending.erase(ended);
  while (!offsets.empty()) {
    const TopicPartition partition = offsets.begin()->first;
    const auto known = it->second.offsets.find(partition);
    const bool newer = known == it->second.offsets.end() || offsets.begin()->second.position >= known->second.position;
    if (commit && newer) put_offset(it->second.offsets, partition, offsets.begin()->second);
    erase_offset(offsets, partition);
  }
  drop_if_bare(key);
  return true;
}

bool GroupState::load_snapshot(bytes::ByteView snapshot) {
  records_.clear();
  topics_.clear();
  last_position_ = 0;
  bytes::Reader in(snapshot);
  if (const std::uint8_t version = in.u8(); version < kOldest || version > kGroupVersion) return false;
  while (in.ok() && !in.at_end()) {
    if (!apply(in.view(in.u32()))) return false;
  }
  return in.ok();
}

void GroupState::save_snapshot(bytes::ByteVector& snapshot) const {
  bytes::Writer out(snapshot);
  out.u8(kGroupVersion);
  const auto add = [&out](const bytes::ByteVector& command) {
    out.u32(static_cast<std::uint32_t>(command.size()));
    out.raw(command);
  };
  for (const auto& [key, record] : records_) {
    if (record.group.has_value()) add(group_command(key, *record.group));
    for (const auto& [producer, offsets] : record.pending) add(pending_command(key, producer, entries_of(offsets)));
    if (!record.offsets.empty()) add(offsets_command(key, entries_of(record.offsets)));
  }
}

}  // namespace millrace::broker

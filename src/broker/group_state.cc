#include "broker/group_state.h"

#include "base/assert.h"

namespace millrace::broker {

namespace {

// Command:  version u8 | kind u8 | fields of the kind
// Snapshot: version u8 | { size u32 | command } *
constexpr std::uint8_t kVersion = 1;
enum class Kind : std::uint8_t {
  put_group = 1,
  remove_group = 2,
  put_offsets = 3,
  remove_offsets = 4,
  forget_topic = 5
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
  explicit Command(Kind kind) : out_(bytes_) {
    out_.u8(kVersion);
    out_.u8(static_cast<std::uint8_t>(kind));
  }
  bytes::Writer& out() { return out_; }
  bytes::ByteVector take() { return std::move(bytes_); }

 private:
  bytes::ByteVector bytes_;
  bytes::Writer out_;
};

bytes::ByteVector group_command(const GroupKey& key, const StoredGroup& group) {
  Command command(Kind::put_group);
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

void put_offset(bytes::Writer& out, const TopicPartition& partition, const CommittedOffset& offset) {
  put_partition(out, partition);
  out.varint(offset.offset.value);
  out.varint(offset.leader_epoch);
  out.varint(offset.committed_at.value);
  put_text(out, offset.metadata);
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
  Command command(Kind::remove_group);
  put_key(command.out(), key);
  return changed(command.take());
}

bytes::ByteVector GroupState::put_offsets(const GroupKey& key, std::span<const CommitRequest::Entry> entries) {
  Command command(Kind::put_offsets);
  put_key(command.out(), key);
  command.out().uvarint(entries.size());
  for (const auto& entry : entries) put_offset(command.out(), entry.partition, entry.offset);
  return changed(command.take());
}

bytes::ByteVector GroupState::remove_offsets(const GroupKey& key, std::span<const TopicPartition> partitions) {
  Command command(Kind::remove_offsets);
  put_key(command.out(), key);
  command.out().uvarint(partitions.size());
  for (const TopicPartition& partition : partitions) put_partition(command.out(), partition);
  return changed(command.take());
}

bytes::ByteVector GroupState::forget_topic(ObjectId topic) {
  Command command(Kind::forget_topic);
  command.out().uvarint(topic.value);
  return changed(command.take());
}

bool GroupState::apply(bytes::ByteView command) {
  bytes::Reader in(command);
  if (in.u8() != kVersion) return false;
  switch (static_cast<Kind>(in.u8())) {
    case Kind::put_group:
      return apply_put_group(in);
    case Kind::remove_group:
      return apply_remove_group(in);
    case Kind::put_offsets:
      return apply_put_offsets(in);
    case Kind::remove_offsets:
      return apply_remove_offsets(in);
    case Kind::forget_topic:
      return apply_forget_topic(in);
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

void GroupState::erase_offset(Record& record, const TopicPartition& partition) {
  if (record.offsets.erase(partition) == 0) return;
  const auto counted = topics_.find(partition.topic);
  MILLRACE_ASSERT(counted != topics_.end());
  if (--counted->second == 0) topics_.erase(counted);
}

void GroupState::drop_if_bare(const GroupKey& key) {
  const auto it = records_.find(key);
  if (it != records_.end() && !it->second.group.has_value() && it->second.offsets.empty()) records_.erase(it);
}

bool GroupState::apply_remove_group(bytes::Reader& in) {
  const GroupKey key = get_key(in);
  if (!in.ok()) return false;
  const auto it = records_.find(key);
  if (it == records_.end()) return true;
  while (!it->second.offsets.empty()) erase_offset(it->second, TopicPartition(it->second.offsets.begin()->first));
  records_.erase(it);
  return true;
}

bool GroupState::apply_put_offsets(bytes::Reader& in) {
  const GroupKey key = get_key(in);
  const std::uint64_t count = in.uvarint();
  if (!in.ok()) return false;
  Record& record = records_[key];
  for (std::uint64_t i = 0; i < count; ++i) {
    const TopicPartition partition = get_partition(in);
    CommittedOffset offset;
    offset.offset = Offset(in.varint());
    offset.leader_epoch = static_cast<std::int32_t>(in.varint());
    offset.committed_at = Timestamp(in.varint());
    offset.metadata = get_text(in);
    if (!in.ok()) return false;
    if (record.offsets.insert_or_assign(partition, std::move(offset)).second) ++topics_[partition.topic];
  }
  return true;
}

bool GroupState::apply_remove_offsets(bytes::Reader& in) {
  const GroupKey key = get_key(in);
  const std::uint64_t count = in.uvarint();
  if (!in.ok()) return false;
  const auto it = records_.find(key);
  for (std::uint64_t i = 0; i < count; ++i) {
    const TopicPartition partition = get_partition(in);
    if (!in.ok()) return false;
    if (it != records_.end()) erase_offset(it->second, partition);
  }
  drop_if_bare(key);
  return true;
}

bool GroupState::apply_forget_topic(bytes::Reader& in) {
  const ObjectId topic(in.uvarint());
  if (!in.ok()) return false;
  for (auto it = records_.begin(); it != records_.end() && topics_.contains(topic);) {
    auto& offsets = it->second.offsets;
    auto at = offsets.lower_bound({topic, INT32_MIN});
    while (at != offsets.end() && at->first.topic == topic) {
      const TopicPartition partition = at->first;
      ++at;
      erase_offset(it->second, partition);
    }
    const bool bare = !it->second.group.has_value() && offsets.empty();
    it = bare ? records_.erase(it) : std::next(it);
  }
  return true;
}

bool GroupState::load_snapshot(bytes::ByteView snapshot) {
  records_.clear();
  topics_.clear();
  bytes::Reader in(snapshot);
  if (in.u8() != kVersion) return false;
  while (in.ok() && !in.at_end()) {
    if (!apply(in.view(in.u32()))) return false;
  }
  return in.ok();
}

void GroupState::save_snapshot(bytes::ByteVector& snapshot) const {
  bytes::Writer out(snapshot);
  out.u8(kVersion);
  const auto add = [&out](const bytes::ByteVector& command) {
    out.u32(static_cast<std::uint32_t>(command.size()));
    out.raw(command);
  };
  for (const auto& [key, record] : records_) {
    if (record.group.has_value()) add(group_command(key, *record.group));
    if (record.offsets.empty()) continue;
    Command command(Kind::put_offsets);
    put_key(command.out(), key);
    command.out().uvarint(record.offsets.size());
    for (const auto& [partition, offset] : record.offsets) put_offset(command.out(), partition, offset);
    add(command.take());
  }
}

}  // namespace millrace::broker

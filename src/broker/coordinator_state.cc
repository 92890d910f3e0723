#include "broker/coordinator_state.h"

#include "base/assert.h"

namespace millrace::broker {

namespace {

// Command:  version u8 | kind u8 | fields of the kind (docs/on-disk-format.md has them)
// Snapshot: version u8 | { size u32 | command } *
constexpr std::uint8_t kCoordinatorVersion = 1;
enum class CoordinatorKind : std::uint8_t { put = 1, add = 2, remove = 3 };

void put_name(bytes::Writer& out, ObjectId vhost, std::string_view name) {
  out.uvarint(vhost.value);
  out.uvarint(name.size());
  out.text(name);
}

template <class Name>
Name get_name(bytes::Reader& in) {
  const ObjectId vhost(in.uvarint());
  return {vhost, std::string(in.text(in.uvarint()))};
}

void put_identity(bytes::Writer& out, const ProducerIdentity& identity) {
  out.varint(identity.id);
  out.varint(identity.epoch);
}

ProducerIdentity get_identity(bytes::Reader& in) {
  const std::int64_t id = in.varint();
  return {id, static_cast<std::int16_t>(in.varint())};
}

bytes::ByteVector begin(CoordinatorKind kind, const ProducerName& name) {
  bytes::ByteVector command;
  bytes::Writer out(command);
  out.u8(kCoordinatorVersion);
  out.u8(static_cast<std::uint8_t>(kind));
  put_name(out, name.vhost, name.name);
  return command;
}

bytes::ByteVector put_command(const ProducerName& name, const CoordinatorState::Record& record, bool fresh) {
  bytes::ByteVector command = begin(CoordinatorKind::put, name);
  bytes::Writer out(command);
  out.u8(fresh ? 1 : 0);
  out.u8(static_cast<std::uint8_t>(record.phase));
  put_identity(out, record.identity);
  put_identity(out, record.previous);
  put_identity(out, record.next);
  out.varint(record.timeout.value);
  out.varint(record.started_at.value);
  out.varint(record.changed_at.value);
  return command;
}

template <class Partitions, class Groups>
bytes::ByteVector add_command(const ProducerName& name, const Partitions& partitions, const Groups& groups) {
  bytes::ByteVector command = begin(CoordinatorKind::add, name);
  bytes::Writer out(command);
  out.uvarint(partitions.size());
  for (const TopicPartition& partition : partitions) {
    out.uvarint(partition.topic.value);
    out.varint(partition.partition);
  }
  out.uvarint(groups.size());
  for (const GroupKey& group : groups) put_name(out, group.vhost, group.name);
  return command;
}

Timestamp deadline_of(const CoordinatorState::Record& record) {
  return Timestamp(record.started_at.value + record.timeout.value);
}

}  // namespace

const CoordinatorState::Record* CoordinatorState::find(const ProducerName& name) const {
  const auto it = records_.find(name);
  return it == records_.end() ? nullptr : &it->second;
}

bytes::ByteVector CoordinatorState::changed(bytes::ByteVector command) {
  const bool applied = apply(command);
  MILLRACE_ASSERT(applied, "a command that does not apply");
  return command;
}

bytes::ByteVector CoordinatorState::put(const ProducerName& name, const Record& record, bool fresh) {
  return changed(put_command(name, record, fresh));
}

bytes::ByteVector CoordinatorState::add(const ProducerName& name, const std::vector<TopicPartition>& partitions,
                                        const std::vector<GroupKey>& groups) {
  return changed(add_command(name, partitions, groups));
}

bytes::ByteVector CoordinatorState::remove(const ProducerName& name) {
  return changed(begin(CoordinatorKind::remove, name));
}

void CoordinatorState::forget_deadline(const ProducerName& name, const Record& record) {
  if (record.open()) deadlines_.erase({deadline_of(record), name});
}

bool CoordinatorState::apply_put(bytes::Reader& in) {
  const ProducerName name = get_name<ProducerName>(in);
  const bool fresh = in.u8() != 0;
  const std::uint8_t phase = in.u8();
  Record record;
  record.phase = static_cast<TransactionPhase>(phase);
  record.identity = get_identity(in);
  record.previous = get_identity(in);
  record.next = get_identity(in);
  record.timeout = Millis(in.varint());
  record.started_at = Timestamp(in.varint());
  record.changed_at = Timestamp(in.varint());
  constexpr std::int64_t kMost = INT64_MAX / 2;  // so that their sum is a time
  if (!in.ok() || phase > static_cast<std::uint8_t>(TransactionPhase::aborted) || record.timeout.value < 0 ||
      record.timeout.value > kMost || record.started_at.value < -1 || record.started_at.value > kMost) {
    return false;
  }
  Record& stored = records_[name];
  forget_deadline(name, stored);
  if (!fresh) {
    record.partitions = std::move(stored.partitions);
    record.groups = std::move(stored.groups);
  }
  stored = std::move(record);
  if (stored.open()) deadlines_.emplace(deadline_of(stored), name);
  return true;
}

bool CoordinatorState::apply_add(bytes::Reader& in) {
  Record& record = records_[get_name<ProducerName>(in)];
  const std::uint64_t partitions = in.uvarint();
  for (std::uint64_t i = 0; i < partitions && in.ok(); ++i) {
    const ObjectId topic(in.uvarint());
    record.partitions.insert({topic, static_cast<std::int32_t>(in.varint())});
  }
  const std::uint64_t groups = in.uvarint();
  for (std::uint64_t i = 0; i < groups && in.ok(); ++i) record.groups.insert(get_name<GroupKey>(in));
  return in.ok();
}

bool CoordinatorState::apply_remove(bytes::Reader& in) {
  const ProducerName name = get_name<ProducerName>(in);
  if (!in.ok()) return false;
  if (const auto it = records_.find(name); it != records_.end()) {
    forget_deadline(name, it->second);
    records_.erase(it);
  }
  return true;
}

bool CoordinatorState::apply(bytes::ByteView command) {
  bytes::Reader in(command);
  if (in.u8() != kCoordinatorVersion) return false;
  switch (static_cast<CoordinatorKind>(in.u8())) {
    case CoordinatorKind::put:
      return apply_put(in);
    case CoordinatorKind::add:
      return apply_add(in);
    case CoordinatorKind::remove:
      return apply_remove(in);
  }
  return false;
}

bool CoordinatorState::load_snapshot(bytes::ByteView snapshot) {
  records_.clear();
  deadlines_.clear();
  bytes::Reader in(snapshot);
  if (in.u8() != kCoordinatorVersion) return false;
  while (in.ok() && !in.at_end()) {
    if (!apply(in.view(in.u32()))) return false;
  }
  return in.ok();
}

void CoordinatorState::save_snapshot(bytes::ByteVector& snapshot) const {
  bytes::Writer out(snapshot);
  out.u8(kCoordinatorVersion);
  const auto append = [&out](const bytes::ByteVector& command) {
    out.u32(static_cast<std::uint32_t>(command.size()));
    out.raw(command);
  };
  for (const auto& [name, record] : records_) {
    append(put_command(name, record, true));
    if (!record.partitions.empty() || !record.groups.empty()) {
      append(add_command(name, record.partitions, record.groups));
    }
  }
}

}  // namespace millrace::broker

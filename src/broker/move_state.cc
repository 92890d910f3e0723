#include "broker/move_state.h"

#include "bytes/reader.h"
#include "bytes/writer.h"

namespace millrace::broker {

namespace {

// Command and snapshot: version u8 | { kind u8 | source uvarint | offset uvarint } *
constexpr std::uint8_t kMoveVersion = 1;

}  // namespace

bool MoveState::contains(ObjectId source, Offset offset) const {
  const auto it = entries_.find(source);
  return it != entries_.end() && it->second.contains(offset);
}

void MoveState::change(const Change& change) {
  if (change.kind == Kind::add) {
    entries_[change.source].insert(change.offset);
    return;
  }
  const auto it = entries_.find(change.source);
  if (it == entries_.end()) return;
  if (change.kind == Kind::remove) it->second.erase(change.offset);
  if (change.kind == Kind::remove_source || it->second.empty()) entries_.erase(it);
}

void MoveState::add(ObjectId source, Offset offset) {
  changes_.push_back({Kind::add, source, offset});
  change(changes_.back());
}

void MoveState::remove(ObjectId source, Offset offset) {
  if (!contains(source, offset)) return;
  changes_.push_back({Kind::remove, source, offset});
  change(changes_.back());
}

void MoveState::remove_source(ObjectId source) {
  if (!entries_.contains(source)) return;
  changes_.push_back({Kind::remove_source, source, Offset(0)});
  change(changes_.back());
}

bool MoveState::take_command(bytes::ByteVector& out) {
  if (changes_.empty()) return false;
  bytes::Writer to(out);
  to.u8(kMoveVersion);
  for (const Change& one : changes_) {
    to.u8(static_cast<std::uint8_t>(one.kind));
    to.uvarint(one.source.value);
    to.uvarint(static_cast<std::uint64_t>(one.offset.value));
  }
  changes_.clear();
  return true;
}

bool MoveState::apply(bytes::ByteView command) {
  bytes::Reader in(command);
  if (in.u8() != kMoveVersion) return false;
  while (in.ok() && !in.at_end()) {
    const std::uint8_t kind = in.u8();
    const ObjectId source(in.uvarint());
    const std::uint64_t offset = in.uvarint();
    if (!in.ok() || kind < 1 || kind > 3 || offset > static_cast<std::uint64_t>(INT64_MAX)) return false;
    change({static_cast<Kind>(kind), source, Offset(static_cast<std::int64_t>(offset))});
  }
  return in.ok();
}

bool MoveState::load_snapshot(bytes::ByteView snapshot) {
  entries_.clear();
  return apply(snapshot);
}

void MoveState::save_snapshot(bytes::ByteVector& out) const {
  bytes::Writer to(out);
  to.u8(kMoveVersion);
  for (const auto& [source, offsets] : entries_) {
    for (const Offset offset : offsets) {
      to.u8(static_cast<std::uint8_t>(Kind::add));
      to.uvarint(source.value);
      to.uvarint(static_cast<std::uint64_t>(offset.value));
    }
  }
}

}  // namespace millrace::broker

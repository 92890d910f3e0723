#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/group_types.h"
#include "bytes/reader.h"
#include "bytes/writer.h"
#include "storage/state_machine.h"
#include "storage/types.h"

namespace millrace::broker {

/// A member as it is remembered over a restart.
struct StoredMember {
  std::string id;
  std::optional<std::string> instance;
  std::string client_id;
  std::string client_host;
  Millis session_timeout;
  Millis rebalance_timeout;
  bytes::ByteVector metadata;  // of the chosen protocol
  bytes::ByteVector assignment;
  friend bool operator==(const StoredMember&, const StoredMember&) = default;
};

/// A generation that was completed: with members and their assignments, or empty.
struct StoredGroup {
  std::int32_t generation = 0;
  std::string protocol_type;
  std::string protocol;
  std::string leader;
  Timestamp changed_at;
  std::vector<StoredMember> members;
  friend bool operator==(const StoredGroup&, const StoredGroup&) = default;
};

/// What a shard's groups remember: their last completed generations and committed offsets. Each change is one command
/// that says what is afterwards, so that applying it again does no harm. Limits are checked before a command is made.
class GroupState final : public storage::StateMachine {
 public:
  static constexpr storage::StateId kState{(std::uint64_t{1} << 63) | 4};

  struct Record {
    std::optional<StoredGroup> group;
    std::map<TopicPartition, CommittedOffset> offsets;
  };
  const Record* find(const GroupKey& key) const;
  const std::map<GroupKey, Record>& records() const { return records_; }
  bool has_offsets_of(ObjectId topic) const { return topics_.contains(topic); }
  /// Topics with committed offsets.
  std::vector<ObjectId> topics() const;

  // The changes: each is applied at once; returned is the command for the journal.
  bytes::ByteVector put_group(const GroupKey& key, const StoredGroup& group);
  bytes::ByteVector remove_group(const GroupKey& key);
  bytes::ByteVector put_offsets(const GroupKey& key, std::span<const CommitRequest::Entry> entries);
  bytes::ByteVector remove_offsets(const GroupKey& key, std::span<const TopicPartition> partitions);
  bytes::ByteVector forget_topic(ObjectId topic);

  [[nodiscard]] bool load_snapshot(bytes::ByteView snapshot) override;
  [[nodiscard]] bool apply(bytes::ByteView command) override;
  void save_snapshot(bytes::ByteVector& out) const override;

 private:
  bytes::ByteVector changed(bytes::ByteVector command);
  bool apply_put_group(bytes::Reader& in);
  bool apply_remove_group(bytes::Reader& in);
  bool apply_put_offsets(bytes::Reader& in);
  bool apply_remove_offsets(bytes::Reader& in);
  bool apply_forget_topic(bytes::Reader& in);
  void erase_offset(Record& record, const TopicPartition& partition);
  void drop_if_bare(const GroupKey& key);

  std::map<GroupKey, Record> records_;
  std::unordered_map<ObjectId, std::size_t> topics_;  // number of offsets
};

}  // namespace millrace::broker

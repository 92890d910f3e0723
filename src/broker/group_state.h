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

/// What a shard's groups remember: their last completed generations, committed offsets, and those of open transactions.
/// Each change is one command that says what is afterwards, so that applying it again does no harm. Limits are checked
/// before a command is made.
class GroupState final : public storage::StateMachine {
 public:
  static constexpr storage::StateId kState{(std::uint64_t{1} << 63) | 4};

  struct Record {
    std::optional<StoredGroup> group;
    std::map<TopicPartition, CommittedOffset> offsets;
    /// By producer: what its open transaction is to commit.
    std::map<std::int64_t, std::map<TopicPartition, CommittedOffset>> pending;

    bool is_pending(const TopicPartition& partition) const;
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
  /// Those of open transactions too.
  bytes::ByteVector remove_offsets(const GroupKey& key, std::span<const TopicPartition> partitions);
  bytes::ByteVector forget_topic(ObjectId topic);
  /// Offsets that wait for the end of the producer's transaction, and its end. What was committed after them stays.
  bytes::ByteVector put_pending(const GroupKey& key, std::int64_t producer,
                                std::span<const CommitRequest::Entry> entries);
  bytes::ByteVector end_pending(const GroupKey& key, std::int64_t producer, bool commit);

  [[nodiscard]] bool load_snapshot(bytes::ByteView snapshot) override;
  [[nodiscard]] bool apply(bytes::ByteView command) override;
  void save_snapshot(bytes::ByteVector& out) const override;

 private:
  bytes::ByteVector changed(bytes::ByteVector command);
  bool apply_put_group(bytes::Reader& in);
  bool apply_remove_group(bytes::Reader& in);
  bool apply_put_offsets(bytes::Reader& in, std::uint8_t version);
  bool apply_remove_offsets(bytes::Reader& in, std::uint8_t version);
  bool apply_forget_topic(bytes::Reader& in);
  bool apply_put_pending(bytes::Reader& in, std::uint8_t version);
  bool apply_end_pending(bytes::Reader& in);
  using Offsets = std::map<TopicPartition, CommittedOffset>;
  CommittedOffset get_offset(bytes::Reader& in, std::uint8_t version);
  void put_offset(Offsets& offsets, const TopicPartition& partition, CommittedOffset offset);
  void erase_offset(Offsets& offsets, const TopicPartition& partition);
  void erase_offsets(Offsets& offsets);
  void erase_topic(Offsets& offsets, ObjectId topic);
  void drop_if_bare(const GroupKey& key);

  std::map<GroupKey, Record> records_;
  std::unordered_map<ObjectId, std::size_t> topics_;  // number of offsets
  std::uint64_t last_position_ = 0;
};

}  // namespace millrace::broker

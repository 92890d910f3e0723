#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/types.h"
#include "bytes/view.h"

namespace millrace::broker {

/// What can go wrong in a group, in no protocol's words.
enum class GroupErrc {
  none,
  unknown_group,
  unknown_member,
  illegal_generation,
  rebalancing,
  inconsistent_protocol,
  fenced_instance,     // another member has taken over this instance name
  member_id_required,  // the reply carries the id to join with
  too_many_members,
  too_many_groups,
  too_large,  // over a named limit of bytes
  too_many_offsets,
  unknown_topic,
  invalid_session_timeout,
  not_empty,
  in_use,  // members read the topic that was named
};

/// Limits and times of groups.
struct GroupOptions {
  std::size_t max_members = 2'000;   // of one group
  std::size_t max_groups = 100'000;  // of one shard
  Millis min_session_timeout{6'000};
  Millis max_session_timeout{1'800'000};
  /// How long the first members of an empty group wait for others.
  Millis initial_delay{500};
  /// Offsets of a group without members are forgotten after this time.
  Millis offset_retention{std::int64_t{7} * 24 * 3600 * 1000};
};

/// Longest name of a group, an instance, a member or a protocol.
constexpr std::size_t kMaxGroupName = 1024;
/// Protocols that a member offers, and their metadata together.
constexpr std::size_t kMaxMemberProtocols = 64;
constexpr std::size_t kMaxMemberMetadata = std::size_t{1} << 20;
/// Metadata and assignments of all members of a group.
constexpr std::size_t kMaxGroupBytes = std::size_t{16} << 20;
/// Text beside a committed offset, and committed offsets of a group.
constexpr std::size_t kMaxOffsetMetadata = 4096;
constexpr std::size_t kMaxGroupOffsets = 100'000;

struct GroupKey {
  ObjectId vhost;
  std::string name;
  friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
};

enum class GroupPhase : std::uint8_t { empty, joining, syncing, stable };

/// One way of dividing the work that a member supports; its metadata means something to members only.
struct GroupProtocol {
  std::string name;
  bytes::ByteVector metadata;
  friend bool operator==(const GroupProtocol&, const GroupProtocol&) = default;
};

/// Who asks: the member id, the name of a static member's instance, and the generation it knows.
struct MemberClaim {
  std::string member_id;
  std::optional<std::string> instance;
  std::int32_t generation = -1;
};

struct JoinRequest {
  GroupKey group;
  std::string member_id;  // empty: a new member
  std::optional<std::string> instance;
  /// The id of a new member; never used before.
  std::string new_member_id;
  std::string client_id;
  std::string client_host;
  Millis session_timeout;
  Millis rebalance_timeout;
  std::string protocol_type;
  std::vector<GroupProtocol> protocols;
  /// A new member without an instance name is first told its id.
  bool tell_member_id_first = false;
  /// A returning leader understands that it must not assign again.
  bool can_skip_assignment = false;
};

struct JoinReply {
  struct Member {
    std::string member_id;
    std::optional<std::string> instance;
    bytes::ByteVector metadata;
  };
  GroupErrc error = GroupErrc::none;
  std::string member_id;
  std::int32_t generation = -1;
  std::string protocol_type;
  std::string protocol;
  std::string leader;
  bool skip_assignment = false;
  std::vector<Member> members;  // for the leader
};
using JoinDone = std::move_only_function<void(JoinReply)>;

struct SyncRequest {
  struct Assignment {
    std::string member_id;
    bytes::ByteVector assignment;
  };
  GroupKey group;
  MemberClaim who;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol;
  std::vector<Assignment> assignments;  // from the leader
};

struct SyncReply {
  GroupErrc error = GroupErrc::none;
  std::string protocol_type;
  std::string protocol;
  bytes::ByteVector assignment;
};
using SyncDone = std::move_only_function<void(SyncReply)>;

struct HeartbeatRequest {
  GroupKey group;
  MemberClaim who;
};

struct LeaveRequest {
  struct Member {
    std::string member_id;  // may be empty when the instance is named
    std::optional<std::string> instance;
  };
  GroupKey group;
  std::vector<Member> members;
};
/// One result for each member.
using LeaveReply = std::vector<GroupErrc>;

/// A topic's log as groups name it; a queue has partition 0.
struct TopicPartition {
  ObjectId topic;
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

struct CommittedOffset {
  Offset offset;
  std::int32_t leader_epoch = -1;
  std::string metadata;
  Timestamp committed_at;
  /// Which of two commits came later, whichever took effect first; set where it is stored.
  std::uint64_t position = 0;
  friend bool operator==(const CommittedOffset&, const CommittedOffset&) = default;
};

struct CommitRequest {
  struct Entry {
    TopicPartition partition;
    CommittedOffset offset;  // its time is set where it is stored
  };
  GroupKey group;
  MemberClaim who;
  std::vector<Entry> entries;
};
struct CommitReply {
  GroupErrc error = GroupErrc::none;
  /// One for each entry, unless `error` is set.
  std::vector<GroupErrc> entries;
};

struct OffsetsRequest {
  GroupKey group;
  /// Nothing: all that are committed.
  std::optional<std::vector<TopicPartition>> partitions;
};
struct OffsetsReply {
  struct Entry {
    TopicPartition partition;
    std::optional<CommittedOffset> offset;
    /// An open transaction is to commit another one.
    bool pending = false;
  };
  std::vector<Entry> entries;
};

/// Reads the names of topics out of a member's metadata. False when it does not know this kind of metadata. A pure
/// function of a gateway; runs on any shard.
using SubscriptionReader = bool (*)(std::string_view protocol_type, bytes::ByteView metadata,
                                    std::vector<std::string>& topics);

struct ForgetOffsetsRequest {
  struct Entry {
    TopicPartition partition;
    std::string topic_name;
  };
  GroupKey group;
  std::vector<Entry> entries;
  SubscriptionReader subscriptions = nullptr;
};
/// As of a commit; `in_use` for topics that members read.
using ForgetOffsetsReply = CommitReply;

struct GroupDescription {
  struct Member {
    std::string member_id;
    std::optional<std::string> instance;
    std::string client_id;
    std::string client_host;
    bytes::ByteVector metadata;    // only in a stable group
    bytes::ByteVector assignment;  // as well
  };
  bool exists = false;
  GroupPhase phase = GroupPhase::empty;
  std::string protocol_type;
  std::string protocol;
  std::vector<Member> members;
};

struct GroupSummary {
  std::string name;
  std::string protocol_type;
  GroupPhase phase = GroupPhase::empty;
};

}  // namespace millrace::broker

#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "bytes/view.h"
#include "model/envelope.h"
#include "model/header_match.h"
#include "model/ids.h"

namespace millrace::catalog {

using model::LogId;
using model::ObjectId;
using model::ShardId;

/// Stored: never renumber.
enum class QueueKind : std::uint8_t {
  ordinary = 0,
  /// The same with stricter rules: always stored, and returns of a message are counted.
  counting = 1,
  /// Read by position: reading takes nothing away, and everybody gets everything.
  stream = 2,
};

struct VirtualHostSettings {
  /// Of queues whose declaration names no kind, where they may be of it.
  std::optional<QueueKind> usual_kind{};
  /// Most queues and client connections in it at a time.
  std::optional<std::uint32_t> max_queues{};
  std::optional<std::uint32_t> max_connections{};
  friend bool operator==(const VirtualHostSettings&, const VirtualHostSettings&) = default;
};

struct VirtualHost {
  ObjectId id;
  std::string name;
  VirtualHostSettings settings;
};

struct User {
  std::string name;
  /// As auth/password.h writes it.
  std::string password_hash;
  std::vector<std::string> tags;
};

/// Patterns over names of queues, exchanges and topics; the empty pattern allows nothing.
struct Permission {
  std::string user;
  ObjectId vhost;
  std::string configure;
  std::string write;
  std::string read;
};

/// Of a user in a virtual host, for one exchange that routes by patterns: patterns over the routing keys that may be
/// used. "{username}" and "{vhost}" in them stand for the user's and the virtual host's names. Without one for an
/// exchange every key may be used.
struct TopicPermission {
  std::string user;
  ObjectId vhost;
  std::string exchange;
  std::string write;
  std::string read;
};

/// What a rule is about: names (of queues, exchanges and topics), groups of readers, the broker as a whole, or names
/// of transactions. Stored: never renumber.
enum class RuleResource : std::uint8_t { name = 0, group = 1, cluster = 2, transaction = 3 };
/// Stored: never renumber.
enum class RuleAction : std::uint8_t {
  all = 0,
  read = 1,
  write = 2,
  create = 3,
  erase = 4,
  alter = 5,
  describe = 6,
  cluster_action = 7,
  describe_configs = 8,
  alter_configs = 9,
  idempotent_write = 10,
};

/// Allows or denies one action, beside what permissions allow: see auth/authorizer.h. Identified by all of its parts.
struct AccessRule {
  ObjectId vhost;
  RuleResource resource = RuleResource::name;
  /// Whole, or with `prefix` the beginning of the names it is for; "*" without `prefix`: every name.
  std::string name;
  bool prefix = false;
  /// "*": everybody. The user need not exist.
  std::string user;
  /// The address that the client comes from; "*": any.
  std::string host;
  RuleAction action = RuleAction::all;
  bool allow = true;
  friend auto operator<=>(const AccessRule&, const AccessRule&) = default;
};

/// By what clients are told apart for limits. Stored: never renumber.
enum class QuotaEntity : std::uint8_t { user = 0, client_id = 1, address = 2 };
/// Stored: never renumber. Bytes a second that clients write or read; percent of a thread that their requests take;
/// partitions a second that they create or delete; connections a second.
enum class QuotaKind : std::uint8_t {
  write_bytes = 0,
  read_bytes = 1,
  request_percentage = 2,
  partition_changes = 3,
  connections = 4,
};

/// Which clients, sorted by entity; without a name: all that have no quota of their own there.
using QuotaSubject = std::vector<std::pair<QuotaEntity, std::optional<std::string>>>;

/// Limits of some clients, each in thousandths.
struct ClientQuota {
  QuotaSubject subject;
  std::vector<std::pair<QuotaKind, std::uint64_t>> limits;
};

/// Stored: never renumber.
enum class ExchangeType : std::uint8_t {
  direct = 0,
  fanout = 1,
  topic = 2,
  headers = 3,
  consistent_hash = 4,
  modulus_hash = 5,
  random = 6,
  local_random = 7,
};

/// What of a message an exchange that spreads by hash looks at. Stored: never renumber.
enum class HashSource : std::uint8_t { routing_key = 0, header = 1, message_id = 2, correlation_id = 3, timestamp = 4 };

struct Exchange {
  ObjectId id;
  ObjectId vhost;
  std::string name;
  ExchangeType type = ExchangeType::direct;
  bool durable = true;
  bool auto_delete = false;
  bool internal = false;
  std::string alternate_exchange;
  HashSource hash_source = HashSource::routing_key;
  /// With HashSource::header.
  std::string hash_header;
  /// Messages that ask for it wait before they are routed: in a queue of the exchange's own (see
  /// QueueSettings::delays), which comes and goes with it.
  bool delays = false;
  ObjectId delay_queue;
  /// The declaration's arguments as its protocol encodes them, for comparing and showing.
  bytes::ByteVector native_arguments;
  model::Protocol native_protocol = model::Protocol::none;
};

enum class Overflow : std::uint8_t { drop_head = 0, reject_publish = 1, reject_publish_dead_letter = 2 };

/// Which returned messages wait before they are delivered again. Stored: never renumber.
enum class DelayedRetry : std::uint8_t {
  none = 0,
  all = 1,
  /// Those whose return counts as a failure.
  failed = 2,
  /// Those whose return does not.
  returned = 3,
};

/// What a queue does with its messages.
struct QueueSettings {
  std::optional<std::string> dead_letter_exchange;
  std::optional<std::string> dead_letter_routing_key;
  std::optional<std::uint64_t> max_length;
  std::optional<std::uint64_t> max_length_bytes;
  Overflow overflow = Overflow::drop_head;
  /// `overflow` was asked for, and counts more than a policy's.
  bool overflow_given = false;
  std::optional<std::uint32_t> delivery_limit;
  /// How long a message may wait, from its append on; 0: it must be taken at once.
  std::optional<base::Millis> message_time_to_live;
  /// The queue is deleted when it was not used for so long.
  std::optional<base::Millis> expires;
  /// How long a consumer may hold a message; 0: for ever. Without it the protocol's own setting counts.
  std::optional<base::Millis> consumer_timeout;
  /// Messages go out by priority, from this one down to 0; what is above counts as this. Fixed when the queue is made.
  std::optional<std::uint8_t> max_priority;
  /// One consumer gets everything; another one takes over when it goes.
  bool single_active_consumer = false;
  /// Of a stream: whole segments older than this go. `max_length_bytes` limits its stored bytes in the same way.
  std::optional<base::Millis> retain_time;
  /// Of a stream: the size of a segment.
  std::optional<std::uint64_t> segment_bytes;
  /// A message that came back waits for `retry_min` times the number of its returns, at most `retry_max`.
  std::optional<DelayedRetry> delayed_retry;
  std::optional<base::Millis> retry_min;
  std::optional<base::Millis> retry_max;
  /// Whether what is stored is on stable storage before it counts, whatever the server's setting says.
  std::optional<bool> synced;
  /// A message waits here for as long as it may live, and goes to the dead letter exchange then, as it was: no death.
  bool delays = false;
  friend bool operator==(const QueueSettings&, const QueueSettings&) = default;
};

/// What a policy says; what it does not say is left to the object's own settings.
struct PolicyDefinition {
  std::optional<std::string> alternate_exchange;
  std::optional<std::string> dead_letter_exchange;
  std::optional<std::string> dead_letter_routing_key;
  std::optional<std::uint64_t> max_length;
  std::optional<std::uint64_t> max_length_bytes;
  std::optional<Overflow> overflow;
  std::optional<std::uint32_t> delivery_limit;
  std::optional<std::uint64_t> message_ttl_ms;
  std::optional<std::uint64_t> expires_ms;
  std::optional<std::uint64_t> retain_ms;
  std::optional<std::uint64_t> segment_bytes;
  std::optional<std::uint64_t> consumer_timeout_ms;
  std::optional<DelayedRetry> delayed_retry;
  std::optional<std::uint64_t> retry_min_ms;
  std::optional<std::uint64_t> retry_max_ms;
  friend bool operator==(const PolicyDefinition&, const PolicyDefinition&) = default;
};

/// Stored: never renumber.
enum class PolicyTarget : std::uint8_t {
  all = 0,
  queues = 1,
  exchanges = 2,
  // One kind of queue only.
  ordinary_queues = 3,
  counting_queues = 4,
  streams = 5,
};

/// Settings for all objects of a virtual host whose names match. Of several the one with the highest priority counts;
/// among equals the first by name. An operator's policy limits what policies and objects say: see broker/policies.h.
struct Policy {
  ObjectId vhost;
  std::string name;
  bool of_operator = false;
  /// Searched anywhere in the name.
  std::string pattern;
  std::int32_t priority = 0;
  PolicyTarget target = PolicyTarget::all;
  PolicyDefinition definition;
};

/// Levels above 0 of every queue of the kind `counting` that is made from now on, and the one of messages without a
/// priority there; in other queues those are of level 0.
constexpr std::uint8_t kCountingMaxPriority = 31;
constexpr std::uint8_t kUsualPriority = 4;
/// Failed deliveries of a message of a queue of the kind `counting`, where neither it nor a policy says anything.
constexpr std::uint32_t kCountingDeliveryLimit = 20;
/// No limit, and that was asked for.
constexpr std::uint32_t kNoDeliveryLimit = UINT32_MAX;
/// Of the number that users write; below 0 stands for no limit.
constexpr std::uint32_t delivery_limit_of(std::int64_t number) {
  return number < 0 || number > kNoDeliveryLimit ? kNoDeliveryLimit : static_cast<std::uint32_t>(number);
}

/// What a queue without a log of its own has of one partition of its topic.
struct QueuePart {
  ObjectId id;  // of what the queue remembers of the partition's records
  LogId log;
  ShardId shard;  // of the log
  /// The first record that is for the queue.
  model::Offset start;
};

/// The topic whose records a queue gives out, each acknowledged for itself, while they stay where they are.
struct QueueSource {
  ObjectId topic;
  std::vector<QueuePart> parts;  // by partition
};

struct Queue {
  ObjectId id;  // its log has the same number
  ObjectId vhost;
  std::string name;
  ShardId shard;
  QueueKind kind = QueueKind::ordinary;
  bool durable = true;
  bool auto_delete = false;
  /// The connection that may use it, and with which it goes.
  std::optional<std::uint64_t> exclusive_owner;
  QueueSettings settings;
  bytes::ByteVector native_arguments;
  model::Protocol native_protocol = model::Protocol::none;
  std::string owner_user;
  /// Without it the queue has a log of its own.
  std::optional<QueueSource> source;

  /// Whether it survives a restart.
  bool stored() const { return durable && !exclusive_owner.has_value(); }
};

struct Partition {
  LogId log;
  ShardId shard;
};

struct Topic {
  ObjectId id;
  ObjectId vhost;
  std::string name;
  std::array<std::uint8_t, 16> topic_id{};
  std::vector<Partition> partitions;
  /// Settings that differ from the defaults.
  std::vector<std::pair<std::string, std::string>> settings;
};

/// Stored: never renumber.
enum class DestinationKind : std::uint8_t { queue = 0, exchange = 1, topic = 2 };

struct BindingDestination {
  DestinationKind kind = DestinationKind::queue;
  ObjectId id;
  friend bool operator==(const BindingDestination&, const BindingDestination&) = default;
};

/// Identified by all of its parts but `match`.
struct Binding {
  ObjectId vhost;
  ObjectId source;
  BindingDestination destination;
  std::string routing_key;
  bytes::ByteVector native_arguments;
  /// What the arguments ask of a message's headers; follows from them. Only for exchanges that look at it.
  model::HeaderMatch match;
  friend bool operator==(const Binding&, const Binding&) = default;
};

/// Longest name of anything, bytes.
constexpr std::size_t kMaxNameLength = 255;
/// Of names in rules and quotas, which others choose; and how many of these there can be.
constexpr std::size_t kMaxForeignName = 1024;
constexpr std::size_t kMaxAccessRules = 100'000;
/// Queues over one topic: they change in one transaction with it.
constexpr std::size_t kMaxTopicQueues = 100;
constexpr std::size_t kMaxClientQuotas = 100'000;

}  // namespace millrace::catalog

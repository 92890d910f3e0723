#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authorizer.h"
#include "broker/shard.h"
#include "broker/types.h"
#include "wire/kafka/primitives.h"

namespace millrace::gateway::kafka {

class Connection;

/// A topic as Kafka clients see it: a topic of the virtual host "/", or a queue of it as a topic of one partition.
struct TopicView {
  model::ObjectId id;
  std::string_view name;
  bool is_queue = false;
  ::millrace::wire::kafka::Uuid uuid;
  std::vector<broker::LogRef> partitions;
};

/// What access rules call the cluster.
constexpr std::string_view kClusterResource = "kafka-cluster";

/// Finds topics by the ids that clients name them by. One per gateway, so per shard: what it remembers is the shard's
/// catalog as of some change, and is looked up there again before it is believed.
class TopicIds {
 public:
  explicit TopicIds(broker::Shard& shard) : shard_(shard) {}
  const catalog::Topic* find(const ::millrace::wire::kafka::Uuid& uuid);

 private:
  using Key = std::array<std::uint8_t, 16>;
  const catalog::Topic* look_up(const Key& key) const;
  broker::Shard& shard_;
  std::map<Key, model::ObjectId> ids_;
  std::uint64_t generation_ = 0;
};

/// Reads a shard's catalog for a connection's user.
class Topics {
 public:
  explicit Topics(Connection& connection);

  /// Nothing when there is none. A topic hides a queue of the same name.
  std::optional<TopicView> find(std::string_view name) const;
  std::optional<TopicView> find(const ::millrace::wire::kafka::Uuid& uuid) const;
  /// The log of one partition.
  std::optional<broker::LogRef> partition(std::string_view topic, std::int32_t index) const;
  /// All that the user may see: every topic, and the queues that are not exclusive.
  std::vector<TopicView> all() const;

  bool may(auth::Operation operation, std::string_view topic) const {
    return may(operation, auth::RuleResource::name, topic);
  }
  /// The same for a group, a transactional id, or the cluster (whose name is kClusterResource).
  bool may(auth::Operation operation, auth::RuleResource kind, std::string_view name) const;
  /// Create this topic, or any.
  bool may_create(std::string_view topic) const;
  model::ObjectId vhost() const;

  /// Letters, digits, '.', '_' and '-', 1 to 249 of them, not "." or "..".
  static bool valid_name(std::string_view name);

 private:
  broker::Shard& shard_;
  const std::string& user_;
  const std::string& host_;
  TopicIds& ids_;
};

}  // namespace millrace::gateway::kafka

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authorizer.h"
#include "broker/shard.h"
#include "broker/types.h"
#include "wire/kafka/primitives.h"

namespace millrace::gateway::kafka {

/// A topic as Kafka clients see it: a topic of the virtual host "/", or a queue of it as a topic of one partition.
struct TopicView {
  model::ObjectId id;
  std::string_view name;
  bool is_queue = false;
  ::millrace::wire::kafka::Uuid uuid;
  std::vector<broker::LogRef> partitions;
};

/// Reads a shard's catalog for one user.
class Topics {
 public:
  Topics(broker::Shard& shard, const std::string& user) : shard_(shard), user_(user) {}

  /// Nothing when there is none. A topic hides a queue of the same name.
  std::optional<TopicView> find(std::string_view name) const;
  std::optional<TopicView> find(const ::millrace::wire::kafka::Uuid& uuid) const;
  /// The log of one partition.
  std::optional<broker::LogRef> partition(std::string_view topic, std::int32_t index) const;
  /// All that the user may see: every topic, and the queues that are not exclusive.
  std::vector<TopicView> all() const;

  bool may(auth::Operation operation, std::string_view topic) const;
  model::ObjectId vhost() const;

  /// Letters, digits, '.', '_' and '-', 1 to 249 of them, not "." or "..".
  static bool valid_name(std::string_view name);

 private:
  broker::Shard& shard_;
  const std::string& user_;
};

}  // namespace millrace::gateway::kafka

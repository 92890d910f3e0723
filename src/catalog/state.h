#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/command.h"
#include "catalog/error.h"

namespace millrace::catalog {

/// Number of a change; the first is 1.
using Revision = base::Quantity<struct RevisionTag, std::uint64_t>;

/// How many objects there are; partitions of all topics together.
struct ObjectCounts {
  std::uint64_t virtual_hosts = 0;
  std::uint64_t users = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t queues = 0;
  std::uint64_t bindings = 0;
  std::uint64_t topics = 0;
  std::uint64_t partitions = 0;
};

/// Everything that exists and is not a message. Pure: changed only by apply(), the same way on the writer and on every
/// replica. Pointers it returns stay valid until the object is deleted (or replaced: users, permissions).
class State {
 public:
  State();
  ~State();
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;
  State clone() const;

  /// What undoes the command, in this order; to be asked for before it is applied. Nothing when it cannot be undone
  /// (ReserveIds). Bindings that come back are the newest of their objects.
  std::optional<std::vector<Command>> inverse(const Command& command) const;
  /// Whether the command may be applied now.
  Result<void> validate(const Command& command) const;
  /// The command must be valid. Deletions take along what depends on the object.
  void apply(const Command& command);

  const VirtualHost* find_virtual_host(std::string_view name) const;
  const VirtualHost* find_virtual_host(ObjectId id) const;
  const User* find_user(std::string_view name) const;
  const Permission* find_permission(std::string_view user, ObjectId vhost) const;
  const TopicPermission* find_topic_permission(std::string_view user, ObjectId vhost, std::string_view exchange) const;
  const Policy* find_policy(ObjectId vhost, bool of_operator, std::string_view name) const;
  const Exchange* find_exchange(ObjectId vhost, std::string_view name) const;
  const Exchange* find_exchange(ObjectId id) const;
  const Queue* find_queue(ObjectId vhost, std::string_view name) const;
  const Queue* find_queue(ObjectId id) const;
  /// The queue with this number, or with a part of this number.
  const Queue* find_holder(ObjectId id) const;
  /// Those whose source is the topic.
  std::vector<const Queue*> queues_of_topic(ObjectId topic) const;
  const Topic* find_topic(ObjectId vhost, std::string_view name) const;
  const Topic* find_topic(ObjectId id) const;
  bool has_binding(const Binding& binding) const;

  std::vector<const VirtualHost*> virtual_hosts() const;
  std::vector<const User*> users() const;
  std::vector<const Permission*> permissions() const;
  std::vector<const TopicPermission*> topic_permissions() const;
  /// Of one virtual host, by name.
  std::vector<const Policy*> policies(ObjectId vhost, bool of_operator) const;
  /// By virtual host.
  const std::set<AccessRule>& access_rules() const;
  const ClientQuota* find_client_quota(const QuotaSubject& subject) const;
  const std::map<QuotaSubject, ClientQuota>& client_quotas() const;
  std::vector<const Exchange*> exchanges() const;
  std::vector<const Queue*> queues() const;
  std::vector<const Topic*> topics() const;
  std::vector<const Binding*> bindings_of_source(ObjectId exchange) const;
  std::vector<const Binding*> bindings_of_destination(ObjectId destination) const;
  std::size_t queue_count() const;
  std::size_t queue_count(ObjectId vhost) const;
  ObjectCounts counts() const;

  /// Ids up to here are reserved (ReserveIds).
  std::uint64_t reserved_ids() const;
  /// True when the command concerns only what survives a restart, and so belongs in the durable store.
  bool is_durable(const Command& command) const;

  /// The durable part, versioned.
  void save(bytes::ByteVector& out) const;
  /// False when damaged or of a newer version; the state is then undefined.
  [[nodiscard]] bool load(bytes::ByteView snapshot);

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace millrace::catalog

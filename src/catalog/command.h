#pragma once

#include <string>
#include <variant>
#include <vector>

#include "catalog/objects.h"

namespace millrace::catalog {

struct CreateVirtualHost {
  VirtualHost vhost;
};
/// With everything in it.
struct DeleteVirtualHost {
  ObjectId id;
};
struct PutUser {
  User user;
};
/// With its permissions.
struct DeleteUser {
  std::string name;
};
struct PutPermission {
  Permission permission;
};
struct DeletePermission {
  std::string user;
  ObjectId vhost;
};
struct CreateExchange {
  Exchange exchange;
};
/// With its bindings.
struct DeleteExchange {
  ObjectId id;
};
struct CreateQueue {
  Queue queue;
};
/// With its bindings.
struct DeleteQueue {
  ObjectId id;
};
struct CreateTopic {
  Topic topic;
};
struct DeleteTopic {
  ObjectId id;
};
struct AddPartitions {
  ObjectId topic;
  std::vector<Partition> partitions;
};
struct AlterTopicSettings {
  ObjectId topic;
  std::vector<std::pair<std::string, std::string>> settings;
};
struct Bind {
  Binding binding;
};
struct Unbind {
  Binding binding;
};
/// Ids up to and including this one may be handed out.
struct ReserveIds {
  std::uint64_t up_to = 0;
};
struct PutTopicPermission {
  TopicPermission permission;
};
struct DeleteTopicPermission {
  std::string user;
  ObjectId vhost;
  std::string exchange;
};
struct PutPolicy {
  Policy policy;
};
struct DeletePolicy {
  ObjectId vhost;
  bool of_operator = false;
  std::string name;
};

struct PutAccessRule {
  AccessRule rule;
};
struct DeleteAccessRule {
  AccessRule rule;
};
struct PutClientQuota {
  ClientQuota quota;
};
struct DeleteClientQuota {
  QuotaSubject subject;
};

/// The topic of a queue's source has more partitions now.
struct AddQueueParts {
  ObjectId queue;
  std::vector<QueuePart> parts;
};

struct AlterVirtualHost {
  ObjectId id;
  VirtualHostSettings settings;
};

/// One change of the catalog. The order is stored: only append.
using Command = std::variant<CreateVirtualHost, DeleteVirtualHost, PutUser, DeleteUser, PutPermission, DeletePermission,
                             CreateExchange, DeleteExchange, CreateQueue, DeleteQueue, CreateTopic, DeleteTopic,
                             AddPartitions, AlterTopicSettings, Bind, Unbind, ReserveIds, PutTopicPermission,
                             DeleteTopicPermission, PutPolicy, DeletePolicy, PutAccessRule, DeleteAccessRule,
                             PutClientQuota, DeleteClientQuota, AddQueueParts, AlterVirtualHost>;

}  // namespace millrace::catalog

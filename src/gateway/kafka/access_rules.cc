#include "gateway/kafka/access_rules.h"

#include <algorithm>
#include <span>

#include "gateway/kafka/connection.h"

namespace millrace::gateway::kafka {

namespace {

using auth::Operation;
using catalog::AccessRule;
using catalog::RuleAction;
using catalog::RuleResource;

constexpr std::string_view kPrincipalType = "User:";
constexpr std::string_view kEveryName = "*";

/// In the order of the protocol's numbers, from `all` on.
constexpr RuleAction kActions[] = {
    RuleAction::all,
    RuleAction::read,
    RuleAction::write,
    RuleAction::create,
    RuleAction::erase,
    RuleAction::alter,
    RuleAction::describe,
    RuleAction::cluster_action,
    RuleAction::describe_configs,
    RuleAction::alter_configs,
    RuleAction::idempotent_write,
};

std::int8_t number_of(RuleAction action) {
  const auto* const at = std::find(std::begin(kActions), std::end(kActions), action);
  return static_cast<std::int8_t>(static_cast<int>(AclOperation::all) + (at - std::begin(kActions)));
}

struct Allowed {
  Operation operation;
  AclOperation number;
};
constexpr Allowed kOfTopics[] = {
    {Operation::read, AclOperation::read},
    {Operation::write, AclOperation::write},
    {Operation::create, AclOperation::create},
    {Operation::erase, AclOperation::erase},
    {Operation::alter, AclOperation::alter},
    {Operation::describe, AclOperation::describe},
    {Operation::describe_configs, AclOperation::describe_configs},
    {Operation::alter_configs, AclOperation::alter_configs},
};
constexpr Allowed kOfGroups[] = {
    {Operation::read, AclOperation::read},
    {Operation::erase, AclOperation::erase},
    {Operation::describe, AclOperation::describe},
};
constexpr Allowed kOfCluster[] = {
    {Operation::create, AclOperation::create},
    {Operation::alter, AclOperation::alter},
    {Operation::describe, AclOperation::describe},
    {Operation::cluster_action, AclOperation::cluster_action},
    {Operation::describe_configs, AclOperation::describe_configs},
    {Operation::alter_configs, AclOperation::alter_configs},
    {Operation::idempotent_write, AclOperation::idempotent_write},
};
constexpr Allowed kOfTransactions[] = {
    {Operation::write, AclOperation::write},
    {Operation::describe, AclOperation::describe},
};

std::span<const Allowed> operations_of(RuleResource kind) {
  switch (kind) {
    case RuleResource::name:
      return kOfTopics;
    case RuleResource::group:
      return kOfGroups;
    case RuleResource::cluster:
      return kOfCluster;
    case RuleResource::transaction:
      return kOfTransactions;
  }
  return {};
}

/// Whether the protocol knows this operation for this kind of thing.
bool fits(RuleResource kind, std::int8_t operation) {
  const auto known = operations_of(kind);
  return operation == static_cast<std::int8_t>(AclOperation::all) ||
         std::any_of(known.begin(), known.end(),
                     [operation](const Allowed& one) { return static_cast<std::int8_t>(one.number) == operation; });
}

bool name_fits(const AccessRule& rule, const AclFilter& filter) {
  const auto pattern = static_cast<AclPattern>(filter.pattern);
  if (pattern == AclPattern::literal && rule.prefix) return false;
  if (pattern == AclPattern::prefixed && !rule.prefix) return false;
  if (!filter.name.has_value()) return true;
  if (pattern != AclPattern::match) return rule.name == *filter.name;
  if (rule.prefix) return filter.name->starts_with(rule.name);
  return rule.name == *filter.name || rule.name == kEveryName;
}

}  // namespace

AclNumbers numbers_of(const AccessRule& rule) {
  return {.resource = static_cast<std::int8_t>(static_cast<int>(AclResource::topic) + static_cast<int>(rule.resource)),
          .pattern = static_cast<std::int8_t>(rule.prefix ? AclPattern::prefixed : AclPattern::literal),
          .principal = std::string(kPrincipalType) + rule.user,
          .operation = number_of(rule.action),
          .permission = static_cast<std::int8_t>(rule.allow ? AclPermission::allow : AclPermission::deny)};
}

wire::ErrorCode read_rule(const AclWanted& wanted, model::ObjectId vhost, AccessRule& rule, std::string& why) {
  constexpr auto kRefused = wire::ErrorCode::invalid_request;
  if (wanted.resource < static_cast<std::int8_t>(AclResource::topic) ||
      wanted.resource > static_cast<std::int8_t>(AclResource::transactional_id)) {
    why = "rules are for topics, groups, the cluster and transactional ids";
    return kRefused;
  }
  rule.resource = static_cast<RuleResource>(wanted.resource - static_cast<std::int8_t>(AclResource::topic));
  const auto pattern = static_cast<AclPattern>(wanted.pattern);
  if (pattern != AclPattern::literal && pattern != AclPattern::prefixed) {
    why = "the pattern of a rule is literal or prefixed";
    return kRefused;
  }
  if (!fits(rule.resource, wanted.operation)) {
    why = "this operation does not exist for this kind of resource";
    return kRefused;
  }
  if (rule.resource == RuleResource::cluster && wanted.name != kClusterResource && wanted.name != kEveryName) {
    why = "the only name of the cluster is 'kafka-cluster'";
    return kRefused;
  }
  const auto permission = static_cast<AclPermission>(wanted.permission);
  if (permission != AclPermission::allow && permission != AclPermission::deny) {
    why = "a rule allows or denies";
    return kRefused;
  }
  if (!wanted.principal.starts_with(kPrincipalType) || wanted.principal.size() == kPrincipalType.size()) {
    why = "a principal is 'User:' and a name";
    return kRefused;
  }
  if (wanted.name.empty() || wanted.host.empty()) {
    why = "a rule needs a name and a host";
    return kRefused;
  }
  rule.vhost = vhost;
  rule.name = wanted.name;
  rule.prefix = pattern == AclPattern::prefixed;
  rule.user = wanted.principal.substr(kPrincipalType.size());
  rule.host = wanted.host;
  rule.action = kActions[wanted.operation - static_cast<std::int8_t>(AclOperation::all)];
  rule.allow = permission == AclPermission::allow;
  return wire::ErrorCode::none;
}

bool valid(const AclFilter& filter) {
  // Kinds and operations of later versions fit no rule, which is an answer; 0 says nothing at all.
  return filter.resource > 0 && filter.pattern > 0 && filter.operation > 0 && filter.permission > 0 &&
         filter.pattern <= static_cast<std::int8_t>(AclPattern::prefixed) &&
         filter.permission <= static_cast<std::int8_t>(AclPermission::allow);
}

std::vector<const AccessRule*> find_rules(const catalog::State& catalog, model::ObjectId vhost,
                                          const AclFilter& filter) {
  std::vector<const AccessRule*> found;
  for (const AccessRule& rule : catalog.access_rules()) {
    const AclNumbers numbers = numbers_of(rule);
    const auto number_fits = [](std::int8_t wanted, std::int8_t has) { return wanted == 1 || wanted == has; };
    if (rule.vhost == vhost && number_fits(filter.resource, numbers.resource) && name_fits(rule, filter) &&
        filter.principal.value_or(numbers.principal) == numbers.principal &&
        filter.host.value_or(rule.host) == rule.host && number_fits(filter.operation, numbers.operation) &&
        number_fits(filter.permission, numbers.permission)) {
      found.push_back(&rule);
    }
  }
  return found;
}

std::int32_t allowed_operations(Connection& connection, auth::RuleResource kind, std::string_view name) {
  const Topics topics(connection);
  std::int32_t bits = 0;
  for (const Allowed& one : operations_of(kind)) {
    if (topics.may(one.operation, kind, name)) bits |= 1 << static_cast<int>(one.number);
  }
  return bits;
}

bool may_with_cluster(Connection& connection, auth::Operation operation) {
  return Topics(connection).may(operation, auth::RuleResource::cluster, kClusterResource);
}

}  // namespace millrace::gateway::kafka

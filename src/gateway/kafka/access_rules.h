#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/objects.h"
#include "gateway/kafka/request.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/error_codes.h"

// Access rules of the catalog as the protocol's access control lists (its section on ACLs and KIP-290).
namespace millrace::gateway::kafka {

/// Numbers of the protocol.
enum class AclResource : std::int8_t { any = 1, topic = 2, group = 3, cluster = 4, transactional_id = 5 };
enum class AclPattern : std::int8_t { any = 1, match = 2, literal = 3, prefixed = 4 };
enum class AclOperation : std::int8_t {
  any = 1,
  all = 2,
  read = 3,
  write = 4,
  create = 5,
  erase = 6,
  alter = 7,
  describe = 8,
  cluster_action = 9,
  describe_configs = 10,
  alter_configs = 11,
  idempotent_write = 12,
};
enum class AclPermission : std::int8_t { any = 1, deny = 2, allow = 3 };

/// A rule with the numbers and texts of the protocol.
struct AclNumbers {
  std::int8_t resource = 0;
  std::int8_t pattern = 0;
  std::string principal;
  std::int8_t operation = 0;
  std::int8_t permission = 0;
};
AclNumbers numbers_of(const catalog::AccessRule& rule);

/// What a client wants to add.
struct AclWanted {
  std::int8_t resource = 0;
  std::string_view name;
  std::int8_t pattern = 0;
  std::string_view principal;
  std::string_view host;
  std::int8_t operation = 0;
  std::int8_t permission = 0;
};
/// Not `none`: `why` says it.
wire::ErrorCode read_rule(const AclWanted& wanted, model::ObjectId vhost, catalog::AccessRule& rule, std::string& why);

/// Which rules a client means; what is absent (or `any`) fits all.
struct AclFilter {
  std::int8_t resource = 0;
  std::optional<std::string_view> name;
  std::int8_t pattern = 0;
  std::optional<std::string_view> principal;
  std::optional<std::string_view> host;
  std::int8_t operation = 0;
  std::int8_t permission = 0;
};
bool valid(const AclFilter& filter);
/// The rules of a virtual host that fit.
std::vector<const catalog::AccessRule*> find_rules(const catalog::State& catalog, model::ObjectId vhost,
                                                   const AclFilter& filter);

/// The bits of what the client may do, for the fields of answers that tell it.
std::int32_t allowed_operations(Connection& connection, auth::RuleResource kind, std::string_view name);
/// Whether the client may do this with the cluster.
bool may_with_cluster(Connection& connection, auth::Operation operation);

}  // namespace millrace::gateway::kafka

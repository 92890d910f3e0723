#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/credential_cache.h"
#include "auth/error.h"
#include "catalog/state.h"

namespace millrace::auth {

/// What somebody wants to do. `configure` is create, erase and alter together.
enum class Operation : std::uint8_t {
  configure,
  write,
  read,
  create,
  erase,
  alter,
  describe,
  describe_configs,
  alter_configs,
  cluster_action,
  idempotent_write,
};
using catalog::RuleResource;

/// The address in "127.0.0.1:53412" or "[::1]:53412".
std::string_view host_of_peer(std::string_view peer);

/// Says who may do what, by the permissions and rules of a shard's catalog replica. One per shard. The same answer for
/// every protocol:
///
/// 1. A rule that denies the action to this user (or everybody), from this address, on this name, decides: no.
/// 2. A rule that allows it decides: yes. To allow read, write, erase or alter is to allow describe, and to allow
///    alter_configs is to allow describe_configs.
/// 3. Else the user's permission in the virtual host decides, for names, groups and names of transactions alike:
///    its pattern `configure` stands for create, erase, alter and alter_configs, `write` for write, `read` for read,
///    any of the three for describe, `configure` or `read` for describe_configs. For the cluster the tag
///    "administrator" decides.
///
/// A permission is a pattern per operation over resource names, searched anywhere in the name as RabbitMQ does; the
/// empty pattern allows nothing but the empty name. Patterns are matched in linear time and compiled once.
class Authorizer {
 public:
  explicit Authorizer(const catalog::State& catalog);
  ~Authorizer();

  struct Question {
    const std::string& user;
    /// The client's address.
    std::string_view host;
    model::ObjectId vhost;
    Operation operation;
    RuleResource kind = RuleResource::name;
    std::string_view name;
  };
  bool allowed(const Question& question);
  /// Whether the user of the topic permission may use the routing key. Operation::configure is not asked for.
  bool allowed_topic(const catalog::TopicPermission& permission, Operation operation, std::string_view routing_key);
  /// Whether the user has any permission in the virtual host, or a rule allows something there.
  bool may_enter(const std::string& user, model::ObjectId vhost) const;
  /// Users in the loopback list connect from this machine only.
  bool may_connect(std::string_view user, bool peer_is_loopback) const;
  void set_loopback_users(std::vector<std::string> users) { loopback_users_ = std::move(users); }

  /// Verified passwords of this shard's clients.
  CredentialCache& credentials() { return credentials_; }

  /// To be called for every catalog change.
  void changed(const std::vector<catalog::Command>& commands);

  /// bad_pattern with the reason when the pattern does not compile or is too complex.
  static Result<void> check_pattern(std::string_view pattern);

 private:
  struct Patterns;
  bool decide(const Question& question, Operation operation);
  std::optional<bool> decide_by_rules(const Question& question, Operation operation) const;
  bool decide_by_permission(const Question& question, Operation operation);
  const catalog::State& catalog_;
  std::vector<std::string> loopback_users_;
  CredentialCache credentials_;
  std::unique_ptr<Patterns> patterns_;
};

}  // namespace millrace::auth

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/credential_cache.h"
#include "auth/error.h"
#include "catalog/state.h"

namespace millrace::auth {

enum class Operation : std::uint8_t { configure, write, read };

/// Says who may do what, by the permissions of a shard's catalog replica. One per shard.
///
/// A permission is a pattern per operation over resource names, searched anywhere in the name as RabbitMQ does; the
/// empty pattern allows nothing but the empty name. Patterns are matched in linear time and compiled once.
class Authorizer {
 public:
  explicit Authorizer(const catalog::State& catalog);
  ~Authorizer();

  bool allowed(const std::string& user, model::ObjectId vhost, Operation operation, std::string_view resource);
  /// Whether the user of the topic permission may use the routing key. Operation::configure is not asked for.
  bool allowed_topic(const catalog::TopicPermission& permission, Operation operation, std::string_view routing_key);
  /// Whether the user has any permission in the virtual host.
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
  const catalog::State& catalog_;
  std::vector<std::string> loopback_users_;
  CredentialCache credentials_;
  std::unique_ptr<Patterns> patterns_;
};

}  // namespace millrace::auth

#include "auth/authorizer.h"

#include <algorithm>
#include <map>
#include <optional>

#include "auth/pattern.h"

namespace millrace::auth {

namespace {

// Answers remembered per shard: publishers ask the same question again and again.
constexpr std::size_t kMaxAnswers = 10'000;
// Patterns kept compiled.
constexpr std::size_t kMaxCompiled = 1'000;

/// The empty pattern allows the empty name only.
std::string_view effective(std::string_view pattern) {
  return pattern.empty() ? "^$" : pattern;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

constexpr std::string_view kAnything = "*";

/// Whether the rule is for this client and this name.
bool concerns(const catalog::AccessRule& rule, const Authorizer::Question& question) {
  if (rule.user != question.user && rule.user != kAnything) return false;
  if (rule.host != question.host && rule.host != kAnything) return false;
  if (rule.prefix) return question.name.starts_with(rule.name);
  return rule.name == question.name || rule.name == kAnything;
}

catalog::RuleAction action_of(Operation operation) {
  using catalog::RuleAction;
  switch (operation) {
    case Operation::write:
      return RuleAction::write;
    case Operation::read:
      return RuleAction::read;
    case Operation::create:
      return RuleAction::create;
    case Operation::erase:
      return RuleAction::erase;
    case Operation::configure:
    case Operation::alter:
      return RuleAction::alter;
    case Operation::describe:
      return RuleAction::describe;
    case Operation::describe_configs:
      return RuleAction::describe_configs;
    case Operation::alter_configs:
      return RuleAction::alter_configs;
    case Operation::cluster_action:
      return RuleAction::cluster_action;
    case Operation::idempotent_write:
      return RuleAction::idempotent_write;
  }
  return RuleAction::all;
}

bool covers(catalog::RuleAction action, Operation operation) {
  return action == catalog::RuleAction::all || action == action_of(operation);
}

/// What somebody who may do the action may do as well.
bool implies(catalog::RuleAction action, Operation operation) {
  using catalog::RuleAction;
  if (operation == Operation::describe_configs) return action == RuleAction::alter_configs;
  return operation == Operation::describe && (action == RuleAction::read || action == RuleAction::write ||
                                              action == RuleAction::erase || action == RuleAction::alter);
}

}  // namespace

struct Authorizer::Patterns {
  std::map<std::string, std::optional<Pattern>, std::less<>> compiled;
  // Key: user, vhost, operation and resource, each with its length.
  std::map<std::string, bool, std::less<>> answers;
  std::string key;  // reused

  bool matches(const std::string& pattern, std::string_view resource) {
    auto it = compiled.find(pattern);
    if (it == compiled.end()) {
      if (compiled.size() >= kMaxCompiled) compiled.clear();
      auto made = Pattern::compile(effective(pattern));
      it = compiled.emplace(pattern, made.has_value() ? std::optional(std::move(*made)) : std::nullopt).first;
    }
    return it->second.has_value() && it->second->found_in(resource);
  }
};

Authorizer::Authorizer(const catalog::State& catalog) : catalog_(catalog), patterns_(std::make_unique<Patterns>()) {}

Authorizer::~Authorizer() = default;

std::string_view host_of_peer(std::string_view peer) {
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.starts_with('[') && peer.ends_with(']')) peer = peer.substr(1, peer.size() - 2);
  return peer;
}

bool Authorizer::allowed(const Question& question) {
  Patterns& p = *patterns_;
  p.key.assign(question.user);
  p.key += '\0';
  p.key += question.host;
  p.key += '\0';
  p.key.append(reinterpret_cast<const char*>(&question.vhost.value), sizeof(question.vhost.value));
  p.key += static_cast<char>(question.operation);
  p.key += static_cast<char>(question.kind);
  p.key += question.name;
  if (const auto it = p.answers.find(p.key); it != p.answers.end()) return it->second;
  const bool answer = question.operation == Operation::configure
                          ? decide(question, Operation::create) && decide(question, Operation::erase) &&
                                decide(question, Operation::alter)
                          : decide(question, question.operation);
  if (p.answers.size() >= kMaxAnswers) p.answers.clear();
  p.answers.emplace(p.key, answer);
  return answer;
}

bool Authorizer::decide(const Question& question, Operation operation) {
  if (const auto ruled = decide_by_rules(question, operation); ruled.has_value()) return *ruled;
  return decide_by_permission(question, operation);
}

std::optional<bool> Authorizer::decide_by_rules(const Question& question, Operation operation) const {
  const auto& rules = catalog_.access_rules();
  std::optional<bool> answer;
  for (auto it = rules.lower_bound({.vhost = question.vhost, .name = {}, .user = {}, .host = {}});
       it != rules.end() && it->vhost == question.vhost; ++it) {
    if (it->resource != question.kind || !concerns(*it, question)) continue;
    if (!it->allow && covers(it->action, operation)) return false;
    if (it->allow && (covers(it->action, operation) || implies(it->action, operation))) answer = true;
  }
  return answer;
}

bool Authorizer::decide_by_permission(const Question& question, Operation operation) {
  if (question.kind == RuleResource::cluster) {
    const catalog::User* user = catalog_.find_user(question.user);
    return user != nullptr && std::find(user->tags.begin(), user->tags.end(), "administrator") != user->tags.end();
  }
  const catalog::Permission* permission = catalog_.find_permission(question.user, question.vhost);
  if (permission == nullptr) return false;
  const auto configure = [&] { return patterns_->matches(permission->configure, question.name); };
  const auto write = [&] { return patterns_->matches(permission->write, question.name); };
  const auto read = [&] { return patterns_->matches(permission->read, question.name); };
  switch (operation) {
    case Operation::read:
      return read();
    case Operation::write:
      return write();
    case Operation::describe:
      return read() || write() || configure();
    case Operation::describe_configs:
      return read() || configure();
    case Operation::configure:
    case Operation::create:
    case Operation::erase:
    case Operation::alter:
    case Operation::alter_configs:
      return configure();
    case Operation::cluster_action:
    case Operation::idempotent_write:
      return false;
  }
  return false;
}

bool Authorizer::allowed_topic(const catalog::TopicPermission& permission, Operation operation,
                               std::string_view routing_key) {
  std::string pattern = operation == Operation::write ? permission.write : permission.read;
  const catalog::VirtualHost* vhost = catalog_.find_virtual_host(permission.vhost);
  replace_all(pattern, "{username}", permission.user);
  replace_all(pattern, "{vhost}", vhost == nullptr ? std::string_view() : vhost->name);
  return patterns_->matches(pattern, routing_key);
}

bool Authorizer::may_enter(const std::string& user, model::ObjectId vhost) const {
  if (catalog_.find_permission(user, vhost) != nullptr) return true;
  const auto& rules = catalog_.access_rules();
  return std::any_of(rules.begin(), rules.end(), [&](const catalog::AccessRule& rule) {
    return rule.vhost == vhost && rule.allow && (rule.user == user || rule.user == kAnything);
  });
}

bool Authorizer::may_connect(std::string_view user, bool peer_is_loopback) const {
  return peer_is_loopback || std::find(loopback_users_.begin(), loopback_users_.end(), user) == loopback_users_.end();
}

void Authorizer::changed(const std::vector<catalog::Command>& commands) {
  const bool concerns = std::any_of(commands.begin(), commands.end(), [](const catalog::Command& command) {
    return std::holds_alternative<catalog::PutPermission>(command) ||
           std::holds_alternative<catalog::DeletePermission>(command) ||
           std::holds_alternative<catalog::PutAccessRule>(command) ||
           std::holds_alternative<catalog::DeleteAccessRule>(command) ||
           std::holds_alternative<catalog::PutUser>(command) || std::holds_alternative<catalog::DeleteUser>(command) ||
           std::holds_alternative<catalog::DeleteVirtualHost>(command);
  });
  if (!concerns) return;
  patterns_->answers.clear();
  patterns_->compiled.clear();
}

Result<void> Authorizer::check_pattern(std::string_view pattern) {
  const auto compiled = Pattern::compile(effective(pattern));
  if (!compiled.has_value()) return std::unexpected(compiled.error());
  return {};
}

}  // namespace millrace::auth

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

bool Authorizer::allowed(const std::string& user, model::ObjectId vhost, Operation operation,
                         std::string_view resource) {
  Patterns& p = *patterns_;
  p.key.assign(user);
  p.key += '\0';
  p.key.append(reinterpret_cast<const char*>(&vhost.value), sizeof(vhost.value));
  p.key += static_cast<char>(operation);
  p.key += resource;
  if (const auto it = p.answers.find(p.key); it != p.answers.end()) return it->second;
  const catalog::Permission* permission = catalog_.find_permission(user, vhost);
  bool answer = false;
  if (permission != nullptr) {
    const std::string& pattern = operation == Operation::configure ? permission->configure
                                 : operation == Operation::write   ? permission->write
                                                                   : permission->read;
    answer = p.matches(pattern, resource);
  }
  if (p.answers.size() >= kMaxAnswers) p.answers.clear();
  p.answers.emplace(p.key, answer);
  return answer;
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
  return catalog_.find_permission(user, vhost) != nullptr;
}

bool Authorizer::may_connect(std::string_view user, bool peer_is_loopback) const {
  return peer_is_loopback || std::find(loopback_users_.begin(), loopback_users_.end(), user) == loopback_users_.end();
}

void Authorizer::changed(const std::vector<catalog::Command>& commands) {
  const bool concerns = std::any_of(commands.begin(), commands.end(), [](const catalog::Command& command) {
    return std::holds_alternative<catalog::PutPermission>(command) ||
           std::holds_alternative<catalog::DeletePermission>(command) ||
           std::holds_alternative<catalog::DeleteUser>(command) ||
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

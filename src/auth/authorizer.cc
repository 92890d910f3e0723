#include "auth/authorizer.h"

#include <re2/re2.h>

#include <algorithm>
#include <map>

namespace millrace::auth {

namespace {

// Memory that one compiled pattern may take.
constexpr std::int64_t kPatternMemory = std::int64_t{1} << 20;
// Answers remembered per shard: publishers ask the same question again and again.
constexpr std::size_t kMaxAnswers = 10'000;

RE2::Options options() {
  RE2::Options options;
  options.set_max_mem(kPatternMemory);
  options.set_log_errors(false);
  return options;
}

std::unique_ptr<RE2> compile(std::string_view pattern) {
  const std::string text = pattern.empty() ? "^$" : std::string(pattern);
  return std::make_unique<RE2>(text, options());
}

}  // namespace

struct Authorizer::Patterns {
  std::map<std::string, std::unique_ptr<RE2>, std::less<>> compiled;
  // Key: user, vhost, operation and resource, each with its length.
  std::map<std::string, bool, std::less<>> answers;
  std::string key;  // reused

  bool matches(const std::string& pattern, std::string_view resource) {
    auto it = compiled.find(pattern);
    if (it == compiled.end()) it = compiled.emplace(pattern, compile(pattern)).first;
    if (!it->second->ok()) return false;
    return RE2::PartialMatch(re2::StringPiece(resource.data(), resource.size()), *it->second);
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
  const auto compiled = compile(pattern);
  if (!compiled->ok()) return base::fail(AuthErrc::bad_pattern, compiled->error());
  return {};
}

}  // namespace millrace::auth

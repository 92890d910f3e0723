#include "auth/some_name.h"

#include <algorithm>

namespace millrace::auth {

namespace {

constexpr std::string_view kAny = "*";

bool is_for_all(const catalog::AccessRule& rule) {
  return !rule.prefix && rule.name == kAny;
}

/// Whether the rule is for every name that the other one is for.
bool includes(const catalog::AccessRule& rule, const catalog::AccessRule& other) {
  if (is_for_all(rule)) return true;
  if (is_for_all(other)) return false;
  if (rule.prefix) return other.name.starts_with(rule.name);
  return !other.prefix && rule.name == other.name;
}

}  // namespace

bool allowed_for_some_name(const catalog::State& catalog, const Authorizer::Question& question) {
  const auto action = question.operation == Operation::write ? catalog::RuleAction::write : catalog::RuleAction::read;
  std::vector<const catalog::AccessRule*> allowed;
  std::vector<const catalog::AccessRule*> denied;
  for (const catalog::AccessRule& rule : catalog.access_rules()) {
    const bool concerns = rule.vhost == question.vhost && rule.resource == question.kind &&
                          (rule.user == question.user || rule.user == kAny) &&
                          (rule.host == question.host || rule.host == kAny) &&
                          (rule.action == catalog::RuleAction::all || rule.action == action);
    if (concerns) (rule.allow ? allowed : denied).push_back(&rule);
  }
  const auto is_denied = [&denied](const catalog::AccessRule& rule) {
    return std::ranges::any_of(denied, [&rule](const auto* one) { return includes(*one, rule); });
  };
  if (std::ranges::any_of(allowed, [&](const auto* one) { return !is_denied(*one); })) return true;
  if (std::ranges::any_of(denied, [](const auto* one) { return is_for_all(*one); })) return false;
  const catalog::Permission* permission = catalog.find_permission(question.user, question.vhost);
  if (permission == nullptr) return false;
  const std::string& pattern = question.operation == Operation::write ? permission->write : permission->read;
  return !pattern.empty() && pattern != "^$";
}

}  // namespace millrace::auth

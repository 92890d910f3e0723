#include <algorithm>

#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/client_quotas.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/describe_client_quotas_request.h"
#include "wire/kafka/generated/describe_client_quotas_response.h"

namespace millrace::gateway::kafka {

namespace {

// Numbers of the protocol: a name, the default, or either.
enum class MatchType : std::int8_t { exact = 0, default_value = 1, specified = 2 };

/// Why the filter is none; empty when it is one.
std::string_view problem_of(const wire::DescribeClientQuotasRequest& message) {
  std::vector<std::string_view> seen;
  for (const auto& component : message.components) {
    if (!quota_entity(component.entity_type).has_value()) return "quotas are for users, client ids and addresses";
    if (std::find(seen.begin(), seen.end(), component.entity_type) != seen.end()) return "a part is named twice";
    seen.push_back(component.entity_type);
    const bool exact = component.match_type == static_cast<std::int8_t>(MatchType::exact);
    if (component.match_type < 0 || component.match_type > static_cast<std::int8_t>(MatchType::specified) ||
        exact != component.match.has_value()) {
      return "a name is needed for an exact match, and only there";
    }
  }
  return {};
}

bool fits(const catalog::QuotaSubject& subject, const wire::DescribeClientQuotasRequest& filter) {
  for (const auto& component : filter.components) {
    const auto part = std::find_if(subject.begin(), subject.end(),
                                   [&](const auto& one) { return name_of(one.first) == component.entity_type; });
    if (part == subject.end()) return false;
    const auto how = static_cast<MatchType>(component.match_type);
    if (how == MatchType::exact && part->second != std::string(*component.match)) return false;
    if (how == MatchType::default_value && part->second.has_value()) return false;
  }
  return !filter.strict || subject.size() == filter.components.size();
}

}  // namespace

void handle_describe_client_quotas(Connection& connection, const Request& request) {
  wire::DescribeClientQuotasRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed DescribeClientQuotasRequest");
  wire::DescribeClientQuotasResponse response;
  const auto fail = [&](wire::ErrorCode code, std::string_view why) {
    response.error_code = code;
    response.error_message = wire::Text(why);
    request.reply.send(response);
  };
  if (!may_with_cluster(connection, auth::Operation::describe_configs)) {
    return fail(wire::ErrorCode::cluster_authorization_failed, "not allowed to see quotas");
  }
  if (const auto problem = problem_of(message); !problem.empty()) {
    return fail(wire::ErrorCode::invalid_request, problem);
  }
  response.entries.emplace();
  for (const auto& [subject, quota] : connection.shard().catalog().client_quotas()) {
    if (!fits(subject, message)) continue;
    auto& entry = response.entries->emplace_back();
    for (const auto& [entity, name] : subject) {
      auto& part = entry.entity.emplace_back();
      part.entity_type = wire::Text(name_of(entity));
      if (name.has_value()) part.entity_name = wire::Text(*name);
    }
    for (const auto& [kind, thousandths] : quota.limits) {
      entry.values.push_back({.key = wire::Text(name_of(kind)), .value = static_cast<double>(thousandths) / 1000});
    }
  }
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka

#include <algorithm>
#include <cmath>

#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/client_quotas.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/alter_client_quotas_request.h"
#include "wire/kafka/generated/alter_client_quotas_response.h"

namespace millrace::gateway::kafka {

namespace {

using catalog::QuotaEntity;
using catalog::QuotaKind;

constexpr double kLargest = 1e15;

struct AlterClientQuotasWork : GatheredReply<wire::AlterClientQuotasRequest, wire::AlterClientQuotasResponse> {
  using GatheredReply::GatheredReply;

  std::vector<std::string> messages;

  void fail(std::size_t i, wire::ErrorCode code, std::string why) {
    messages[i] = std::move(why);
    response.entries[i].error_code = code;
    response.entries[i].error_message = wire::Text(messages[i]);
    finish_one();
  }
};

/// Why it is none; empty when it is one.
std::string_view read_subject(const wire::AlterClientQuotasRequest::Entry& entry, catalog::QuotaSubject& subject) {
  for (const auto& part : entry.entity) {
    const auto entity = quota_entity(part.entity_type);
    if (!entity.has_value()) return "quotas are for users, client ids and addresses";
    if (part.entity_name.has_value() && (part.entity_name->size() > catalog::kMaxForeignName)) {
      return "the name is too long";
    }
    std::optional<std::string> name;
    if (part.entity_name.has_value()) name = std::string(*part.entity_name);
    subject.emplace_back(*entity, std::move(name));
  }
  std::sort(subject.begin(), subject.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  const bool twice = std::adjacent_find(subject.begin(), subject.end(), same) != subject.end();
  const bool address = !subject.empty() && subject.back().first == QuotaEntity::address;
  if (subject.empty() || twice || (address && subject.size() > 1)) {
    return "a quota is for a user, a client id, both, or an address";
  }
  return {};
}

/// Applies the changes to what is there. Why not; empty when it was done.
std::string_view change(const wire::AlterClientQuotasRequest::Entry& entry, bool address, catalog::ClientQuota& quota) {
  for (const auto& op : entry.ops) {
    const auto kind = quota_kind(op.key);
    if (!kind.has_value() || address != (*kind == QuotaKind::connections)) return "no such limit for this subject";
    std::erase_if(quota.limits, [&](const auto& limit) { return limit.first == *kind; });
    if (op.remove) continue;
    if (!std::isfinite(op.value) || op.value < 0.001 || op.value > kLargest) return "a limit is a number above zero";
    quota.limits.emplace_back(*kind, static_cast<std::uint64_t>(std::llround(op.value * 1000)));
  }
  return {};
}

}  // namespace

void handle_alter_client_quotas(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::AlterClientQuotasRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<AlterClientQuotasWork>(kept);
  const auto& entries = kept->message.entries;
  work->response.entries.resize(entries.size());
  work->messages.resize(entries.size());
  work->left += entries.size();
  const bool may = may_with_cluster(connection, auth::Operation::alter_configs);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (const auto& part : entries[i].entity) {
      work->response.entries[i].entity.push_back({.entity_type = part.entity_type, .entity_name = part.entity_name});
    }
    if (!may) {
      work->fail(i, wire::ErrorCode::cluster_authorization_failed, "not allowed to change quotas");
      continue;
    }
    catalog::ClientQuota quota;
    std::string_view problem = read_subject(entries[i], quota.subject);
    const catalog::ClientQuota* known = connection.shard().catalog().find_client_quota(quota.subject);
    if (known != nullptr) quota.limits = known->limits;
    if (problem.empty()) problem = change(entries[i], quota.subject.back().first == QuotaEntity::address, quota);
    if (!problem.empty()) {
      work->fail(i, wire::ErrorCode::invalid_request, std::string(problem));
      continue;
    }
    const bool nothing = quota.limits.empty() && known == nullptr;
    if (kept->message.validate_only || nothing) {
      work->finish_one();
      continue;
    }
    catalog::Command command = catalog::DeleteClientQuota{quota.subject};
    if (!quota.limits.empty()) command = catalog::PutClientQuota{std::move(quota)};
    connection.shard().topology().execute({.commands = {std::move(command)}}, [work, i](broker::Result<void> stored) {
      if (stored.has_value()) return work->finish_one();
      work->fail(i, to_kafka(stored.error().code), stored.error().detail);
    });
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/delete_acls_request.h"
#include "wire/kafka/generated/delete_acls_response.h"

namespace millrace::gateway::kafka {

namespace {

struct DeleteAclsWork : GatheredReply<wire::DeleteAclsRequest, wire::DeleteAclsResponse> {
  using GatheredReply::GatheredReply;

  struct Found {
    catalog::AccessRule rule;
    AclNumbers numbers;
    std::string why;
  };
  std::vector<std::vector<Found>> found;  // by filter

  void fail(std::size_t i, wire::ErrorCode code, std::string_view why) {
    response.filter_results[i].error_code = code;
    response.filter_results[i].error_message = wire::Text(why);
  }
  /// Fills in what was found by a filter; the texts stay here.
  void tell(std::size_t i) {
    for (const Found& one : found[i]) {
      auto& out = response.filter_results[i].matching_acls.emplace_back();
      out.resource_type = one.numbers.resource;
      out.resource_name = wire::Text(one.rule.name);
      out.pattern_type = one.numbers.pattern;
      out.principal = wire::Text(one.numbers.principal);
      out.host = wire::Text(one.rule.host);
      out.operation = one.numbers.operation;
      out.permission_type = one.numbers.permission;
    }
  }
  void deleted(std::size_t i, std::size_t k, const broker::Result<void>& result) {
    // Gone already, by another request: that is what was wanted.
    if (!result.has_value() && result.error().code != broker::BrokerErrc::not_found) {
      found[i][k].why = result.error().detail;
      response.filter_results[i].matching_acls[k].error_code = to_kafka(result.error().code);
      response.filter_results[i].matching_acls[k].error_message = wire::Text(found[i][k].why);
    }
    finish_one();
  }
};

}  // namespace

void handle_delete_acls(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::DeleteAclsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<DeleteAclsWork>(kept);
  const auto& wanted = kept->message.filters;
  work->response.filter_results.resize(wanted.size());
  work->found.resize(wanted.size());
  const bool may = may_with_cluster(connection, auth::Operation::alter);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const AclFilter filter{.resource = wanted[i].resource_type_filter,
                           .name = wanted[i].resource_name_filter,
                           .pattern = wanted[i].pattern_type_filter,
                           .principal = wanted[i].principal_filter,
                           .host = wanted[i].host_filter,
                           .operation = wanted[i].operation,
                           .permission = wanted[i].permission_type};
    if (!may) {
      work->fail(i, wire::ErrorCode::cluster_authorization_failed, "not allowed to change the access rules");
      continue;
    }
    if (!valid(filter)) {
      work->fail(i, wire::ErrorCode::invalid_request, "a filter says nothing about one of its parts");
      continue;
    }
    for (const auto* rule : find_rules(connection.shard().catalog(), Topics(connection).vhost(), filter)) {
      work->found[i].push_back({*rule, numbers_of(*rule), {}});
    }
    work->tell(i);
    work->left += work->found[i].size();
    for (std::size_t k = 0; k < work->found[i].size(); ++k) {
      connection.shard().topology().execute({.commands = {catalog::DeleteAccessRule{work->found[i][k].rule}}},
                                            [work, i, k](broker::Result<void> result) { work->deleted(i, k, result); });
    }
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

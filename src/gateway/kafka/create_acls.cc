#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/create_acls_request.h"
#include "wire/kafka/generated/create_acls_response.h"

namespace millrace::gateway::kafka {

namespace {

struct CreateAclsWork : GatheredReply<wire::CreateAclsRequest, wire::CreateAclsResponse> {
  using GatheredReply::GatheredReply;

  std::vector<std::string> messages;

  void fail(std::size_t i, wire::ErrorCode code, std::string why) {
    messages[i] = std::move(why);
    response.results[i].error_code = code;
    response.results[i].error_message = wire::Text(messages[i]);
    finish_one();
  }
};

}  // namespace

void handle_create_acls(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::CreateAclsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<CreateAclsWork>(kept);
  const auto& wanted = kept->message.creations;
  work->response.results.resize(wanted.size());
  work->messages.resize(wanted.size());
  work->left += wanted.size();
  const bool may = may_with_cluster(connection, auth::Operation::alter);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!may) {
      work->fail(i, wire::ErrorCode::cluster_authorization_failed, "not allowed to change the access rules");
      continue;
    }
    const auto& one = wanted[i];
    catalog::AccessRule rule;
    std::string why;
    const wire::ErrorCode code = read_rule({.resource = one.resource_type,
                                            .name = one.resource_name,
                                            .pattern = one.resource_pattern_type,
                                            .principal = one.principal,
                                            .host = one.host,
                                            .operation = one.operation,
                                            .permission = one.permission_type},
                                           Topics(connection).vhost(), rule, why);
    if (code != wire::ErrorCode::none) {
      work->fail(i, code, std::move(why));
      continue;
    }
    connection.shard().topology().execute({.commands = {catalog::PutAccessRule{std::move(rule)}}},
                                          [work, i](broker::Result<void> stored) {
                                            if (stored.has_value()) return work->finish_one();
                                            work->fail(i, to_kafka(stored.error().code), stored.error().detail);
                                          });
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

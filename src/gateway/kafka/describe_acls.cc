#include <deque>
#include <map>

#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/describe_acls_request.h"
#include "wire/kafka/generated/describe_acls_response.h"

namespace millrace::gateway::kafka {

void handle_describe_acls(Connection& connection, const Request& request) {
  wire::DescribeAclsRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed DescribeAclsRequest");
  wire::DescribeAclsResponse response;
  const auto fail = [&](wire::ErrorCode code, std::string_view why) {
    response.error_code = code;
    response.error_message = wire::Text(why);
    request.reply.send(response);
  };
  if (!may_with_cluster(connection, auth::Operation::describe)) {
    return fail(wire::ErrorCode::cluster_authorization_failed, "not allowed to see the access rules");
  }
  const AclFilter filter{.resource = message.resource_type_filter,
                         .name = message.resource_name_filter,
                         .pattern = message.pattern_type_filter,
                         .principal = message.principal_filter,
                         .host = message.host_filter,
                         .operation = message.operation,
                         .permission = message.permission_type};
  if (!valid(filter)) return fail(wire::ErrorCode::invalid_request, "a filter says nothing about one of its parts");
  std::deque<AclNumbers> kept;
  std::map<std::tuple<catalog::RuleResource, std::string_view, bool>, std::size_t> places;
  for (const catalog::AccessRule* rule : find_rules(connection.shard().catalog(), Topics(connection).vhost(), filter)) {
    const AclNumbers& numbers = kept.emplace_back(numbers_of(*rule));
    const auto [place, fresh] =
        places.try_emplace({rule->resource, rule->name, rule->prefix}, response.resources.size());
    if (fresh) {
      response.resources.push_back({.resource_type = numbers.resource,
                                    .resource_name = wire::Text(rule->name),
                                    .pattern_type = numbers.pattern,
                                    .acls = {}});
    }
    response.resources[place->second].acls.push_back({.principal = wire::Text(numbers.principal),
                                                      .host = wire::Text(rule->host),
                                                      .operation = numbers.operation,
                                                      .permission_type = numbers.permission});
  }
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka

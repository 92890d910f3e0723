#include <deque>
#include <map>

#include "auth/password.h"
#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/scram_mechanism.h"
#include "wire/kafka/generated/describe_user_scram_credentials_request.h"
#include "wire/kafka/generated/describe_user_scram_credentials_response.h"

namespace millrace::gateway::kafka {

namespace {

/// Fills in what the user has; false when there is nothing.
bool fill(const catalog::User* user, wire::DescribeUserScramCredentialsResponse::Result& out) {
  if (user == nullptr) return false;
  for (const auto& one : auth::scram_credentials(user->password_hash)) {
    out.credential_infos.push_back({.mechanism = static_cast<std::int8_t>(mechanism_of(one.digest)),
                                    .iterations = static_cast<std::int32_t>(one.keys.iterations)});
  }
  return !out.credential_infos.empty();
}

}  // namespace

void handle_describe_user_scram_credentials(Connection& connection, const Request& request) {
  wire::DescribeUserScramCredentialsRequest message;
  if (!request.decode(message, request.body)) {
    return request.reply.close("malformed DescribeUserScramCredentialsRequest");
  }
  wire::DescribeUserScramCredentialsResponse response;
  if (!may_with_cluster(connection, auth::Operation::describe)) {
    response.error_code = wire::ErrorCode::cluster_authorization_failed;
    response.error_message = "not allowed to see the users";
    return request.reply.send(response);
  }
  const catalog::State& catalog = connection.shard().catalog();
  if (!message.users.has_value() || message.users->empty()) {
    for (const catalog::User* user : catalog.users()) {
      wire::DescribeUserScramCredentialsResponse::Result result;
      result.user = wire::Text(user->name);
      if (fill(user, result)) response.results.push_back(std::move(result));
    }
    return request.reply.send(response);
  }
  std::map<std::string_view, int> named;
  for (const auto& wanted : *message.users) ++named[wanted.name];
  for (const auto& [name, count] : named) {
    auto& result = response.results.emplace_back();
    result.user = wire::Text(name);
    if (count > 1) {
      result.error_code = wire::ErrorCode::duplicate_resource;
      result.error_message = "the user is named more than once";
    } else if (!fill(catalog.find_user(name), result)) {
      result.error_code = wire::ErrorCode::resource_not_found;
      result.error_message = "this user has no credentials for SCRAM";
    }
  }
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka

#include <algorithm>
#include <map>

#include "auth/password.h"
#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/scram_mechanism.h"
#include "wire/kafka/generated/alter_user_scram_credentials_request.h"
#include "wire/kafka/generated/alter_user_scram_credentials_response.h"

namespace millrace::gateway::kafka {

namespace {

// As the protocol's reference has it.
constexpr std::int32_t kMinIterations = 4096;
constexpr std::int32_t kMaxIterations = 16384;
constexpr std::size_t kMaxSalt = 1024;

struct Problem {
  wire::ErrorCode code = wire::ErrorCode::none;
  std::string_view why;
};

/// What is to happen to one user.
struct Change {
  std::string name;
  std::vector<const wire::AlterUserScramCredentialsRequest::Deletion*> deletions;
  std::vector<const wire::AlterUserScramCredentialsRequest::Upsertion*> upsertions;
  Problem problem;
};

struct AlterUserScramCredentialsWork
    : GatheredReply<wire::AlterUserScramCredentialsRequest, wire::AlterUserScramCredentialsResponse> {
  using GatheredReply::GatheredReply;

  std::vector<Change> changes;
  std::vector<std::string> messages;
};

Problem check(const Change& change) {
  std::vector<std::int8_t> mechanisms;
  mechanisms.reserve(change.deletions.size() + change.upsertions.size());
  for (const auto* one : change.deletions) mechanisms.push_back(one->mechanism);
  for (const auto* one : change.upsertions) mechanisms.push_back(one->mechanism);
  std::sort(mechanisms.begin(), mechanisms.end());
  if (std::adjacent_find(mechanisms.begin(), mechanisms.end()) != mechanisms.end()) {
    return {wire::ErrorCode::duplicate_resource, "a mechanism is named twice for one user"};
  }
  if (!std::all_of(mechanisms.begin(), mechanisms.end(), [](auto one) { return digest_of(one).has_value(); })) {
    return {wire::ErrorCode::unsupported_sasl_mechanism, "SCRAM-SHA-256 (1) and SCRAM-SHA-512 (2) are served"};
  }
  if (change.name.empty() || change.name.size() > catalog::kMaxNameLength) {
    return {wire::ErrorCode::unacceptable_credential, "a user's name has 1 to 255 bytes"};
  }
  for (const auto* one : change.upsertions) {
    if (one->iterations < kMinIterations || one->iterations > kMaxIterations) {
      return {wire::ErrorCode::unacceptable_credential, "4096 to 16384 iterations"};
    }
    if (one->salt.empty() || one->salt.size() > kMaxSalt ||
        one->salted_password.size() != auth::digest_size(*digest_of(one->mechanism))) {
      return {wire::ErrorCode::unacceptable_credential, "salt or salted password of an impossible size"};
    }
  }
  return {};
}

/// The user as it will be, or why not.
Problem apply(const Change& change, const catalog::User* existing, catalog::User& user) {
  if (existing != nullptr) user = *existing;
  user.name = change.name;
  auto credentials = auth::scram_credentials(user.password_hash);
  const auto remove = [&credentials](auth::Digest digest) {
    return std::erase_if(credentials, [digest](const auto& one) { return one.digest == digest; }) > 0;
  };
  for (const auto* one : change.deletions) {
    if (!remove(*digest_of(one->mechanism))) {
      return {wire::ErrorCode::resource_not_found, "this user has no such credential"};
    }
  }
  for (const auto* one : change.upsertions) {
    const auth::Digest digest = *digest_of(one->mechanism);
    remove(digest);
    credentials.push_back({digest, auth::scram_keys_of(digest, static_cast<std::uint32_t>(one->iterations), one->salt,
                                                       one->salted_password)});
  }
  // A password that was set as a whole stays what passwords are compared with.
  user.password_hash = auth::store_scram(credentials, auth::base_of(user.password_hash));
  return {};
}

std::vector<Change> changes_of(const wire::AlterUserScramCredentialsRequest& message) {
  std::map<std::string, Change> by_name;
  const auto at = [&by_name](std::string_view name) -> Change& {
    Change& change = by_name[std::string(name)];
    change.name = name;
    return change;
  };
  for (const auto& one : message.deletions) at(one.name).deletions.push_back(&one);
  for (const auto& one : message.upsertions) at(one.name).upsertions.push_back(&one);
  std::vector<Change> changes;
  changes.reserve(by_name.size());
  for (auto& [name, change] : by_name) changes.push_back(std::move(change));
  return changes;
}

}  // namespace

void handle_alter_user_scram_credentials(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::AlterUserScramCredentialsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<AlterUserScramCredentialsWork>(kept);
  work->changes = changes_of(kept->message);
  work->messages.resize(work->changes.size());
  work->response.results.resize(work->changes.size());
  work->left += work->changes.size();
  const bool may = may_with_cluster(connection, auth::Operation::alter);
  for (std::size_t i = 0; i < work->changes.size(); ++i) {
    const Change& change = work->changes[i];
    auto& out = work->response.results[i];
    out.user = wire::Text(change.name);
    Problem problem = check(change);
    if (!may) problem = {wire::ErrorCode::cluster_authorization_failed, "not allowed to change users"};
    catalog::User user;
    if (problem.code == wire::ErrorCode::none) {
      problem = apply(change, connection.shard().catalog().find_user(change.name), user);
    }
    if (problem.code != wire::ErrorCode::none) {
      out.error_code = problem.code;
      out.error_message = wire::Text(problem.why);
      work->finish_one();
      continue;
    }
    connection.shard().topology().execute({.commands = {catalog::PutUser{std::move(user)}}},
                                          [work, i](broker::Result<void> stored) {
                                            if (!stored.has_value()) {
                                              work->messages[i] = stored.error().detail;
                                              auto& result = work->response.results[i];
                                              result.error_code = to_kafka(stored.error().code);
                                              result.error_message = wire::Text(work->messages[i]);
                                            }
                                            work->finish_one();
                                          });
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

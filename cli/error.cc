#include "error.h"

#include <fmt/format.h>

#include "wire/kafka/error_codes.h"

namespace millrace::cli {

namespace {

using wire::ErrorCode;

struct Explanation {
  ErrorCode code;
  std::string_view what;
  std::string_view hint;
};

constexpr std::string_view kAsk = "log in as a user who may (--user), or have the permission or an access rule added";

constexpr Explanation kExplanations[] = {
    {ErrorCode::unknown_topic_or_partition, "there is no such topic or partition",
     "`millrace topics list` shows the topics that you may see"},
    {ErrorCode::group_id_not_found, "there is no such group",
     "`millrace groups list` shows the groups that you may see"},
    {ErrorCode::topic_already_exists, "exists already", "choose another name, or add --if-not-exists"},
    {ErrorCode::invalid_topic_exception, "is not a possible name", "use 1 to 249 letters, digits, '.', '_' and '-'"},
    {ErrorCode::non_empty_group, "has members", "stop its consumers first"},
    {ErrorCode::unknown_member_id, "has members, which alone may commit now", "stop its consumers first"},
    {ErrorCode::group_subscribed_to_topic, "its members read that topic", "stop its consumers first"},
    {ErrorCode::topic_authorization_failed, "not allowed", kAsk},
    {ErrorCode::group_authorization_failed, "not allowed", kAsk},
    {ErrorCode::cluster_authorization_failed, "not allowed", kAsk},
    {ErrorCode::throttling_quota_exceeded, "more partitions were created or deleted than a quota allows",
     "try again later, or raise the quota controller_mutation_rate"},
};

}  // namespace

Error explain(ErrorCode code, const std::string& subject, std::string_view message) {
  for (const Explanation& one : kExplanations) {
    if (one.code != code) continue;
    return {fmt::format("{}: {}", subject, message.empty() ? one.what : message), std::string(one.hint)};
  }
  const std::string_view name = wire::error_name(code);
  if (message.empty()) return {fmt::format("{}: the server answered {}", subject, name), {}};
  return {fmt::format("{}: {} ({})", subject, message, name), {}};
}

}  // namespace millrace::cli

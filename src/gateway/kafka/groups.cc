#include "gateway/kafka/groups.h"

#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/consumer_protocol_subscription.h"

namespace millrace::gateway::kafka {

broker::GroupKey group_key(Connection& connection, std::string_view name) {
  return {Topics(connection).vhost(), std::string(name)};
}

bool may_use_group(Connection& connection, auth::Operation operation, std::string_view name) {
  return Topics(connection).may(operation, auth::RuleResource::group, name);
}

std::optional<std::string> owned(const std::optional<wire::Text>& text) {
  if (!text.has_value()) return std::nullopt;
  return std::string(*text);
}

std::string_view name_of(broker::GroupPhase phase) {
  switch (phase) {
    case broker::GroupPhase::empty:
      return "Empty";
    case broker::GroupPhase::joining:
      return "PreparingRebalance";
    case broker::GroupPhase::syncing:
      return "CompletingRebalance";
    case broker::GroupPhase::stable:
      return "Stable";
  }
  return "Unknown";
}

std::int32_t group_operations(Connection& connection, std::string_view name) {
  return allowed_operations(connection, auth::RuleResource::group, name);
}

bool read_subscription(std::string_view protocol_type, bytes::ByteView metadata, std::vector<std::string>& topics) {
  if (protocol_type != "consumer") return false;
  bytes::Reader in(metadata);
  const std::int16_t version = std::min(in.i16(), wire::ConsumerProtocolSubscription::kMaxVersion);
  wire::ConsumerProtocolSubscription subscription;
  if (!in.ok() || version < 0 || !subscription.decode(in, version)) return false;
  for (const wire::Text& topic : subscription.topics) topics.emplace_back(topic);
  return true;
}

}  // namespace millrace::gateway::kafka

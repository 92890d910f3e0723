#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/authorizer.h"
#include "broker/group_types.h"
#include "gateway/kafka/connection.h"
#include "wire/kafka/primitives.h"

// What the handlers of groups share. Groups live in the virtual host "/"; permissions are those of the patterns:
// belonging to a group and looking at it need read on its name, deleting anything of it configure.
namespace millrace::gateway::kafka {

broker::GroupKey group_key(Connection& connection, std::string_view name);
bool may_use_group(Connection& connection, auth::Operation operation, std::string_view name);
std::optional<std::string> owned(const std::optional<wire::Text>& text);

/// As clients name it.
std::string_view name_of(broker::GroupPhase phase);

/// The permissions of a user on a group as bits of the protocol's operations.
std::int32_t group_operations(Connection& connection, std::string_view name);

/// Reads a consumer's subscription; see broker::SubscriptionReader.
bool read_subscription(std::string_view protocol_type, bytes::ByteView metadata, std::vector<std::string>& topics);

}  // namespace millrace::gateway::kafka

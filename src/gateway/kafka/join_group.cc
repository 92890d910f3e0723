#include "base/prng.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/join_group_request.h"
#include "wire/kafka/generated/join_group_response.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on a new member is told its id before it joins (KIP-394).
constexpr std::int16_t kMemberIdFirst = 4;
// From this version on a returning leader can be told to leave the assignments alone (KIP-814).
constexpr std::int16_t kSkipAssignment = 9;

/// Never the same twice, also after a restart; a seeded simulation gets the same ones.
std::string unique_text(broker::Shard& shard) {
  const auto time = static_cast<std::uint64_t>(shard.loop().clock().wall().value);
  base::Prng unique(time * 0x9E3779B97F4A7C15ULL ^ shard.next_consumer_id().value);
  return fmt::format("{:016x}{:016x}", unique.next(), unique.next());
}

/// "/" and the address without its port, as clients are used to see it.
std::string host_of(Connection& connection) {
  const std::string peer = connection.socket().peer();
  return "/" + peer.substr(0, peer.rfind(':'));
}

void refuse(const Reply& reply, wire::ErrorCode code, std::string_view member_id) {
  wire::JoinGroupResponse response;
  response.error_code = code;
  response.protocol_name = wire::Text("");
  response.member_id = member_id;
  reply.send(response);
}

void answer(const Reply& reply, const broker::JoinReply& joined) {
  if (joined.error != broker::GroupErrc::none) return refuse(reply, to_kafka(joined.error), joined.member_id);
  wire::JoinGroupResponse response;
  response.generation_id = joined.generation;
  response.protocol_type = wire::Text(joined.protocol_type);
  response.protocol_name = wire::Text(joined.protocol);
  response.leader = wire::Text(joined.leader);
  response.skip_assignment = joined.skip_assignment;
  response.member_id = wire::Text(joined.member_id);
  for (const auto& member : joined.members) {
    auto& out = response.members.emplace_back();
    out.member_id = wire::Text(member.member_id);
    if (member.instance.has_value()) out.group_instance_id = wire::Text(*member.instance);
    out.metadata = member.metadata;
  }
  reply.send(response);
}

}  // namespace

void handle_join_group(Connection& connection, const Request& request) {
  wire::JoinGroupRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed JoinGroupRequest");
  if (message.group_id.empty()) return refuse(request.reply, wire::ErrorCode::invalid_group_id, message.member_id);
  if (!may_use_group(connection, auth::Operation::read, message.group_id)) {
    return refuse(request.reply, wire::ErrorCode::group_authorization_failed, message.member_id);
  }
  broker::JoinRequest join;
  join.group = group_key(connection, message.group_id);
  join.member_id = message.member_id;
  join.instance = owned(message.group_instance_id);
  join.client_id = request.client_id;
  join.client_host = host_of(connection);
  join.new_member_id =
      (join.instance.has_value() ? *join.instance : join.client_id) + "-" + unique_text(connection.shard());
  join.session_timeout = base::Millis(message.session_timeout_ms);
  // Version 0 has one time for both.
  join.rebalance_timeout =
      base::Millis(request.version == 0 ? message.session_timeout_ms : std::max(message.rebalance_timeout_ms, 0));
  join.protocol_type = message.protocol_type;
  for (const auto& protocol : message.protocols) {
    join.protocols.push_back({std::string(protocol.name), {protocol.metadata.begin(), protocol.metadata.end()}});
  }
  join.tell_member_id_first = request.version >= kMemberIdFirst;
  join.can_skip_assignment = request.version >= kSkipAssignment;
  connection.shard().groups().join(std::move(join),
                                   [reply = request.reply](const broker::JoinReply& joined) { answer(reply, joined); });
}

}  // namespace millrace::gateway::kafka

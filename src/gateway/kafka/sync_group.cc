#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/sync_group_request.h"
#include "wire/kafka/generated/sync_group_response.h"

namespace millrace::gateway::kafka {

namespace {

void refuse(const Reply& reply, wire::ErrorCode code) {
  wire::SyncGroupResponse response;
  response.error_code = code;
  reply.send(response);
}

}  // namespace

void handle_sync_group(Connection& connection, const Request& request) {
  wire::SyncGroupRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed SyncGroupRequest");
  if (message.group_id.empty()) return refuse(request.reply, wire::ErrorCode::invalid_group_id);
  if (!may_use_group(connection, auth::Operation::read, message.group_id)) {
    return refuse(request.reply, wire::ErrorCode::group_authorization_failed);
  }
  constexpr std::int16_t kNamesProtocol = 5;
  if (request.version >= kNamesProtocol && (!message.protocol_type.has_value() || !message.protocol_name.has_value())) {
    return refuse(request.reply, wire::ErrorCode::inconsistent_group_protocol);
  }
  broker::SyncRequest sync;
  sync.group = group_key(connection, message.group_id);
  sync.who = {std::string(message.member_id), owned(message.group_instance_id), message.generation_id};
  sync.protocol_type = owned(message.protocol_type);
  sync.protocol = owned(message.protocol_name);
  for (const auto& each : message.assignments) {
    sync.assignments.push_back({std::string(each.member_id), {each.assignment.begin(), each.assignment.end()}});
  }
  connection.shard().groups().sync(std::move(sync), [reply = request.reply](const broker::SyncReply& synced) {
    wire::SyncGroupResponse response;
    response.error_code = to_kafka(synced.error);
    if (synced.error == broker::GroupErrc::none) {
      response.protocol_type = wire::Text(synced.protocol_type);
      response.protocol_name = wire::Text(synced.protocol);
      response.assignment = synced.assignment;
    }
    reply.send(response);
  });
}

}  // namespace millrace::gateway::kafka

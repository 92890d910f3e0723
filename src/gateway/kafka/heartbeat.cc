#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/heartbeat_request.h"
#include "wire/kafka/generated/heartbeat_response.h"

namespace millrace::gateway::kafka {

void handle_heartbeat(Connection& connection, const Request& request) {
  wire::HeartbeatRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed HeartbeatRequest");
  wire::HeartbeatResponse response;
  if (message.group_id.empty())
    response.error_code = wire::ErrorCode::invalid_group_id;
  else if (!may_use_group(connection, auth::Operation::read, message.group_id))
    response.error_code = wire::ErrorCode::group_authorization_failed;
  if (response.error_code != wire::ErrorCode::none) return request.reply.send(response);
  connection.shard().groups().heartbeat(
      {group_key(connection, message.group_id),
       {std::string(message.member_id), owned(message.group_instance_id), message.generation_id}},
      [reply = request.reply](broker::GroupErrc error) {
        wire::HeartbeatResponse answer;
        answer.error_code = to_kafka(error);
        reply.send(answer);
      });
}

}  // namespace millrace::gateway::kafka

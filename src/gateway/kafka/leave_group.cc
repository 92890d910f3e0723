#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/leave_group_request.h"
#include "wire/kafka/generated/leave_group_response.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on several members leave in one request, each with its own result.
constexpr std::int16_t kManyMembers = 3;

}  // namespace

void handle_leave_group(Connection& connection, const Request& request) {
  const auto kept = KeptRequest<wire::LeaveGroupRequest>::read(request);
  if (kept == nullptr) return;
  auto& message = kept->message;
  wire::LeaveGroupResponse refused;
  if (message.group_id.empty())
    refused.error_code = wire::ErrorCode::invalid_group_id;
  else if (!may_use_group(connection, auth::Operation::read, message.group_id))
    refused.error_code = wire::ErrorCode::group_authorization_failed;
  if (refused.error_code != wire::ErrorCode::none) return request.reply.send(refused);
  if (request.version < kManyMembers) message.members.push_back({message.member_id, {}, {}});
  broker::LeaveRequest leave{group_key(connection, message.group_id), {}};
  for (const auto& member : message.members) {
    leave.members.push_back({std::string(member.member_id), owned(member.group_instance_id)});
  }
  connection.shard().groups().leave(std::move(leave), [kept](const broker::LeaveReply& results) {
    wire::LeaveGroupResponse response;
    if (kept->reply.version() < kManyMembers) {
      response.error_code = to_kafka(results.front());
      return kept->reply.send(response);
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto& member = kept->message.members[i];
      response.members.push_back({member.member_id, member.group_instance_id, to_kafka(results[i])});
    }
    kept->reply.send(response);
  });
}

}  // namespace millrace::gateway::kafka

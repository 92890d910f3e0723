#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/describe_groups_request.h"
#include "wire/kafka/generated/describe_groups_response.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on an unknown group is an error; before it is "Dead".
constexpr std::int16_t kUnknownIsError = 6;

struct DescribeGroupsWork {
  std::shared_ptr<KeptRequest<wire::DescribeGroupsRequest>> kept;
  std::vector<broker::GroupDescription> found;
  std::vector<wire::ErrorCode> errors;
  std::vector<std::int32_t> operations;
  std::size_t left = 1;

  void finish_one() {
    if (--left == 0) answer();
  }
  void answer();
};

void fill(wire::DescribeGroupsResponse::Group& out, const broker::GroupDescription& group) {
  out.group_state = wire::Text(name_of(group.phase));
  out.protocol_type = wire::Text(group.protocol_type);
  out.protocol_data = wire::Text(group.protocol);
  for (const auto& member : group.members) {
    auto& to = out.members.emplace_back();
    to.member_id = wire::Text(member.member_id);
    if (member.instance.has_value()) to.group_instance_id = wire::Text(*member.instance);
    to.client_id = wire::Text(member.client_id);
    to.client_host = wire::Text(member.client_host);
    to.member_metadata = member.metadata;
    to.member_assignment = member.assignment;
  }
}

void DescribeGroupsWork::answer() {
  wire::DescribeGroupsResponse response;
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto& out = response.groups.emplace_back();
    out.group_id = kept->message.groups[i];
    out.error_code = errors[i];
    if (errors[i] != wire::ErrorCode::none) continue;
    if (kept->message.include_authorized_operations) out.authorized_operations = operations[i];
    if (found[i].exists) {
      fill(out, found[i]);
      continue;
    }
    out.group_state = "Dead";
    if (kept->reply.version() < kUnknownIsError) continue;
    out.error_code = wire::ErrorCode::group_id_not_found;
    out.error_message = wire::Text("there is no such group");
  }
  kept->reply.send(response);
}

}  // namespace

void handle_describe_groups(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::DescribeGroupsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<DescribeGroupsWork>();
  work->kept = kept;
  const auto& names = kept->message.groups;
  work->found.resize(names.size());
  work->errors.resize(names.size(), wire::ErrorCode::none);
  work->operations.resize(names.size());
  work->left += names.size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!may_use_group(connection, auth::Operation::describe, names[i])) {
      work->errors[i] = wire::ErrorCode::group_authorization_failed;
      work->finish_one();
      continue;
    }
    work->operations[i] = group_operations(connection, names[i]);
    connection.shard().groups().describe(group_key(connection, names[i]), [work, i](broker::GroupDescription group) {
      work->found[i] = std::move(group);
      work->finish_one();
    });
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

#include "gateway/kafka/errors.h"
#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/delete_groups_request.h"
#include "wire/kafka/generated/delete_groups_response.h"

namespace millrace::gateway::kafka {

namespace {

using DeleteGroupsWork = GatheredReply<wire::DeleteGroupsRequest, wire::DeleteGroupsResponse>;

}  // namespace

void handle_delete_groups(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::DeleteGroupsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<DeleteGroupsWork>(kept);
  const auto& names = kept->message.groups_names;
  work->response.results.resize(names.size());
  work->left += names.size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto& out = work->response.results[i];
    out.group_id = names[i];
    if (!may_use_group(connection, auth::Operation::erase, names[i])) {
      out.error_code = wire::ErrorCode::group_authorization_failed;
      work->finish_one();
      continue;
    }
    connection.shard().groups().remove(group_key(connection, names[i]), [work, i](broker::GroupErrc error) {
      work->response.results[i].error_code = to_kafka(error);
      work->finish_one();
    });
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka

#include <algorithm>

#include "gateway/kafka/groups.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/list_groups_request.h"
#include "wire/kafka/generated/list_groups_response.h"

namespace millrace::gateway::kafka {

namespace {

constexpr std::string_view kClassic = "classic";

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// An empty filter lets everything pass.
bool passes(const std::vector<wire::Text>& filter, std::string_view word) {
  return filter.empty() ||
         std::any_of(filter.begin(), filter.end(), [word](const wire::Text& each) { return same_word(each, word); });
}

}  // namespace

/// The groups that the user may read, of all shards.
void handle_list_groups(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::ListGroupsRequest>::read(request);
  if (kept == nullptr) return;
  const model::ObjectId vhost = Topics(connection).vhost();
  connection.shard().groups().list(vhost, [kept](std::vector<broker::GroupSummary> groups) {
    const auto alive = kept->reply.connection();
    if (alive == nullptr) return;
    std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    wire::ListGroupsResponse response;
    for (const broker::GroupSummary& group : groups) {
      if (!may_use_group(*alive, auth::Operation::describe, group.name)) continue;
      if (!passes(kept->message.states_filter, name_of(group.phase)) || !passes(kept->message.types_filter, kClassic)) {
        continue;
      }
      response.groups.push_back({.group_id = wire::Text(group.name),
                                 .protocol_type = wire::Text(group.protocol_type),
                                 .group_state = wire::Text(name_of(group.phase)),
                                 .group_type = wire::Text(kClassic)});
    }
    kept->reply.send(response);
  });
}

}  // namespace millrace::gateway::kafka

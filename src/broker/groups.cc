#include "broker/groups.h"

#include <memory>

#include "broker/group_host.h"
#include "broker/placement.h"
#include "broker/shard.h"

namespace millrace::broker {

namespace {

/// Calls the group's host on its shard and brings the answer home.
template <class Request, class Reply>
void ask(Shard& shard, const GroupKey& key, Request request, std::move_only_function<void(Reply)> done,
         void (GroupHost::*call)(Request, std::move_only_function<void(Reply)>)) {
  shard.mailbox().send(
      shard_of_name(key.vhost, key.name, shard.shard_count()),
      [request = std::move(request), done = std::move(done), call, home = shard.id()](Shard& there) mutable {
        (there.group_host().*call)(std::move(request), [done = std::move(done), home, &there](Reply reply) mutable {
          there.mailbox().send(
              home, [done = std::move(done), reply = std::move(reply)](Shard&) mutable { done(std::move(reply)); });
        });
      });
}

}  // namespace

void Groups::join(JoinRequest request, Done<JoinReply> done) {
  const GroupKey key = request.group;
  ask(shard_, key, std::move(request), std::move(done), &GroupHost::join);
}

void Groups::sync(SyncRequest request, Done<SyncReply> done) {
  const GroupKey key = request.group;
  ask(shard_, key, std::move(request), std::move(done), &GroupHost::sync);
}

void Groups::heartbeat(HeartbeatRequest request, Done<GroupErrc> done) {
  const GroupKey key = request.group;
  ask(shard_, key, std::move(request), std::move(done), &GroupHost::heartbeat);
}

void Groups::leave(LeaveRequest request, Done<LeaveReply> done) {
  const GroupKey key = request.group;
  ask(shard_, key, std::move(request), std::move(done), &GroupHost::leave);
}

void Groups::commit(CommitRequest request, Done<CommitReply> done) {
  const GroupKey key = request.group;
  ask(shard_, key, std::move(request), std::move(done), &GroupHost::commit);
}

void Groups::offsets(OffsetsRequest request, Done<OffsetsReply> done) {
  const GroupKey key = request.group;
  ask(shard_, key, std::move(request), std::move(done), &GroupHost::offsets);
}

void Groups::forget_offsets(ForgetOffsetsRequest request, Done<ForgetOffsetsReply> done) {
  const GroupKey key = request.group;
  ask(shard_, key, std::move(request), std::move(done), &GroupHost::forget_offsets);
}

void Groups::describe(GroupKey group, Done<GroupDescription> done) {
  const GroupKey key = group;
  ask(shard_, key, std::move(group), std::move(done), &GroupHost::describe);
}

void Groups::remove(GroupKey group, Done<GroupErrc> done) {
  const GroupKey key = group;
  ask(shard_, key, std::move(group), std::move(done), &GroupHost::remove);
}

void Groups::list(ObjectId vhost, Done<std::vector<GroupSummary>> done) {
  struct Join {
    std::vector<GroupSummary> all;
    std::size_t left;
    Done<std::vector<GroupSummary>> done;
  };
  auto join = std::make_shared<Join>(Join{{}, shard_.shard_count(), std::move(done)});
  for (std::size_t i = 0; i < shard_.shard_count(); ++i) {
    const ShardId to(static_cast<std::uint16_t>(i));
    shard_.mailbox().send(to, [vhost, join, home = shard_.id()](Shard& there) {
      there.mailbox().send(home, [join, found = there.group_host().list(vhost)](Shard&) mutable {
        for (GroupSummary& group : found) join->all.push_back(std::move(group));
        if (--join->left == 0) join->done(std::move(join->all));
      });
    });
  }
}

}  // namespace millrace::broker

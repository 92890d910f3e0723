#include "broker/coordinators.h"

#include <memory>

#include "broker/coordinator_host.h"
#include "broker/group_host.h"
#include "broker/placement.h"
#include "broker/shard.h"

namespace millrace::broker {

namespace {

/// Calls the coordinator's host on its shard and brings the answer home.
template <class Request, class T>
void ask(Shard& shard, const ProducerName& name, Request request, Callback<T> done,
         void (CoordinatorHost::*call)(Request, Callback<T>)) {
  const ShardId to = shard_of_name(name.vhost, name.name, shard.shard_count());
  shard.mailbox().send(
      to, [request = std::move(request), done = std::move(done), call, home = shard.id()](Shard& there) mutable {
        (there.coordinator_host().*call)(
            std::move(request), [done = std::move(done), home, &there](Result<T> reply) mutable {
              there.mailbox().send(
                  home, [done = std::move(done), reply = std::move(reply)](Shard&) mutable { done(std::move(reply)); });
            });
      });
}

}  // namespace

void Coordinators::begin(BeginRequest request, Callback<ProducerIdentity> done) {
  const ProducerName name = request.name;
  ask(shard_, name, std::move(request), std::move(done), &CoordinatorHost::begin);
}

void Coordinators::join(JoinTransactionRequest request, Callback<void> done) {
  const ProducerName name = request.name;
  ask(shard_, name, std::move(request), std::move(done), &CoordinatorHost::join);
}

void Coordinators::end(EndTransactionRequest request, Callback<ProducerIdentity> done) {
  const ProducerName name = request.name;
  ask(shard_, name, std::move(request), std::move(done), &CoordinatorHost::end);
}

void Coordinators::describe(ProducerName name, Callback<TransactionDescription> done) {
  const ProducerName to = name;
  ask(shard_, to, std::move(name), std::move(done), &CoordinatorHost::describe);
}

/// From the coordinator on to the group, on the way that its decision takes later: what it lets in comes before.
void Coordinators::commit_offsets(CommitRequest request, TransactionClaim claim, Callback<CommitReply> done) {
  JoinTransactionRequest join;
  join.name = claim.name;
  join.identity = claim.identity;
  join.groups.push_back(request.group);
  join.verify_only = !claim.joins;
  const ShardId coordinator = shard_of_name(claim.name.vhost, claim.name.name, shard_.shard_count());
  const ShardId group = shard_of_name(request.group.vhost, request.group.name, shard_.shard_count());
  auto answer = [home = shard_.id(), done = std::move(done)](Shard& there, Result<CommitReply> reply) mutable {
    there.mailbox().send(
        home, [done = std::move(done), reply = std::move(reply)](Shard&) mutable { done(std::move(reply)); });
  };
  shard_.mailbox().send(coordinator, [join = std::move(join), request = std::move(request), group,
                                      answer = std::move(answer)](Shard& there) mutable {
    const ProducerIdentity producer = join.identity;
    there.coordinator_host().join(std::move(join), [request = std::move(request), group, producer,
                                                    answer = std::move(answer), &there](Result<void> joined) mutable {
      if (!joined.has_value()) return answer(there, std::unexpected(std::move(joined.error())));
      there.mailbox().send(
          group, [request = std::move(request), producer, answer = std::move(answer)](Shard& host) mutable {
            host.group_host().commit_in_transaction(
                std::move(request), producer.id,
                [answer = std::move(answer), &host](CommitReply reply) mutable { answer(host, std::move(reply)); });
          });
    });
  });
}

void Coordinators::list(ObjectId vhost, std::move_only_function<void(std::vector<TransactionSummary>)> done) {
  struct Join {
    std::vector<TransactionSummary> all;
    std::size_t left;
    std::move_only_function<void(std::vector<TransactionSummary>)> done;
  };
  auto join = std::make_shared<Join>(Join{{}, shard_.shard_count(), std::move(done)});
  for (std::size_t i = 0; i < shard_.shard_count(); ++i) {
    const ShardId to(static_cast<std::uint16_t>(i));
    shard_.mailbox().send(to, [vhost, join, home = shard_.id()](Shard& there) {
      there.mailbox().send(home, [join, found = there.coordinator_host().list(vhost)](Shard&) mutable {
        for (TransactionSummary& one : found) join->all.push_back(std::move(one));
        if (--join->left == 0) join->done(std::move(join->all));
      });
    });
  }
}

}  // namespace millrace::broker

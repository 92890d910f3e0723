#pragma once

#include <vector>

#include "broker/coordinator_types.h"
#include "broker/error.h"
#include "broker/group_types.h"

namespace millrace::broker {

class Shard;

/// Transactions of named producers: records that they write to many logs, and offsets that they commit for groups, take
/// effect together or not at all. The coordinator of a name lives on the shard that the name says; these calls may be
/// made on any shard, and the callbacks run there. What changes anything is answered when it is durable.
///
/// Errors of all of them: `unknown_producer`, `fenced`, `concurrent` (ask again soon), `no_transaction`.
class Coordinators {
 public:
  explicit Coordinators(Shard& shard) : shard_(shard) {}

  /// A producer takes the name over: what another one left open is aborted, and that one cannot go on. `out_of_range`:
  /// the time-out is not allowed.
  void begin(BeginRequest request, Callback<ProducerIdentity> done);
  /// Partitions and groups become part of the producer's transaction, which begins with the first of them.
  void join(JoinTransactionRequest request, Callback<void> done);
  /// Commits or aborts. Answers with what the producer is from now on, when everybody can see the outcome.
  void end(EndTransactionRequest request, Callback<ProducerIdentity> done);
  /// Offsets that the group takes over when the transaction of `claim` is committed (its partition is not looked at).
  void commit_offsets(CommitRequest request, TransactionClaim claim, Callback<CommitReply> done);

  /// `not_found` for a name that is not known.
  void describe(ProducerName name, Callback<TransactionDescription> done);
  /// Of all shards, in no order.
  void list(ObjectId vhost, std::move_only_function<void(std::vector<TransactionSummary>)> done);

 private:
  Shard& shard_;
};

}  // namespace millrace::broker

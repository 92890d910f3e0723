#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "broker/coordinator_state.h"
#include "broker/coordinator_types.h"
#include "broker/error.h"
#include "io/loop.h"
#include "model/marker.h"
#include "storage/types.h"

namespace millrace::broker {

class Shard;

/// The coordinators of this shard: serves what Coordinators sends from any shard. Callbacks are called here and carry
/// the answer home themselves.
///
/// A transaction goes through these steps, each of which a restart resumes:
///
/// 1. partitions and groups join it: durable before the first of their records is stored;
/// 2. it is decided: durable before anybody hears of it;
/// 3. a marker is stored in each of its partitions, and each of its groups takes over or drops the offsets;
/// 4. when all of that is durable the producer gets its answer, and the coordinator forgets who took part.
///
/// A marker that is stored twice does nothing the second time, and a transaction does not begin before the last one has
/// come to its end: so a step may be done again.
class CoordinatorHost {
 public:
  CoordinatorHost(Shard& shard, const CoordinatorOptions& options);
  ~CoordinatorHost();

  CoordinatorState& state() { return state_; }
  /// After the store has opened: what was decided goes on.
  void recovered();

  void begin(BeginRequest request, Callback<ProducerIdentity> done);
  void join(JoinTransactionRequest request, Callback<void> done);
  void end(EndTransactionRequest request, Callback<ProducerIdentity> done);
  void describe(ProducerName name, Callback<TransactionDescription> done);
  std::vector<TransactionSummary> list(ObjectId vhost) const;

  void committed(storage::Round round);

 private:
  using Record = CoordinatorState::Record;
  /// A decided transaction that is being carried out.
  struct Running {
    std::size_t left = 0;  // partitions and groups that have not answered
    std::vector<io::Task> after;
    std::vector<io::Timer> retries;
  };
  struct Answer {
    storage::Round round;
    io::Task task;
  };
  void begin_known(BeginRequest request, const Record& record, Callback<ProducerIdentity> done);
  void begin_with_new_id(BeginRequest request, Callback<ProducerIdentity> done);
  void put_begun(const BeginRequest& request, ProducerIdentity identity, ProducerIdentity previous,
                 Callback<ProducerIdentity> done);
  Result<void> check_end(const EndTransactionRequest& request, const Record& record, bool& repeated) const;
  void end_growing(const EndTransactionRequest& request, Record record, Callback<ProducerIdentity> done);
  void allocate(const ProducerName& name, Callback<ObjectId> done);
  /// Somebody else is to take over, or the time is over: the producer may not go on.
  void abort_fenced(const ProducerName& name, const Record& record, io::Task after);
  void decide(const ProducerName& name, Record record, bool commit, io::Task after);
  void carry_out(const ProducerName& name);
  void end_in_partition(const ProducerName& name, TopicPartition partition);
  void end_in_group(const ProducerName& name, const GroupKey& group);
  void ended_in_partition(const ProducerName& name, TopicPartition partition, const Result<void>& result);
  void participant_done(const ProducerName& name);
  void complete(const ProducerName& name);
  void append(const bytes::ByteVector& command);
  void when_durable(io::Task task);
  void look_at_time();
  void arm();
  void schedule_expiry();
  void expire_some();
  Timestamp wall() const;

  Shard& shard_;
  const CoordinatorOptions& options_;
  CoordinatorState state_;
  std::map<ProducerName, Running> running_;
  std::set<ProducerName> allocating_;
  storage::Round last_change_;
  std::deque<Answer> answers_;  // by round
  io::Timer timer_;
  Timestamp timer_at_;
  io::Timer expiry_timer_;
  ProducerName expiry_cursor_;
};

}  // namespace millrace::broker

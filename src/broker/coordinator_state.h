#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/coordinator_types.h"
#include "bytes/reader.h"
#include "bytes/writer.h"
#include "storage/state_machine.h"
#include "storage/types.h"

namespace millrace::broker {

/// What a shard's coordinators remember of named producers: who they are, and the transaction of each, with all that
/// takes part in it. Each change is one command that says what is afterwards, so that applying it again does no harm.
/// A transaction is decided when the command that puts it into `committing` or `aborting` is durable.
class CoordinatorState final : public storage::StateMachine {
 public:
  static constexpr storage::StateId kState{(std::uint64_t{1} << 63) | 5};

  struct Record {
    ProducerIdentity identity;
    /// The identity before, as the producer may still use it to ask again; id -1: there is none.
    ProducerIdentity previous;
    /// Takes effect when the transaction is carried out; id -1: `identity` stays.
    ProducerIdentity next;
    Millis timeout;
    TransactionPhase phase = TransactionPhase::empty;
    Timestamp started_at{-1};
    Timestamp changed_at;
    std::set<TopicPartition> partitions;
    std::set<GroupKey> groups;

    bool open() const { return phase == TransactionPhase::open; }
    bool decided() const { return phase == TransactionPhase::committing || phase == TransactionPhase::aborting; }
  };
  using Records = std::map<ProducerName, Record>;
  const Record* find(const ProducerName& name) const;
  const Records& records() const { return records_; }
  /// Open transactions by the time when they are to be aborted.
  const std::set<std::pair<Timestamp, ProducerName>>& deadlines() const { return deadlines_; }

  // The changes: each is applied at once; returned is the command for the journal.
  /// Everything but those that take part; `fresh` forgets these.
  bytes::ByteVector put(const ProducerName& name, const Record& record, bool fresh);
  bytes::ByteVector add(const ProducerName& name, const std::vector<TopicPartition>& partitions,
                        const std::vector<GroupKey>& groups);
  bytes::ByteVector remove(const ProducerName& name);

  [[nodiscard]] bool load_snapshot(bytes::ByteView snapshot) override;
  [[nodiscard]] bool apply(bytes::ByteView command) override;
  void save_snapshot(bytes::ByteVector& out) const override;

 private:
  bytes::ByteVector changed(bytes::ByteVector command);
  bool apply_put(bytes::Reader& in);
  bool apply_add(bytes::Reader& in);
  bool apply_remove(bytes::Reader& in);
  void forget_deadline(const ProducerName& name, const Record& record);

  Records records_;
  std::set<std::pair<Timestamp, ProducerName>> deadlines_;
};

}  // namespace millrace::broker

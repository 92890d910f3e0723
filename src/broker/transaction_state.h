#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "broker/transaction.h"
#include "bytes/reader.h"
#include "storage/state_machine.h"
#include "storage/types.h"

namespace millrace::broker {

/// Number of a transaction, unique among those that one shard decided; never used again.
using TransactionId = base::StrongId<struct TransactionTag, std::uint64_t>;

/// What a shard remembers of transactions that reach over several shards.
///
/// As the one that decides: each decided transaction with everything it does, until all shards have done it. As one
/// that takes part: a note of each transaction that it has done, written in the same round as what it did, until the
/// deciding shard needs it no more. Lives on its shard; changes are gathered into one command.
class TransactionState final : public storage::StateMachine {
 public:
  static constexpr storage::StateId kState{(std::uint64_t{1} << 63) | 3};

  using Parts = std::vector<TransactionPart>;
  using Decided = std::map<TransactionId, std::shared_ptr<const Parts>>;
  using Notes = std::map<ShardId, std::set<TransactionId>>;

  TransactionId decide(std::shared_ptr<const Parts> parts);
  /// All shards have done it.
  void finish(TransactionId id);
  void note(ShardId decider, TransactionId id);
  void forget(ShardId decider, TransactionId id);

  const Decided& decided() const { return decided_; }
  const Notes& notes() const { return notes_; }
  bool noted(ShardId decider, TransactionId id) const;

  /// Appends the changes since the last time to `out`; false when there are none.
  bool take_command(bytes::ByteVector& out);

  bool load_snapshot(bytes::ByteView snapshot) override;
  bool apply(bytes::ByteView command) override;
  void save_snapshot(bytes::ByteVector& out) const override;

 private:
  bool apply_changes(bytes::Reader& in);

  TransactionId last_{0};
  Decided decided_;
  Notes notes_;
  bytes::ByteVector changes_;
};

}  // namespace millrace::broker

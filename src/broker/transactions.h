#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "broker/error.h"
#include "broker/transaction.h"
#include "broker/transaction_state.h"
#include "broker/types.h"

namespace millrace::broker {

class Shard;

/// Carries out transactions: all of one, or nothing, also over a crash.
///
/// What concerns one shard only is done there in one turn, and so in one round. What concerns several:
///
/// 1. each is asked whether its queues take the messages; when one does not, nothing happens;
/// 2. the transaction with all it does is written down by the shard where it was gathered: it is decided;
/// 3. when that is durable, each shard does its part, with a note of it in the same round, and answers when the round
///    is durable; the transaction is then complete;
/// 4. the deciding shard writes down that it is finished, and when that is durable the others forget their notes.
///
/// After a crash, decided transactions go on before any shard serves: see resume(). A part that finds no space is tried
/// again until there is some. Lives on its shard.
class Transactions {
 public:
  explicit Transactions(Shard& shard);
  ~Transactions();

  /// Memory that transactions gather on this shard, all together at most half of its share of the memory limit. False:
  /// that is reached (and the memory is counted nevertheless, until it is released).
  [[nodiscard]] bool take_memory(std::uint64_t bytes);
  void release_memory(std::uint64_t bytes);

  /// `done` runs here when everything is stored, or with an error when nothing was done.
  void commit(Transaction transaction, Callback<void> done);

  /// For the store's recovery.
  TransactionState& state();
  /// Finishes what the journals of all shards say was decided. Called for every shard before any loop runs, when all
  /// stores are open.
  void resume(const std::vector<Shard*>& peers);

  /// Transactions that are decided and not finished, and notes; for tests.
  std::size_t open() const;

  // Between shards.
  Result<void> accepts(const TransactionPart& part);
  /// Does everything in this turn; `done` runs when it is durable.
  void apply_alone(const TransactionPart& part, Callback<void> done);
  void apply_decided(ShardId decider, TransactionId id, const TransactionPart& part, bool recovered);
  void answered(ShardId from, TransactionId id, bool accepted);
  void forget(ShardId decider, TransactionId id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::broker

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "broker/error.h"
#include "broker/logs.h"
#include "broker/types.h"
#include "bytes/reader.h"
#include "model/batch.h"
#include "model/marker.h"
#include "storage/state_machine.h"

namespace millrace::broker {

/// What a shard's logs know of their producers: sequence numbers, which tell a repeated batch from a new one, and
/// transactions, open ones and aborted ones. Replayable: each accepted batch and each marker is one command, logged in
/// the round of the batch itself, so both survive or neither.
///
/// Rules of sequences as the public protocol's clients expect them: a producer's first batch on a log may have any
/// sequence (its history may have been trimmed); then each batch follows the last one, wrapping from 2^31 - 1 to 0; a
/// new epoch starts again at 0; a repeat of one of the last five batches is answered with its first offset.
class Producers final : public storage::StateMachine {
 public:
  static constexpr storage::StateId kState{(std::uint64_t{1} << 63) | 2};
  static constexpr std::size_t kRemembered = 5;
  /// Producers remembered per shard; beyond it the ones longest silent are forgotten, unless they have a transaction.
  static constexpr std::size_t kMaxProducers = 100'000;

  struct Verdict {
    bool duplicate = false;
    /// Of the batch stored before, when duplicate.
    Offset base_offset;
  };
  /// `invalid`: a gap or an old sequence. `refused`: an epoch older than the producer's current one. `no_transaction`:
  /// outside of the transaction that the producer has open in this log.
  Result<Verdict> check(LogId log, const model::BatchHeader& batch) const;
  /// The command to log for an accepted batch; applied here as well.
  bytes::ByteVector accept(LogId log, const model::BatchHeader& batch, Offset base_offset, Timestamp now);
  /// Whether the producer of this batch has a transaction open in the log that the batch belongs to.
  bool joined(LogId log, const model::BatchHeader& batch) const;

  /// `refused` when the producer has a newer epoch. True when there is something to end.
  Result<bool> can_end(LogId log, const model::Marker& marker) const;
  /// The command for a marker that was stored at `offset`; applied here as well.
  bytes::ByteVector end(LogId log, const model::Marker& marker, Offset offset, Timestamp now);

  /// From where on transactions are not decided, when all below `committed` is durable; kNoOffset: none is open.
  Offset undecided_from(LogId log, Offset committed);
  /// Markers were stored and were not committed when undecided_from() looked last.
  bool has_ending(LogId log) const;
  /// Aborted transactions with records in [from, until).
  std::vector<AbortedRange> aborted(LogId log, Offset from, Offset until) const;
  bool is_aborted(LogId log, std::int64_t producer, Offset offset) const;
  /// Aborted transactions below the log's start are not needed any more.
  void trimmed(LogId log, Offset start);

  void forget_log(LogId log);
  std::vector<ProducerInfo> list(LogId log) const;
  /// Logs that anything is known of.
  std::vector<LogId> logs() const;

  [[nodiscard]] bool load_snapshot(bytes::ByteView snapshot) override;
  [[nodiscard]] bool apply(bytes::ByteView command) override;
  void save_snapshot(bytes::ByteVector& out) const override;

 private:
  struct Key {
    std::uint64_t log;
    std::int64_t producer;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Stored {
    std::int32_t first_sequence = 0;
    std::int32_t last_sequence = 0;
    std::int64_t base_offset = 0;
  };
  struct Batch {
    std::int16_t epoch = -1;
    Stored stored;
    bool transactional = false;
    Timestamp time{-1};
  };
  struct Producer {
    std::int16_t epoch = -1;
    std::uint64_t used = 0;  // position in by_use_
    std::uint8_t count = 0;
    std::array<Stored, kRemembered> last{};  // oldest first
    Timestamp last_time{-1};
    std::int32_t decider_epoch = -1;
    Offset open_from = model::kNoOffset;  // of its open transaction
  };
  struct Ending {
    Offset first;
    Offset marker;
  };
  struct Aborted {
    std::int64_t producer = -1;
    Offset first;
    Offset marker;
    /// Those that were decided later begin at or above it.
    Offset decided_end;
  };
  /// The transactions of one log.
  struct Transactions {
    std::set<std::pair<Offset, std::int64_t>> open;  // first offset, producer
    std::vector<Ending> ending;                      // with a marker that is not committed yet; not stored
    std::vector<Aborted> aborted;                    // by marker
    bool empty() const { return open.empty() && ending.empty() && aborted.empty(); }
  };
  void remember(const Key& key, const Batch& batch);
  Producer& use(const Key& key);
  void forget_oldest();
  Offset end_transaction(const Key& key, const model::Marker& marker, Offset offset, Timestamp time);
  bool apply_batch(bytes::Reader& in, std::uint8_t version);
  bool apply_marker(bytes::Reader& in);
  bool load_producer(bytes::Reader& in, std::uint8_t version);
  bool load_aborted(bytes::Reader& in);

  std::map<Key, Producer> producers_;
  std::map<std::uint64_t, Key> by_use_;
  std::map<std::uint64_t, Transactions> transactions_;
  std::uint64_t uses_ = 0;
};

}  // namespace millrace::broker

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "broker/error.h"
#include "broker/logs.h"
#include "broker/types.h"
#include "model/batch.h"
#include "storage/state_machine.h"

namespace millrace::broker {

/// Sequence numbers of idempotent producers, per log: tells a repeated batch from a new one. Replayable: each accepted
/// batch is one command, logged in the round of the batch itself, so both survive or neither.
///
/// Rules as the public protocol's clients expect them: a producer's first batch on a log may have any sequence (its
/// history may have been trimmed); then each batch follows the last one, wrapping from 2^31 - 1 to 0; a new epoch
/// starts again at 0; a repeat of one of the last five batches is answered with its first offset.
class Producers final : public storage::StateMachine {
 public:
  static constexpr storage::StateId kState{(std::uint64_t{1} << 63) | 2};
  static constexpr std::size_t kRemembered = 5;
  /// Producers remembered per shard; beyond it the ones longest silent are forgotten.
  static constexpr std::size_t kMaxProducers = 100'000;

  struct Verdict {
    bool duplicate = false;
    /// Of the batch stored before, when duplicate.
    Offset base_offset;
  };
  /// `invalid`: a gap or an old sequence. `refused`: an epoch older than the producer's current one.
  Result<Verdict> check(LogId log, const model::BatchHeader& batch) const;
  /// The command to log for an accepted batch; applied here as well.
  bytes::ByteVector accept(LogId log, const model::BatchHeader& batch, Offset base_offset);
  void forget_log(LogId log);
  std::vector<ProducerInfo> list(LogId log) const;

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
  struct Producer {
    std::int16_t epoch = -1;
    std::uint64_t used = 0;  // position in by_use_
    std::uint8_t count = 0;
    std::array<Stored, kRemembered> last{};  // oldest first
  };
  void remember(const Key& key, std::int16_t epoch, const Stored& stored);

  std::map<Key, Producer> producers_;
  std::map<std::uint64_t, Key> by_use_;
  std::uint64_t uses_ = 0;
};

}  // namespace millrace::broker

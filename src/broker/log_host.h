#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "broker/logs.h"
#include "broker/producers.h"
#include "broker/types.h"
#include "storage/store.h"

namespace millrace::broker {

class Shard;

/// The logs of this shard as the stream view uses them: serves what Logs sends from any shard. `Reply` callbacks are
/// called here and carry the answer home themselves.
class LogHost final : public io::TurnHook {
 public:
  explicit LogHost(Shard& shard);
  ~LogHost() override;

  Producers& producers() { return producers_; }

  using AppendDone = std::move_only_function<void(Result<AppendReply>)>;
  /// After the store has opened, before anybody reads.
  void recovered();

  void append(LogId log, std::vector<bytes::Slab> batches, AppendDone done);
  void append_in_transaction(LogId log, std::vector<bytes::Slab> batches, TransactionClaim claim, AppendDone done);
  void end_transaction(LogId log, const model::Marker& marker, std::move_only_function<void(Result<void>)> done);
  struct ReadOptions {
    Offset from;
    Bytes max_bytes;
    Isolation isolation;
  };
  void read(LogId log, const ReadOptions& options, std::move_only_function<void(Result<ReadReply>)> done);
  Result<LogEnds> ends(LogId log);
  void trim(LogId log, Offset start, std::move_only_function<void(Result<LogEnds>)> done);
  Result<Bytes> size(LogId log);
  Result<EpochEnd> epoch_end(LogId log, model::Epoch epoch);
  Result<std::vector<ProducerInfo>> producers_of(LogId log);

  struct WatchOptions {
    Offset seen;
    Isolation isolation;
    std::uint64_t key;
  };
  /// `changed` runs here once when the readable end passed `seen` or the log is gone.
  void watch(LogId log, const WatchOptions& options, io::Task changed);
  void unwatch(LogId log, std::uint64_t key);

  /// Records were appended to this log (by anyone); its watchers look at it when the round is committed.
  void touched(LogId log);
  void committed(storage::Round round);
  void removed(LogId log);

  void on_turn_end() override;

 private:
  struct WatchEntry {
    WatchOptions options;
    io::Task changed;
  };
  /// Batches of a producer that wait for its coordinator's word, in their order.
  struct Asking {
    struct Entry {
      std::vector<bytes::Slab> batches;
      TransactionClaim claim;
      AppendDone done;
    };
    std::deque<Entry> entries;  // the first one's claim was asked about
  };
  using AskingKey = std::pair<std::uint64_t, std::int64_t>;  // log, producer
  struct Waiting {
    storage::Round round;
    LogId log;
    Offset base;
    AppendDone done;
  };
  /// Joined: the coordinator has just said that this may begin a transaction in the log.
  void append_checked(LogId log, std::vector<bytes::Slab> batches, bool joined, AppendDone done);
  storage::Result<Offset> store(storage::Log& log, const bytes::Slab& batch);
  void ask(LogId log, std::int64_t producer, TransactionClaim claim);
  void coordinator_answered(LogId log, std::int64_t producer, Result<void> verdict);
  void refresh(storage::Log& log);
  void answer(Waiting waiting);
  void wake_watchers();
  LogEnds ends_of(const storage::Log& log) const;

  Shard& shard_;
  Producers producers_;
  std::deque<Waiting> waiting_;  // by round
  storage::Round last_trim_;
  boost::unordered_flat_map<std::uint64_t, std::vector<WatchEntry>> watches_;
  std::vector<std::uint64_t> touched_;
  std::map<AskingKey, Asking> asking_;
  std::vector<LogId> ending_;  // logs with markers on their way to the disk
};

}  // namespace millrace::broker

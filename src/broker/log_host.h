#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <memory>
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

  /// Up to where readers of a stream may read: everything below is stored, and no transaction is open there.
  static Offset readable_end(const storage::Log& log) { return std::min(log.committed_end(), log.last_stable_end()); }

  using AppendDone = std::move_only_function<void(Result<AppendReply>)>;
  void append(LogId log, std::vector<bytes::Slab> batches, AppendDone done);
  void read(LogId log, Offset from, Bytes max_bytes, std::move_only_function<void(Result<ReadReply>)> done);
  Result<LogEnds> ends(LogId log);
  void trim(LogId log, Offset start, std::move_only_function<void(Result<LogEnds>)> done);
  Result<Bytes> size(LogId log);
  Result<EpochEnd> epoch_end(LogId log, model::Epoch epoch);
  Result<std::vector<ProducerInfo>> producers_of(LogId log);

  /// `changed` runs here once when the committed end passed `seen` or the log is gone.
  void watch(LogId log, Offset seen, std::uint64_t key, io::Task changed);
  void unwatch(LogId log, std::uint64_t key);

  /// Records were appended to this log (by anyone); its watchers look at it when the round is committed.
  void touched(LogId log);
  void committed(storage::Round round);
  void removed(LogId log);

  void on_turn_end() override;

 private:
  struct WatchEntry {
    std::uint64_t key;
    Offset seen;
    io::Task changed;
  };
  struct Waiting {
    storage::Round round;
    LogId log;
    Offset base;
    AppendDone done;
  };
  void answer(Waiting waiting);
  void wake_watchers();
  LogEnds ends_of(const storage::Log& log) const;

  Shard& shard_;
  Producers producers_;
  std::deque<Waiting> waiting_;  // by round
  storage::Round last_trim_;
  boost::unordered_flat_map<std::uint64_t, std::vector<WatchEntry>> watches_;
  std::vector<std::uint64_t> touched_;
};

}  // namespace millrace::broker

#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "broker/queue_requests.h"
#include "broker/record_reader.h"
#include "broker/types.h"
#include "broker/work_budget.h"
#include "catalog/objects.h"
#include "io/loop.h"
#include "storage/log.h"
#include "storage/store.h"

namespace millrace::broker {

class Shard;

/// The streams of one shard, and the readers of its logs by position. A stream is a queue's name, bindings and
/// settings over a log that nobody consumes: it keeps no state but the log, so that a million readers cost it nothing.
/// A partition of a topic is read in the same way.
///
/// A reader has a position and room for so many messages and bytes; it is served in whole stretches of stored batches,
/// which are read once while it goes through them and let go when it has caught up. Positions are the readers' own and
/// not stored here.
class StreamHost final : public io::TurnHook {
 public:
  explicit StreamHost(Shard& shard);
  ~StreamHost() override;

  /// A stream that lives here. Before recovered() it is only registered.
  void create(const catalog::Queue& stream);
  void set_settings(ObjectId stream, const catalog::QueueSettings& settings);
  /// Readers hear on_cancelled; the log is dropped.
  void remove(ObjectId stream);
  bool owns(ObjectId stream) const { return streams_.contains(stream.value); }
  /// For the store's recovery.
  const storage::LogOptions* recovery_log_options(LogId log) const;
  void recovered();
  /// The log of a stream or a partition is about to go: its readers hear on_cancelled.
  void removed(LogId log);

  /// Whether it is a log that nobody consumes: a stream's or a partition's.
  bool has_log(ObjectId log) const;
  /// Appends a batch to one of those. False: no space.
  bool append(ObjectId log, const bytes::Slab& batch);

  /// Readers of any log here that is not a queue's; `queue` is the log's number.
  Result<void> consume(const ConsumeRequest& request);
  void cancel(ObjectId log, ConsumerId reader);
  void settle(const SettleRequest& request);
  void return_window(const WindowReturn& given);
  /// `ready` counts what can be read.
  Result<QueueStats> stats(ObjectId log) const;

  /// Stage::deliver.
  void on_turn_end() override;

 private:
  struct Stream {
    catalog::Queue definition;
    storage::LogOptions options;
  };
  struct Reader {
    ConsumeRequest request;
    /// The next record to look at; kNoOffset while it is not known where the reader begins.
    Offset next = model::kNoOffset;
    std::uint64_t credit = 0;
    std::uint64_t window = 0;
    std::unique_ptr<RecordReader> records;
    bool in_work_list = false;
    bool caught_up = false;  // and in its feed's list
  };
  /// A log with readers.
  struct Feed {
    boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Reader>> readers;
    std::vector<ConsumerId> caught_up;
    bool watched = false;
  };
  struct Work {
    std::uint64_t log;
    ConsumerId reader;
  };
  enum class Served : std::uint8_t { caught_up, more, waits };

  storage::LogOptions options_of(const catalog::Queue& stream) const;
  Feed* find(std::uint64_t log);
  Reader* find(std::uint64_t log, ConsumerId reader);
  void wants_work(std::uint64_t log, ConsumerId reader);
  void seek(storage::Log& log, Reader& reader);
  void begin_at(std::uint64_t log, ConsumerId reader, Offset offset);
  void work(const Work& work, WorkBudget& turn);
  Served serve(storage::Log& log, Reader& reader, WorkBudget& budget);
  void send(std::unique_ptr<DeliveryBundle> bundle, ShardId home);
  void watch(std::uint64_t log, Feed& feed, Offset seen);
  void retry_later(const Work& work);

  Shard& shard_;
  bool open_ = false;
  boost::unordered_flat_map<std::uint64_t, Stream> streams_;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Feed>> feeds_;
  std::size_t reader_count_ = 0;
  std::deque<Work> work_;
  std::vector<Work> retrying_;
  io::Timer retry_timer_;
};

}  // namespace millrace::broker

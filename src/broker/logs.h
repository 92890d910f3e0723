#pragma once

#include <memory>
#include <span>
#include <vector>

#include "broker/coordinator_types.h"
#include "broker/error.h"
#include "broker/types.h"
#include "bytes/slab.h"
#include "io/loop.h"
#include "model/batch.h"
#include "model/marker.h"
#include "storage/log.h"
#include "storage/types.h"

namespace millrace::broker {

class Shard;

struct StreamStart;

struct LogEnds {
  Offset start;
  Offset committed;
  Offset last_stable;
  model::Epoch epoch;
};

struct AppendReply {
  Offset base_offset;
  LogEnds ends;
};

/// Stored batches and look-ups, as gateways see them.
using storage::BatchRef;
using TimeLookup = storage::Log::TimeLookup;

using storage::Isolation;

/// A producer's transaction that was aborted: nobody who reads decided records may see what the producer wrote from
/// `first` up to the marker.
struct AbortedRange {
  std::int64_t producer = -1;
  Offset first;
  Offset marker;
};

struct ReadReply {
  std::vector<BatchRef> batches;
  LogEnds ends;
  /// For who reads decided records: the aborted transactions with records in the batches' range.
  std::vector<AbortedRange> aborted;
};

/// Whether a batch that was read has messages for who reads decided records: no marker, nothing aborted.
bool has_messages(const model::BatchHeader& header, Offset base, std::span<const AbortedRange> aborted);

struct EpochEnd {
  model::Epoch epoch;
  Offset end = model::kNoOffset;
  /// That of the log now.
  model::Epoch current;
};

/// A producer with sequence numbers, as a log remembers it.
struct ProducerInfo {
  std::int64_t id = -1;
  std::int16_t epoch = -1;
  std::int32_t last_sequence = -1;
  Timestamp last_time{-1};
  /// Of the last transaction that was ended.
  std::int32_t decider_epoch = -1;
  /// First offset of its open transaction.
  Offset open_from = model::kNoOffset;
};

/// The stream view: batches appended to and read from logs on any shard. Callbacks run on the calling shard. The log of
/// a queue is served as well: appended records reach its consumers, and reading consumes nothing.
class Logs {
 public:
  explicit Logs(Shard& shard);
  ~Logs();

  /// Appends checked batches (model::validate_client_batch) in order. `done` runs when they are committed, with the
  /// offset of the first. Batches with a producer id are checked for sequence: a duplicate of one of the last five
  /// answers with the first offset, a gap fails with `invalid`.
  void append(LogRef log, std::vector<bytes::Slab> batches, Callback<AppendReply> done);
  /// The same for batches of a transaction, from the producer that `claim` names (Coordinators). Where it has no
  /// transaction open yet, its coordinator is asked whether there may be one: the errors are those of
  /// Coordinators::join().
  void append_in_transaction(LogRef log, std::vector<bytes::Slab> batches, TransactionClaim claim,
                             Callback<AppendReply> done);
  /// Ends what the producer has open in the log: a marker is stored. Does nothing where nothing is open. `refused`: the
  /// producer has a newer epoch.
  void end_transaction(LogRef log, const model::Marker& marker, Callback<void> done);
  /// Reads committed batches from `from` on, about `max_bytes`; empty at the end. out_of_range below the start or above
  /// the end. Without `isolation` only decided records are read, and has_messages() tells what not to show.
  void read(LogRef log, Offset from, Bytes max_bytes, Callback<ReadReply> done) {
    read(log, from, max_bytes, Isolation::decided, std::move(done));
  }
  void read(LogRef log, Offset from, Bytes max_bytes, Isolation isolation, Callback<ReadReply> done);
  void ends(LogRef log, Callback<LogEnds> done);
  /// Forgets the records below `start` (model::kNoOffset: all that are committed), as retention does. `done` runs when
  /// that is durable. out_of_range above the committed end; `locked` for the log of a queue, which only its consumers
  /// shorten.
  void trim(LogRef log, Offset start, Callback<LogEnds> done);
  /// Stored bytes.
  void size(LogRef log, Callback<Bytes> done);
  /// The last epoch up to `epoch` in which records were written, and where it ended; kNoOffset when there is none.
  void epoch_end(LogRef log, model::Epoch epoch, Callback<EpochEnd> done);
  void producers(LogRef log, Callback<std::vector<ProducerInfo>> done);
  void find_time(LogRef log, Timestamp timestamp, Callback<storage::Log::TimeLookup> done);
  void find_max_time(LogRef log, Callback<storage::Log::TimeLookup> done);

  /// Where a reader begins; never above the end of what can be read.
  void find_start(LogRef log, const StreamStart& start, Callback<Offset> done);

  /// Calls `changed` once, when the readable end of the log has passed `seen`, or the log is gone. Destroying the
  /// Watch ends it.
  class Watch {
   public:
    virtual ~Watch() = default;
  };
  [[nodiscard]] std::unique_ptr<Watch> watch(LogRef log, Offset seen, io::Task changed) {
    return watch(log, seen, Isolation::decided, std::move(changed));
  }
  [[nodiscard]] std::unique_ptr<Watch> watch(LogRef log, Offset seen, Isolation isolation, io::Task changed);

 private:
  struct State;
  std::shared_ptr<State> state_;
  Shard& shard_;
};

}  // namespace millrace::broker

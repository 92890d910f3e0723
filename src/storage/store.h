#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "io/file.h"
#include "io/loop.h"
#include "storage/error.h"
#include "storage/log.h"
#include "storage/state_machine.h"
#include "storage/types.h"

namespace millrace::storage {

/// Deliberate defects, for the test that proves that the simulation would notice them. Never set outside of it.
struct StoreMutations {
  bool confirm_before_sync = false;
  bool drop_round_records = false;
  bool reuse_offsets = false;
};

/// Everything a shard's store needs from outside; all must outlive it.
struct StoreEnvironment {
  io::Loop* loop = nullptr;
  io::Disk* disk = nullptr;
  /// One worker: journal writes and syncs, in order.
  io::WorkPool* sync_pool = nullptr;
  /// A few workers: cold reads, segment writes.
  io::WorkPool* pool = nullptr;
  const StoreMutations* mutations = nullptr;
  /// Called when the process must stop: a write or sync of the journal failed. Empty: log and abort. If it returns,
  /// nothing commits any more.
  std::function<void(const std::string& reason)> fatal = {};
};

struct StoreOptions {
  /// Directory of this shard, below the disk's root.
  std::string directory;
  model::ShardId shard;
  /// Size of one journal file. Two are kept, two more are prepared; what retirement has not freed yet comes on top.
  Bytes journal_file_bytes{std::uint64_t{32} << 20};
  /// Batches of at least this size go straight to their segment ...
  Bytes direct_write_bytes{std::uint64_t{64} << 10};
  /// ... when the log has a backlog: batches in segments, or this much in the journal. Where readers keep up, what they
  /// have settled never needs to go to a segment.
  Bytes direct_backlog_bytes{std::uint64_t{1} << 20};
  /// Below this much free space appends are refused; settlements still work in the reserved journal space.
  Bytes disk_reserve{std::uint64_t{64} << 20};
  /// The directory was in use before: without any round in its journal it is damaged, not new.
  bool must_exist = false;
  /// Opening fails with `damaged`, and changes nothing, when the journal is damaged: for a store that nothing of may be
  /// missing.
  bool refuse_damage = false;
  /// Directories of logs that the target does not know are moved to `orphans` instead of being removed.
  bool keep_unknown_logs = false;
  /// Upper bound of open segment files.
  std::size_t max_open_files = 512;
};

/// What recovery asks the broker while it runs: what still exists according to the catalog.
class RecoveryTarget {
 public:
  virtual ~RecoveryTarget() = default;
  /// Options of a log that still exists; nullptr when the catalog does not know it (its files are then removed).
  virtual const LogOptions* log_options(LogId log) = 0;
  /// The machine to replay into; nullptr when its owner is gone.
  virtual StateMachine* state_machine(StateId state) = 0;
};

struct RecoveryReport {
  std::uint64_t rounds_replayed = 0;
  std::uint64_t batches_replayed = 0;
  std::uint64_t commands_replayed = 0;
  Bytes journal_bytes{0};
  Bytes bytes_cut{0};  // unconfirmed bytes behind the last whole round
  std::vector<QuarantinedRange> quarantined;
};

/// The logs, the journal and the commit rounds of one shard. Lives on, and is only called from, its shard's loop.
///
/// Everything appended in one loop turn becomes one round: the turn's end (Stage::storage) starts it when no round is
/// being synced, else it gathers on. When a round's journal write, direct segment writes and their syncs are all done,
/// its logs' committed ends move, then the commit listeners run. A failed write or sync of the journal stops the
/// process.
class Store {
 public:
  /// Opens or creates the shard's data; blocks; called before the loop serves clients.
  static Result<std::unique_ptr<Store>> open(const StoreEnvironment& environment, const StoreOptions& options,
                                             RecoveryTarget& target, RecoveryReport& report);
  virtual ~Store() = default;

  /// Makes a new log known (from the next round on, durably). The id must never have been used before.
  virtual Log* create_log(LogId id, const LogOptions& options) = 0;
  /// Null when unknown. The pointer stays valid until delete_log.
  virtual Log* find_log(LogId id) = 0;
  /// Removes the log and its files, after what reads it has finished. Its id is never used again.
  virtual void delete_log(LogId id) = 0;

  /// Assigns offsets to a sealed batch and adds it to the current round. The batch must be valid (model::BatchBuilder
  /// made it or model::validate_client_batch passed it); its base offset and epoch are ignored. Returns its first
  /// offset. Fails with disk_full or unknown_log; then nothing happened. A memory log commits at the end of the turn.
  virtual Result<Offset> append(Log& log, bytes::Slab batch) = 0;

  /// Logs a command that the caller has applied (or applies now) to its machine. Works while the disk is full. With
  /// Durability::os the command alone does not make the round wait for stable storage.
  virtual void append_command(StateId state, bytes::ByteView command, Durability durability = Durability::sync) = 0;
  /// The store asks the machine for snapshots when it frees journal space. Needed once per live owner, before its first
  /// command; those that recovery replayed into are attached.
  virtual void attach_state(StateId state, StateMachine* machine) = 0;
  /// Forgets an owner and its journal entries.
  virtual void drop_state(StateId state) = 0;

  /// The round in which what is appended now will commit. With nothing appended in this turn it is the next round.
  virtual Round current_round() const = 0;
  /// Makes the current round start also when nothing is added to it: for who waits for what is on its way already.
  virtual void want_round() = 0;
  /// The last round that is durable.
  virtual Round committed_round() const = 0;
  /// Called on the loop after each committed round, after the ends have moved. Also called, with the last committed
  /// round once more, at the end of a turn in which memory logs committed.
  virtual void on_commit(std::function<void(Round)> listener) = 0;

  /// Whether appends of this many bytes together would be taken now.
  virtual bool has_space(Bytes bytes) const = 0;
  /// True while appends are refused for lack of space. Recovers by itself.
  virtual bool disk_full() const = 0;
  /// Finishes pending rounds, writes snapshots and marks a clean stop; `done` runs on the loop.
  virtual void shutdown(io::Task done) = 0;

  struct Stats {
    std::uint64_t rounds = 0;
    std::uint64_t journal_bytes = 0;
    std::uint64_t segment_bytes = 0;
    std::uint64_t appended_batches = 0;
    std::uint64_t sync_nanos_total = 0;
    std::uint64_t sync_nanos_max = 0;  // since the last call of stats()
    std::uint64_t tail_bytes = 0;      // see memory_bytes()
    std::uint64_t open_files = 0;
    std::uint64_t logs = 0;
    std::uint64_t quarantined_ranges = 0;
  };
  virtual Stats stats() = 0;
  /// Bytes of batches in memory: tails, memory logs and the cache of what went to segments last. Costs nothing.
  virtual std::uint64_t memory_bytes() const = 0;
  virtual const std::vector<QuarantinedRange>& quarantined() const = 0;
};

/// Verifies the data below `directory` without changing anything; prints what it finds through `print`.
/// Returns true when every checksum and invariant holds.
Result<bool> check_store(io::Disk& disk, const std::string& directory, const std::function<void(std::string)>& print);

}  // namespace millrace::storage

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/prng.h"
#include "storage/store_fixture_test.h"
#include "testing/sim_disk.h"
#include "testing/sim_world.h"

namespace millrace::storage {

/// What the store was told, as far as its clients can tell.
struct SimModel {
  struct Batch {
    Offset last;
    std::uint64_t tag = 0;
  };
  struct Log {
    Offset start{0};
    Offset end{0};
    std::map<Offset, Batch> batches;
  };
  std::map<LogId, Log> logs;
  std::map<StateId, TestMachine> states;
};

struct SimOperation {
  enum class Kind { create_log, append, trim, delete_log, command, drop_state };
  Kind kind{};
  std::uint64_t round = 0;
  std::uint64_t id = 0;
  Offset base = {};
  SimModel::Batch batch = {};
  bytes::ByteVector command = {};
  void apply(SimModel& model) const;
};

/// Which faults one run has.
struct SimProfile {
  bool power_loss = true;
  bool kill = true;
  bool bit_rot = false;
  bool small_disk = false;
  /// Much in one round, and power is lost often and soon: for what only a torn round shows.
  bool bursts = false;
  sim::DiskFaults faults;
};

/// One seeded life of a store: several sessions of random work, each ended by a crash, a kill or a failure, and a check
/// after each start that the store is what a prefix of whole rounds makes of the model, at least all confirmed ones.
class StoreSim {
 public:
  StoreSim(std::uint64_t seed, const SimProfile& profile, const StoreMutations* mutations);
  ~StoreSim();
  /// Empty when nothing was wrong.
  std::string run();
  sim::SimDisk& disk() { return disk_; }
  std::uint64_t rounds() const { return total_rounds_; }
  std::uint64_t rotted() const { return rotted_; }
  std::uint64_t reported() const { return reported_; }
  /// Batches that were found to be over their time without being read.
  std::uint64_t expired() const { return expired_; }

 private:
  void session();
  bool open();
  Result<std::unique_ptr<Store>> try_open();
  void stop(bool power_loss);
  void work();
  void one_step();
  void record(SimOperation operation);
  void create_log();
  void append();
  void trim();
  void delete_log();
  void command();
  void drop_state();
  void read();
  void ask_for_expired(Log& log, Offset from, std::span<const BatchRef> batches);
  void note_epochs();
  void note_visible();
  void rot();
  void verify();
  std::string compare(const SimModel& model);
  std::string compare_log(LogId id, const SimModel::Log* expected);
  std::string compare_states(const SimModel& model);
  void verify_rotten(const SimModel& model, const SimModel& solid);
  bool told(LogId log, Offset first, Offset last) const;
  void adopt(std::uint64_t round);
  Result<std::vector<BatchRef>> read_from(Log& log, Offset from);
  bool needed(LogId log, Offset first, Offset last) const;
  LogOptions random_options();
  Log* random_log();
  void problem(const std::string& text);

  SimProfile profile_;
  const StoreMutations* mutations_;
  base::Prng prng_;
  sim::SimWorld world_;
  sim::SimDisk disk_;
  std::unique_ptr<sim::SimWorkPool> sync_pool_;
  std::unique_ptr<sim::SimWorkPool> pool_;
  StoreOptions options_;
  TestTarget target_;
  RecoveryReport report_;
  std::unique_ptr<Store> store_;

  SimModel base_;                         // after the last recovery
  SimModel live_;                         // with everything told since
  std::vector<SimOperation> operations_;  // since the last recovery
  std::uint64_t last_round_ = 0;
  std::uint64_t confirmed_ = 0;         // newest round that was confirmed
  std::uint64_t confirmed_synced_ = 0;  // ... and had to be on stable storage
  std::set<std::uint64_t> synced_rounds_;
  std::map<LogId, Offset> visible_end_;   // of logs with durability sync
  std::map<LogId, Offset> assigned_end_;  // by this process
  std::map<LogId, Epoch> last_epoch_;
  std::set<LogId> rewritten_;  // logs whose batches are needed only in part
  std::uint64_t next_log_ = 1;
  std::uint64_t next_state_ = 1;
  std::uint64_t next_tag_ = 1;
  std::string failed_;   // the store said that the process must stop
  std::string problem_;  // the first violation
  bool killed_ = true;   // no loss of power since the last recovery
  bool rotten_ = false;
  std::uint64_t total_rounds_ = 0;
  std::uint64_t rotted_ = 0;
  std::uint64_t reported_ = 0;
  std::uint64_t expired_ = 0;
};

}  // namespace millrace::storage

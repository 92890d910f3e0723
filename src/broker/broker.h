#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/shard.h"

namespace millrace::broker {

/// All shards over one data directory. The composition root makes it, gives each shard its loop, and starts gateways on
/// the shards afterwards.
///
/// Directory: `catalog/` (what exists), `shards/N/` (logs and journal), `MILLRACE` (version and shard count).
class Broker {
 public:
  /// `environments[i]` is shard i's world. All share one disk.
  Broker(std::vector<ShardEnvironment> environments, const BrokerOptions& options);
  ~Broker();

  /// Shard count of an existing data directory, 0 when it is new. newer versions fail and touch nothing.
  static Result<std::size_t> stored_shard_count(io::Disk& disk);

  struct Report {
    storage::RecoveryReport catalog;
    std::vector<storage::RecoveryReport> shards;
  };
  /// Recovers everything; blocks; before the loops run. The caller holds the directory's lock. `guest_password_hash` is
  /// for the first user of a new directory.
  /// `prepare` may change the catalog, which is complete, before any shard is made; when it fails, so does this.
  using Prepare = std::function<Result<void>(catalog::CatalogStore&)>;
  Result<Report> open(const std::string& guest_password_hash, const Prepare& prepare = {});

  std::size_t shard_count() const { return shards_.size(); }
  Shard& shard(std::size_t index) { return *shards_[index]; }

  /// Call on shard 0's loop after open(): keeps the memory and disk alarms up to date.
  void start_watching();
  /// Call on shard 0's loop, when the gateways have closed; `done` runs there when every shard has stopped cleanly.
  void shutdown(io::Task done);

 private:
  struct Watcher;
  void check_resources();

  std::vector<ShardEnvironment> environments_;
  BrokerOptions options_;
  std::vector<Shard*> peers_;
  std::unique_ptr<catalog::CatalogStore> catalog_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace millrace::broker

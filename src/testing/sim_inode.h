#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/prng.h"
#include "bytes/view.h"
#include "testing/fault_counters.h"
#include "testing/sparse_bytes.h"

namespace millrace::sim {

/// How a crash treats what was not synced; drawn anew for every crash.
struct CrashStyle {
  std::uint32_t keep_percent = 50;  // chance of a sector or directory entry to reach the disk in time
  std::uint32_t torn_percent = 20;  // chance of a sector to hold a part of the new bytes only
  std::uint32_t misdirect_per_million = 0;
  static CrashStyle draw(base::Prng& prng);
};

/// Which writes of the whole disk a crash took and left, to tell whether it kept one and took an earlier one.
struct CrashOrder {
  std::uint64_t earliest_lost = ~std::uint64_t{0};
  std::uint64_t latest_kept = 0;
};

/// The content of one simulated file: what a reader sees now, what is on the platter, and every version that
/// each 512-byte sector had in between, any of which may be found after a crash.
class SimInode {
 public:
  static constexpr std::uint64_t kSectorSize = 512;

  /// What the disk counts for this file; kept by the disk.
  std::uint64_t accounted = 0;

  std::uint64_t size() const { return size_; }
  std::uint64_t durable_size() const { return durable_size_; }
  bool dirty() const { return !sectors_.empty() || !sizes_.empty(); }
  std::size_t read(std::uint64_t position, std::span<std::uint8_t> into) const;
  bytes::ByteVector durable_bytes() const;
  void write(std::uint64_t position, bytes::ByteView data, std::uint64_t sequence);
  /// Shortens, or lengthens with zeros.
  void resize(std::uint64_t size, std::uint64_t sequence);
  void sync();
  /// What a failed sync may do: some sectors count as clean although they never reached the disk. They read as written
  /// until the crash. Returns how many.
  std::uint64_t drop_dirty_sectors(base::Prng& prng);
  void crash(base::Prng& prng, const CrashStyle& style, CrashOrder& order, FaultCounters& counters);

  /// Damage to synced data below `below`; false when there is none to damage.
  bool flip_bit(base::Prng& prng, std::uint64_t below);
  bool copy_sector_elsewhere(base::Prng& prng, std::uint64_t below);
  bool zero_sector(base::Prng& prng, std::uint64_t below);
  /// From now on nothing that touches a clean sector below `below` can be read, until it is written anew.
  bool spoil_sector(base::Prng& prng, std::uint64_t below);
  void spoil_sector_at(std::uint64_t position) { spoilt_.insert(position / kSectorSize); }
  /// True when a part of the range is on a spoilt sector.
  bool unreadable(std::uint64_t position, std::uint64_t length) const;

  /// Opening it fails.
  bool broken = false;

 private:
  using Sector = std::array<std::uint8_t, kSectorSize>;
  struct History {
    std::vector<Sector> versions;  // after each write, oldest first
    std::uint64_t last_sequence = 0;
  };
  static constexpr std::size_t kVersionsMax = 16;

  void record(std::uint64_t sector, std::uint64_t sequence);
  void record_size(std::uint64_t size);
  Sector sector_of(const SparseBytes& bytes, std::uint64_t sector) const;
  /// A random clean sector that starts below both `below` and the size.
  bool pick_clean_sector(base::Prng& prng, std::uint64_t below, std::uint64_t& sector) const;
  void set_clean_sector(std::uint64_t sector, const Sector& content);

  SparseBytes cached_;
  SparseBytes durable_;
  std::uint64_t size_ = 0;
  std::uint64_t durable_size_ = 0;
  std::map<std::uint64_t, History> sectors_;  // the dirty ones
  std::vector<std::uint64_t> sizes_;          // since the last sync
  std::set<std::uint64_t> spoilt_;            // sectors
};

}  // namespace millrace::sim

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/prng.h"
#include "io/file.h"
#include "testing/fault_counters.h"

namespace millrace::sim {

/// Chances of faults, per million operations of the kind.
struct DiskFaults {
  std::uint32_t sync_failure =
      0;  // sync() fails; about half of the dirty sectors then count as clean but are not stored
  std::uint32_t directory_sync_failure = 0;
  std::uint32_t write_failure = 0;    // write_at() fails after a part of it
  std::uint32_t write_no_space = 0;   // the same with no_space, whatever the capacity is
  std::uint32_t read_failure = 0;     // read_at() fails after a part of it
  std::uint32_t crash_misdirect = 0;  // per unsynced sector: at the crash it lands elsewhere in its file
};

struct DiskStats {
  std::uint64_t writes = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t reads = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t syncs = 0;
  std::uint64_t directory_syncs = 0;
  std::uint64_t operations = 0;  // all that change something, syncs included
};

/// A Disk in memory that forgets what was not synced. It survives the simulated process: to kill the process, destroy
/// all that uses the disk, then call crash() (the machine stopped) or nothing (only the process died), and start anew.
///
/// - Written bytes are visible at once and durable after sync(); after a crash each unsynced 512-byte sector is found
///   new, old, at a version in between, or torn, independently of the others (so writes are reordered).
/// - A file's size is kept or lost apart from its content.
/// - Created, renamed and removed names are durable after sync_directory() of their directory; after a crash each
///   unsynced change was kept or lost. Either the changes up to some moment were kept, as with a journal, or any of
///   them.
/// - Syncing a file does not make its name durable.
///
/// One thread only. Deterministic for a seed and a sequence of calls.
class SimDisk final : public io::Disk {
 public:
  explicit SimDisk(std::uint64_t seed);
  ~SimDisk() override;

  io::Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override;
  io::Result<std::vector<std::string>> list(const std::string& directory) override;
  bool exists(const std::string& path) override;
  io::Result<void> make_directory(const std::string& path) override;
  io::Result<void> rename(const std::string& from, const std::string& to) override;
  io::Result<void> remove(const std::string& path) override;
  io::Result<void> remove_tree(const std::string& path) override;
  io::Result<void> sync_directory(const std::string& path) override;
  io::Result<base::Bytes> free_space() override;
  io::Result<std::unique_ptr<io::DirectoryLock>> lock() override;

  DiskFaults& faults();
  /// Sizes of all files count, rounded up to 4 KiB. Unlimited at first.
  void set_capacity(base::Bytes capacity);
  base::Bytes used() const;

  /// Forgets unsynced data. Files still open from before fail from now on; the lock is free. Ends a power loss.
  void crash(base::Prng& prng);
  /// The power fails in the middle of the n-th changing operation from now (1 is the next): it may or may not still
  /// happen, fails, and so does every later call until crash(). `on_lost` (if any) is called then: e.g. SimWorld::halt.
  void lose_power_after(std::uint64_t operations, std::function<void()> on_lost = {});
  /// The same in the middle of the n-th write of at least so many bytes to a file whose path has `part` in it. A part
  /// of the write happens.
  void lose_power_in_write(std::string part, std::size_t bytes, std::uint64_t writes,
                           std::function<void()> on_lost = {});
  bool power_lost() const;

  /// Damage to data that was synced, in [0, below) of the file; false when there is no such data. Readers see it at
  /// once.
  bool flip_bit(const std::string& path, std::uint64_t below, base::Prng& prng);
  /// A write meant for another place of the same file: one sector is a copy of another one.
  bool misdirect_write(const std::string& path, std::uint64_t below, base::Prng& prng);
  bool zero_sector(const std::string& path, std::uint64_t below, base::Prng& prng);
  /// A synced sector cannot be read any more, until it is written anew.
  bool spoil_sector(const std::string& path, std::uint64_t below, base::Prng& prng);
  bool spoil_sector_at(const std::string& path, std::uint64_t position);
  /// The file cannot be opened, or the directory cannot be listed, under whatever name, from now on.
  bool spoil_path(const std::string& path);

  /// What a crash that loses everything unsynced would leave of the file; empty when its name is not durable.
  bytes::ByteVector durable_content(const std::string& path) const;
  /// Every file's path, sorted, as visible now.
  std::vector<std::string> files() const;

  FaultCounters& counters();
  const DiskStats& stats() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace millrace::sim

#pragma once

// Internal to sim_disk*.cc.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "testing/sim_disk.h"
#include "testing/sim_inode.h"

namespace millrace::sim {

struct SimDirectory;

/// What a name stands for: a file, a directory or nothing.
struct Entry {
  std::shared_ptr<SimInode> file;
  std::shared_ptr<SimDirectory> directory;
  bool empty() const { return !file && !directory; }
};

struct SimDirectory {
  std::map<std::string, Entry> visible;
  std::map<std::string, Entry> durable;
  bool broken = false;  // cannot be listed
};

/// One atomic change of names; empty entries are removals.
struct NameChange {
  struct Part {
    std::shared_ptr<SimDirectory> directory;
    std::string name;
    Entry entry;
  };
  std::vector<Part> parts;
};

struct SimDisk::State {
  explicit State(std::uint64_t seed) : prng(seed), root(std::make_shared<SimDirectory>()) {}

  base::Prng prng;
  DiskFaults faults;
  DiskStats stats;
  FaultCounters counters;
  std::shared_ptr<SimDirectory> root;
  std::vector<std::weak_ptr<SimInode>> inodes;
  std::vector<NameChange> unsynced;  // in the order they were made
  std::uint64_t capacity = ~std::uint64_t{0};
  std::uint64_t used = 0;
  std::uint64_t generation = 0;  // crashes so far; files of earlier ones are dead
  bool locked = false;
  std::uint64_t until_power_loss = 0;  // 0: no loss is planned
  std::string loss_path;               // not empty: power is lost in a write to such a file, see until_write_loss
  std::size_t loss_bytes = 0;          // ... of at least so many bytes
  std::uint64_t until_write_loss = 0;
  bool lost_in_write = false;  // it happens in the write that comes
  void note_write(const std::string& path, std::size_t bytes);
  bool power_lost = false;
  std::function<void()> on_power_lost;

  /// How an operation that changes something is to proceed.
  enum class Go { yes, no, yes_but_fail };
  Go begin_change();
  bool fires(std::uint32_t per_million) { return per_million > 0 && prng.below(1'000'000) < per_million; }

  void apply(NameChange change);
  static void make_durable(const NameChange& change);
  void sync_names(const std::shared_ptr<SimDirectory>& directory);

  Entry find(const std::string& path) const;
  /// The directory that holds the last part of `path`, and that part.
  io::Result<std::pair<std::shared_ptr<SimDirectory>, std::string>> parent_of(const std::string& path) const;

  static std::uint64_t rounded(std::uint64_t size) { return (size + 4095) / 4096 * 4096; }
  /// Counts the file's size anew; it is counted until the last name and the last open handle are gone.
  void account(SimInode& inode) {
    used = used + rounded(inode.size()) - inode.accounted;
    inode.accounted = rounded(inode.size());
  }
  static std::shared_ptr<SimInode> make_inode(const std::shared_ptr<State>& state);
};

io::IoError power_is_off();

class SimFile final : public io::File {
 public:
  SimFile(std::shared_ptr<SimDisk::State> disk, std::shared_ptr<SimInode> inode, std::string path, bool writable);

  io::Result<std::size_t> read_at(std::uint64_t position, std::span<std::uint8_t> into) override;
  using io::File::write_at;
  io::Result<void> write_at(std::uint64_t position, std::span<const bytes::ByteView> parts) override;
  io::Result<void> sync() override;
  io::Result<std::uint64_t> size() override;
  io::Result<void> truncate(std::uint64_t size) override;
  io::Result<void> allocate(std::uint64_t size) override;

 private:
  /// An error when the file can be used no more (crash, power loss) or is read-only and `change` is asked for.
  io::Result<void> check(bool change) const;
  std::unexpected<io::IoError> failure(io::IoErrc code, const char* action, const char* reason) const;
  /// The longest prefix of a write of `length` bytes that the capacity allows.
  std::uint64_t room_for(std::uint64_t position, std::uint64_t length) const;

  std::shared_ptr<SimDisk::State> disk_;
  std::shared_ptr<SimInode> inode_;
  std::string path_;
  bool writable_;
  std::uint64_t generation_;
};

}  // namespace millrace::sim

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "testing/sim_disk_state.h"

namespace millrace::sim {

namespace {

constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 62;

}  // namespace

SimFile::SimFile(std::shared_ptr<SimDisk::State> disk, std::shared_ptr<SimInode> inode, std::string path, bool writable)
    : disk_(std::move(disk)),
      inode_(std::move(inode)),
      path_(std::move(path)),
      writable_(writable),
      generation_(disk_->generation) {}

std::unexpected<io::IoError> SimFile::failure(io::IoErrc code, const char* action, const char* reason) const {
  return base::fail(code, fmt::format("cannot {} {}: {}", action, path_, reason));
}

io::Result<void> SimFile::check(bool change) const {
  if (disk_->power_lost) return std::unexpected(power_is_off());
  if (generation_ != disk_->generation) return failure(io::IoErrc::failed, "use", "it was opened before the crash");
  if (change && !writable_) return failure(io::IoErrc::failed, "write", "Bad file descriptor");
  return {};
}

io::Result<std::size_t> SimFile::read_at(std::uint64_t position, std::span<std::uint8_t> into) {
  if (auto checked = check(false); !checked) return std::unexpected(checked.error());
  ++disk_->stats.reads;
  if (disk_->fires(disk_->faults.read_failure)) {
    disk_->counters.count("read_failure");
    if (!into.empty()) inode_->read(position, into.first(disk_->prng.below(into.size())));
    return failure(io::IoErrc::bad_medium, "read", "Input/output error");
  }
  if (inode_->unreadable(position, into.size())) {
    disk_->counters.count("unreadable_sector");
    return failure(io::IoErrc::bad_medium, "read", "Input/output error");
  }
  const std::size_t count = inode_->read(position, into);
  disk_->stats.bytes_read += count;
  return count;
}

std::uint64_t SimFile::room_for(std::uint64_t position, std::uint64_t length) const {
  const std::uint64_t size = inode_->size();
  if (position + length <= size) return length;
  const std::uint64_t more = SimDisk::State::rounded(position + length) - SimDisk::State::rounded(size);
  const std::uint64_t free = disk_->capacity - std::min(disk_->capacity, disk_->used);
  if (more <= free) return length;
  const std::uint64_t end = SimDisk::State::rounded(size) + free / 4096 * 4096;
  return end <= position ? 0 : end - position;
}

io::Result<void> SimFile::write_at(std::uint64_t position, std::span<const bytes::ByteView> parts) {
  if (auto checked = check(true); !checked) return checked;
  bytes::ByteVector whole;
  for (const bytes::ByteView part : parts) whole.insert(whole.end(), part.begin(), part.end());
  if (position > kLargestSize) return failure(io::IoErrc::no_space, "write", "File too large");
  disk_->note_write(path_, whole.size());
  const SimDisk::State::Go go = disk_->begin_change();
  if (go == SimDisk::State::Go::no) return std::unexpected(power_is_off());

  bytes::ByteView data(whole);
  io::Result<void> result;
  if (go == SimDisk::State::Go::yes_but_fail) {
    data = data.first(disk_->prng.below(data.size() + 1));
    result = std::unexpected(power_is_off());
  } else if (disk_->fires(disk_->faults.write_failure)) {
    disk_->counters.count("write_failure");
    data = data.first(disk_->prng.below(data.size() + 1));
    result = failure(io::IoErrc::failed, "write", "Input/output error");
  } else if (disk_->fires(disk_->faults.write_no_space)) {
    disk_->counters.count("write_no_space");
    data = data.first(disk_->prng.below(data.size() + 1));
    result = failure(io::IoErrc::no_space, "write", "No space left on device");
  }
  if (const std::uint64_t room = room_for(position, data.size()); room < data.size()) {
    disk_->counters.count("disk_full");
    data = data.first(room);
    if (result) result = failure(io::IoErrc::no_space, "write", "No space left on device");
  }
  inode_->write(position, data, disk_->stats.operations);
  disk_->account(*inode_);
  ++disk_->stats.writes;
  disk_->stats.bytes_written += data.size();
  return result;
}

io::Result<void> SimFile::sync() {
  if (auto checked = check(false); !checked) return checked;
  const SimDisk::State::Go go = disk_->begin_change();
  if (go == SimDisk::State::Go::no) return std::unexpected(power_is_off());
  ++disk_->stats.syncs;
  if (disk_->fires(disk_->faults.sync_failure)) {
    disk_->counters.count("sync_failure");
    disk_->counters.count("sync_failure.sector_dropped", inode_->drop_dirty_sectors(disk_->prng));
    return failure(io::IoErrc::failed, "sync", "Input/output error");
  }
  inode_->sync();
  if (go == SimDisk::State::Go::yes_but_fail) return std::unexpected(power_is_off());
  return {};
}

io::Result<std::uint64_t> SimFile::size() {
  if (auto checked = check(false); !checked) return std::unexpected(checked.error());
  return inode_->size();
}

io::Result<void> SimFile::truncate(std::uint64_t size) {
  if (auto checked = check(true); !checked) return checked;
  if (size > kLargestSize) return failure(io::IoErrc::no_space, "truncate", "File too large");
  const SimDisk::State::Go go = disk_->begin_change();
  if (go == SimDisk::State::Go::no) return std::unexpected(power_is_off());
  // A longer file made this way is sparse on a real disk; here it takes its space at once.
  inode_->resize(size, disk_->stats.operations);
  disk_->account(*inode_);
  if (go == SimDisk::State::Go::yes_but_fail) return std::unexpected(power_is_off());
  return {};
}

io::Result<void> SimFile::allocate(std::uint64_t size) {
  if (auto checked = check(true); !checked) return checked;
  if (size <= inode_->size()) return {};
  if (size > kLargestSize) return failure(io::IoErrc::no_space, "allocate", "File too large");
  const SimDisk::State::Go go = disk_->begin_change();
  if (go == SimDisk::State::Go::no) return std::unexpected(power_is_off());
  const std::uint64_t old_size = inode_->size();
  if (disk_->fires(disk_->faults.write_no_space)) {
    disk_->counters.count("write_no_space");
    return failure(io::IoErrc::no_space, "allocate", "No space left on device");
  }
  if (room_for(old_size, size - old_size) < size - old_size) {
    disk_->counters.count("disk_full");
    return failure(io::IoErrc::no_space, "allocate", "No space left on device");
  }
  inode_->resize(size, disk_->stats.operations);
  disk_->account(*inode_);
  if (go == SimDisk::State::Go::yes_but_fail) return std::unexpected(power_is_off());
  return {};
}

}  // namespace millrace::sim

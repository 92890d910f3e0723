#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/units.h"
#include "bytes/view.h"
#include "io/error.h"

namespace millrace::io {

/// An open file. All members block; the loop's thread calls them only at start-up, later they run on a WorkPool.
/// Different members may be called from different threads at once, as with the system's own calls.
class File {
 public:
  virtual ~File() = default;
  /// Reads up to into.size() bytes; fewer only at the end of the file. Returns the count.
  virtual Result<std::size_t> read_at(std::uint64_t position, std::span<std::uint8_t> into) = 0;
  /// Writes all of the parts one after the other at `position`, or fails.
  virtual Result<void> write_at(std::uint64_t position, std::span<const bytes::ByteView> parts) = 0;
  Result<void> write_at(std::uint64_t position, bytes::ByteView part) { return write_at(position, {&part, 1}); }
  /// Makes everything written before durable (fdatasync, including a changed size).
  virtual Result<void> sync() = 0;
  /// A hint: a sync() follows soon, so what was written may begin to go to the disk. Promises nothing.
  virtual void start_write_back() {}
  virtual Result<std::uint64_t> size() = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  /// Reserves disk space for [0, size) and makes the file that long; new bytes read as zero.
  virtual Result<void> allocate(std::uint64_t size) = 0;
};

/// Held while its process owns a data directory; released when destroyed or when the process dies.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

enum class OpenMode {
  read,               // must exist
  read_write,         // must exist
  create_read_write,  // must not exist
};

/// The file system below a root directory. Paths are relative to the root, with '/' between parts.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  /// Names (not paths) of the entries of a directory, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual bool exists(const std::string& path) = 0;
  /// Creates the directory and its missing parents; no error when it exists.
  virtual Result<void> make_directory(const std::string& path) = 0;
  /// Atomically replaces `to`.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  /// Removes a directory and all in it; no error when there is none.
  virtual Result<void> remove_tree(const std::string& path) = 0;
  /// Makes creations, renames and removals in this directory durable.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  virtual Result<base::Bytes> free_space() = 0;
  /// Fails with in_use while another process (or another holder here) has it.
  virtual Result<std::unique_ptr<DirectoryLock>> lock() = 0;
};

}  // namespace millrace::io

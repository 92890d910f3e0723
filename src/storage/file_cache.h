#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "io/file.h"
#include "storage/error.h"

namespace millrace::storage {

/// Open segment files of one shard, at most `max_open` of them besides those in use.
///
/// Called from workers as well as from the loop at start, hence the lock; nothing blocks while it is held. Whoever
/// writes to a file syncs it before letting its pointer go, so a closed descriptor never carries an unseen error.
class FileCache {
 public:
  using Handle = std::shared_ptr<io::File>;

  /// `mode` is how open() opens: read for a check that must not change anything.
  FileCache(io::Disk& disk, std::size_t max_open, io::OpenMode mode = io::OpenMode::read_write);
  FileCache(const FileCache&) = delete;
  FileCache& operator=(const FileCache&) = delete;

  /// The file, which must exist. Blocks when it is not open yet.
  io::Result<Handle> open(const std::string& path);
  /// Creates the file, which must not exist. Blocks.
  io::Result<Handle> create(const std::string& path);
  /// Lets go of the file, before it is removed.
  void forget(const std::string& path);

  io::Disk& disk() { return disk_; }
  std::size_t open_files() const;

 private:
  struct Entry {
    std::string path;
    Handle file;
  };
  using Entries = std::list<Entry>;
  Handle insert(const std::string& path, std::unique_ptr<io::File> file);

  io::Disk& disk_;
  const std::size_t max_open_;
  const io::OpenMode mode_;
  mutable std::mutex mutex_;
  Entries recent_;  // most recently used first
  std::unordered_map<std::string, Entries::iterator> by_path_;
};

}  // namespace millrace::storage

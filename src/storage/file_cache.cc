#include "storage/file_cache.h"

#include <algorithm>
#include <utility>

namespace millrace::storage {

FileCache::FileCache(io::Disk& disk, std::size_t max_open, io::OpenMode mode)
    : disk_(disk), max_open_(std::max<std::size_t>(max_open, 2)), mode_(mode) {}

io::Result<FileCache::Handle> FileCache::open(const std::string& path) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto it = by_path_.find(path); it != by_path_.end()) {
      recent_.splice(recent_.begin(), recent_, it->second);
      return it->second->file;
    }
  }
  auto file = disk_.open(path, mode_);
  if (!file.has_value()) return std::unexpected(std::move(file.error()));
  return insert(path, std::move(*file));
}

io::Result<FileCache::Handle> FileCache::create(const std::string& path) {
  auto file = disk_.open(path, io::OpenMode::create_read_write);
  if (!file.has_value()) return std::unexpected(std::move(file.error()));
  return insert(path, std::move(*file));
}

FileCache::Handle FileCache::insert(const std::string& path, std::unique_ptr<io::File> file) {
  // Closed after the lock is gone: closing may block.
  Handle evicted;
  Handle handle = std::move(file);
  const std::scoped_lock lock(mutex_);
  if (const auto it = by_path_.find(path); it != by_path_.end()) {
    // Opened twice at once; one descriptor stays.
    evicted = std::exchange(handle, it->second->file);
    return handle;
  }
  recent_.push_front({path, handle});
  by_path_.emplace(path, recent_.begin());
  if (recent_.size() > max_open_) {
    evicted = std::move(recent_.back().file);
    by_path_.erase(recent_.back().path);
    recent_.pop_back();
  }
  return handle;
}

void FileCache::forget(const std::string& path) {
  Handle evicted;
  const std::scoped_lock lock(mutex_);
  const auto it = by_path_.find(path);
  if (it == by_path_.end()) return;
  evicted = std::move(it->second->file);
  recent_.erase(it->second);
  by_path_.erase(it);
}

std::size_t FileCache::open_files() const {
  const std::scoped_lock lock(mutex_);
  return recent_.size();
}

}  // namespace millrace::storage

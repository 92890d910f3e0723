#pragma once

#include <memory>
#include <string>

#include "io/file.h"

namespace millrace::io {

/// A Disk that is a directory of the system. Safe from any thread. Errors carry the path and the system's text.
class RealDisk final : public Disk {
 public:
  /// Opens the directory, creating it and its missing parents durably.
  static Result<std::unique_ptr<RealDisk>> open_root(const std::string& root);
  /// Opens a directory that must be there; creates nothing.
  static Result<std::unique_ptr<RealDisk>> open_existing(const std::string& root);

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  bool exists(const std::string& path) override;
  Result<void> make_directory(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> remove_tree(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<base::Bytes> free_space() override;
  /// Locks the file kLockFile in the root; it is never removed, and holds the owner's process id while that has it.
  Result<std::unique_ptr<DirectoryLock>> lock() override;
  /// Keeps owners out while the directory is read; changes nothing, so that it works where nothing can be written. Any
  /// number of readers may hold it. Without a lock file there is no owner, and none that comes later is noticed.
  Result<std::unique_ptr<DirectoryLock>> lock_for_reading();

  static constexpr const char* kLockFile = "LOCK";
  const std::string& root() const { return root_; }

 private:
  explicit RealDisk(std::string root) : root_(std::move(root)) {}
  Result<std::string> full_path(const std::string& path) const;

  std::string root_;
};

}  // namespace millrace::io

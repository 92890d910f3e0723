#include "io/real_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "io/real_file.h"
#include "io/system_error.h"

namespace millrace::io {

namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

int open_retrying(const char* path, int flags, mode_t mode = 0) {
  for (;;) {
    const int fd = ::open(path, flags | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

Result<void> sync_directory_at(const std::string& path) {
  const Descriptor directory(open_retrying(path.c_str(), O_RDONLY | O_DIRECTORY));
  if (directory.get() < 0) return failure(errno, "open directory", path);
  if (::fsync(directory.get()) != 0) return failure(errno, "sync directory", path);
  return {};
}

Result<bool> is_directory(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return failure(errno, "stat", path);
  return S_ISDIR(status.st_mode);
}

/// mkdir with the missing parents. With `durable` every parent that got a new entry is synced.
Result<void> make_directories(const std::string& path, bool durable) {
  if (::mkdir(path.c_str(), kDirectoryMode) == 0) {
    const auto slash = path.find_last_of('/');
    if (!durable) return {};
    return sync_directory_at(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
  }
  const int error_number = errno;
  if (error_number == EEXIST) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return failure(EEXIST, "create directory", path);
  }
  const auto slash = path.find_last_of('/');
  if (error_number != ENOENT || slash == std::string::npos || slash == 0) {
    return failure(error_number, "create directory", path);
  }
  if (auto made = make_directories(path.substr(0, slash), durable); !made) return made;
  // Once more, now that the parent is there; a second ENOENT is an error of its own.
  if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) return failure(errno, "create directory", path);
  if (durable) return sync_directory_at(path.substr(0, slash));
  return {};
}

Result<std::vector<std::string>> list_at(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return failure(errno, "list", path);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int error_number = errno;
  ::closedir(directory);
  if (error_number != 0) return failure(error_number, "list", path);
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> remove_tree_at(const std::string& path) {
  const auto directory = is_directory(path);
  if (!directory) {
    if (directory.error().code == IoErrc::not_found) return {};
    return std::unexpected(directory.error());
  }
  if (*directory) {
    const auto names = list_at(path);
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names) {
      if (auto removed = remove_tree_at(fmt::format("{}/{}", path, name)); !removed) return removed;
    }
  }
  if (::remove(path.c_str()) != 0 && errno != ENOENT) return failure(errno, "remove", path);
  return {};
}

/// A shared hold, by a reader, or none at all.
class ReadLock final : public DirectoryLock {
 public:
  explicit ReadLock(int fd) : fd_(fd) {}

 private:
  Descriptor fd_;  // closing it releases the lock
};

class OwnerLock final : public DirectoryLock {
 public:
  explicit OwnerLock(int fd) : fd_(fd) {}
  ~OwnerLock() override {
    // So that a later holder who writes no name is not taken for this process. Nothing depends on it.
    [[maybe_unused]] const int ignored = ::ftruncate(fd_.get(), 0);
  }

 private:
  Descriptor fd_;
};

std::string read_owner(int fd) {
  char text[32];
  const ssize_t count = ::pread(fd, text, sizeof text, 0);
  std::string owner(text, count > 0 ? static_cast<std::size_t>(count) : 0);
  while (!owner.empty() && owner.back() == '\n') owner.pop_back();
  return owner.empty() ? "another process" : "process " + owner;
}

/// flock without waiting; in_use names the holder.
Result<void> lock_file(int fd, int operation, const std::string& root) {
  while (::flock(fd, operation | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) {
      return base::fail(IoErrc::in_use, fmt::format("data directory {} is in use by {}", root, read_owner(fd)));
    }
    return failure(errno, "lock", root + "/" + RealDisk::kLockFile);
  }
  return {};
}

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

Result<std::unique_ptr<RealDisk>> RealDisk::open_root(const std::string& root) {
  if (root.empty()) return failure(ENOENT, "open", "the data directory (its name is empty)");
  std::string path = without_trailing_slashes(root);
  if (auto made = make_directories(path, true); !made) return std::unexpected(made.error());
  return std::unique_ptr<RealDisk>(new RealDisk(std::move(path)));
}

Result<std::unique_ptr<RealDisk>> RealDisk::open_existing(const std::string& root) {
  std::string path = without_trailing_slashes(root);
  const Descriptor directory(open_retrying(path.c_str(), O_RDONLY | O_DIRECTORY));
  if (directory.get() < 0) return failure(errno, "open directory", path);
  return std::unique_ptr<RealDisk>(new RealDisk(std::move(path)));
}

Result<std::string> RealDisk::full_path(const std::string& path) const {
  // Some names come from clients (topics, queues): none may reach outside the root.
  const std::string guarded = "/" + path + "/";
  if (path.starts_with('/') || guarded.find("/../") != std::string::npos || path.find('\0') != std::string::npos) {
    return base::fail(IoErrc::permission_denied, fmt::format("path '{}' leaves the data directory", path));
  }
  return path.empty() ? root_ : root_ + "/" + path;
}

Result<std::unique_ptr<File>> RealDisk::open(const std::string& path, OpenMode mode) {
  const auto full = full_path(path);
  if (!full) return std::unexpected(full.error());
  int flags = O_RDONLY;
  if (mode == OpenMode::read_write) flags = O_RDWR;
  if (mode == OpenMode::create_read_write) flags = O_RDWR | O_CREAT | O_EXCL;
  const int fd = open_retrying(full->c_str(), flags, kFileMode);
  if (fd < 0) return failure(errno, mode == OpenMode::create_read_write ? "create" : "open", *full);
  return std::unique_ptr<File>(std::make_unique<RealFile>(fd, *full));
}

Result<std::vector<std::string>> RealDisk::list(const std::string& directory) {
  const auto full = full_path(directory);
  if (!full) return std::unexpected(full.error());
  return list_at(*full);
}

bool RealDisk::exists(const std::string& path) {
  const auto full = full_path(path);
  struct stat status{};
  return full && ::stat(full->c_str(), &status) == 0;
}

Result<void> RealDisk::make_directory(const std::string& path) {
  const auto full = full_path(path);
  if (!full) return std::unexpected(full.error());
  return make_directories(*full, false);
}

Result<void> RealDisk::rename(const std::string& from, const std::string& to) {
  const auto full_from = full_path(from);
  if (!full_from) return std::unexpected(full_from.error());
  const auto full_to = full_path(to);
  if (!full_to) return std::unexpected(full_to.error());
  if (::rename(full_from->c_str(), full_to->c_str()) != 0) {
    return failure(errno, "rename", fmt::format("{} to {}", *full_from, *full_to));
  }
  return {};
}

Result<void> RealDisk::remove(const std::string& path) {
  const auto full = full_path(path);
  if (!full) return std::unexpected(full.error());
  if (::remove(full->c_str()) != 0) return failure(errno, "remove", *full);
  return {};
}

Result<void> RealDisk::remove_tree(const std::string& path) {
  const auto full = full_path(path);
  if (!full) return std::unexpected(full.error());
  return remove_tree_at(*full);
}

Result<void> RealDisk::sync_directory(const std::string& path) {
  const auto full = full_path(path);
  if (!full) return std::unexpected(full.error());
  return sync_directory_at(*full);
}

Result<base::Bytes> RealDisk::free_space() {
  struct statvfs status{};
  if (::statvfs(root_.c_str(), &status) != 0) return failure(errno, "read the free space of", root_);
  return base::Bytes(static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize);
}

Result<std::unique_ptr<DirectoryLock>> RealDisk::lock() {
  const std::string path = root_ + "/" + kLockFile;
  Descriptor file(open_retrying(path.c_str(), O_RDWR | O_CREAT, kFileMode));
  if (file.get() < 0) return failure(errno, "open", path);
  if (auto locked = lock_file(file.get(), LOCK_EX, root_); !locked) return std::unexpected(locked.error());
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file.get(), 0) != 0) return failure(errno, "truncate", path);
  if (::pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return failure(errno, "write", path);
  }
  return std::unique_ptr<DirectoryLock>(std::make_unique<OwnerLock>(file.release()));
}

Result<std::unique_ptr<DirectoryLock>> RealDisk::lock_for_reading() {
  const std::string path = root_ + "/" + kLockFile;
  Descriptor file(open_retrying(path.c_str(), O_RDONLY));
  if (file.get() < 0 && errno != ENOENT) return failure(errno, "open", path);
  if (file.get() >= 0) {
    if (auto locked = lock_file(file.get(), LOCK_SH, root_); !locked) return std::unexpected(locked.error());
  }
  return std::unique_ptr<DirectoryLock>(std::make_unique<ReadLock>(file.release()));
}

}  // namespace millrace::io

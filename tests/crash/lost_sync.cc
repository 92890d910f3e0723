// Preloaded into a server, this library writes down every change that the server makes to its data folder and every
// sync, so that lost_sync.py can take back what a power cut would have taken: bytes that were not synced, and names of
// files in folders that were not synced. The page cache survives a killed process, so a kill alone cannot show a
// missing sync.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <string>

#include "lost_sync_log.h"

namespace log = millrace::crash::lost_sync;

namespace {

/// The C library's function that this library stands before.
template <class Function>
Function* real(const char* name) {
  // dlsym gives a data pointer; POSIX says that it can be used as a function.
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

class Locked {
 public:
  Locked() { log::lock(); }
  ~Locked() { log::unlock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
};

int open_file(const char* path, int flags, mode_t mode) {
  static auto* const call = real<int(const char*, int, ...)>("open64");
  if (!log::is_inside(path)) return call(path, flags, mode);
  const Locked locked;
  const bool creates = (flags & O_CREAT) != 0 && ::access(path, F_OK) != 0;
  const int fd = call(path, flags & ~O_TRUNC, mode);
  if (fd < 0) return fd;
  log::track(fd, true);
  if (creates) log::append(log::Kind::create, log::folder_inode(path), 0, 0, path);
  if ((flags & O_TRUNC) != 0) {
    static auto* const truncate = real<int(int, off_t)>("ftruncate64");
    log::before_resize(fd, 0);
    truncate(fd, 0);
  }
  return fd;
}

int sync_file(int fd, int (*call)(int)) {
  if (!log::is_tracked(fd)) return call(fd);
  struct stat64 status{};
  ::fstat64(fd, &status);
  log::lock();
  const std::uint64_t before = log::records();
  log::unlock();
  const int result = call(fd);
  if (result == 0) {
    const Locked locked;
    log::append(S_ISDIR(status.st_mode) ? log::Kind::sync_folder : log::Kind::sync, status.st_ino, before, 0);
  }
  return result;
}

ssize_t write_parts(int fd, const iovec* parts, int count, off_t position) {
  static auto* const call = real<ssize_t(int, const iovec*, int, off_t)>("pwritev64");
  if (!log::is_tracked(fd)) return call(fd, parts, count, position);
  const Locked locked;
  off_t at = position;
  for (int i = 0; i < count; ++i) {
    log::before_write(fd, static_cast<const std::byte*>(parts[i].iov_base), parts[i].iov_len, at);
    at += static_cast<off_t>(parts[i].iov_len);
  }
  return call(fd, parts, count, position);
}

int remove_file(const char* path) {
  static auto* const call = real<int(const char*)>("unlink");
  if (!log::is_inside(path)) return call(path);
  const Locked locked;
  const std::string text = std::string(path) + '\0' + std::string(log::save(path));
  const int result = call(path);
  if (result == 0) log::append(log::Kind::remove, log::folder_inode(path), 0, 0, text);
  return result;
}

int resize(int fd, off_t size) {
  static auto* const call = real<int(int, off_t)>("ftruncate64");
  if (!log::is_tracked(fd)) return call(fd, size);
  const Locked locked;
  log::before_resize(fd, size);
  return call(fd, size);
}

int reserve(int fd, off_t position, off_t length) {
  static auto* const call = real<int(int, off_t, off_t)>("posix_fallocate64");
  if (!log::is_tracked(fd)) return call(fd, position, length);
  const Locked locked;
  struct stat64 status{};
  if (::fstat64(fd, &status) == 0 && position + length > status.st_size) log::before_resize(fd, position + length);
  return call(fd, position, length);
}

mode_t mode_of(int flags, va_list rest) {
  // Only a call that can create passes a mode; it is promoted to unsigned int.
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_file(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_file(path, flags, mode);
}

int close(int fd) {
  static auto* const call = real<int(int)>("close");
  log::track(fd, false);
  return call(fd);
}

ssize_t pwritev(int fd, const iovec* parts, int count, off_t position) {
  return write_parts(fd, parts, count, position);
}

ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t position) {
  return write_parts(fd, parts, count, position);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t position) {
  const iovec part{const_cast<void*>(data), size};
  return write_parts(fd, &part, 1, position);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t position) {
  return pwrite(fd, data, size, position);
}

ssize_t write(int fd, const void* data, size_t size) {
  static auto* const call = real<ssize_t(int, const void*, size_t)>("write");
  if (!log::is_tracked(fd)) return call(fd, data, size);
  const Locked locked;
  struct stat64 status{};
  ::fstat64(fd, &status);
  const bool at_end = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
  const off_t position = at_end ? status.st_size : ::lseek64(fd, 0, SEEK_CUR);
  log::before_write(fd, static_cast<const std::byte*>(data), size, position);
  return call(fd, data, size);
}

int fsync(int fd) {
  static auto* const call = real<int(int)>("fsync");
  return sync_file(fd, call);
}

int fdatasync(int fd) {
  static auto* const call = real<int(int)>("fdatasync");
  return sync_file(fd, call);
}

int ftruncate(int fd, off_t size) noexcept {
  return resize(fd, size);
}

int ftruncate64(int fd, off64_t size) noexcept {
  return resize(fd, size);
}

int posix_fallocate(int fd, off_t position, off_t length) {
  return reserve(fd, position, length);
}

int posix_fallocate64(int fd, off64_t position, off64_t length) {
  return reserve(fd, position, length);
}

int unlink(const char* path) noexcept {
  return remove_file(path);
}

int remove(const char* path) noexcept {
  struct stat64 status{};
  if (::lstat64(path, &status) == 0 && S_ISDIR(status.st_mode)) return ::rmdir(path);
  return remove_file(path);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const call = real<int(const char*, const char*)>("rename");
  if (!log::is_inside(to)) return call(from, to);
  const Locked locked;
  const std::string text = std::string(from) + '\0' + to + '\0' + std::string(log::save(to));
  const int result = call(from, to);
  if (result == 0) log::append(log::Kind::rename, log::folder_inode(to), 0, 0, text);
  return result;
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const call = real<int(const char*, mode_t)>("mkdir");
  const int result = call(path, mode);
  if (result == 0 && log::is_inside(path)) {
    const Locked locked;
    log::append(log::Kind::make_folder, log::folder_inode(path), 0, 0, path);
  }
  return result;
}

}  // extern "C"

#include "lost_sync_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

namespace millrace::crash::lost_sync {

namespace {

constexpr std::uint32_t kMagic = 0x4C4F5353;
constexpr std::size_t kDescriptorsMax = 1 << 16;

struct Header {
  std::uint32_t magic;
  std::uint32_t kind;
  std::uint64_t inode;
  std::uint64_t position;
  std::uint64_t old_size;
  std::uint32_t text_length;
  std::uint32_t old_length;
  std::uint32_t new_length;
  std::uint32_t unused;
};
static_assert(sizeof(Header) == 48);

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

const std::string& root() {
  static const std::string value = environment("LOST_SYNC_ROOT");
  return value;
}

std::mutex mutex;
std::array<std::atomic<bool>, kDescriptorsMax> tracked;
std::uint64_t record_count = 0;
std::uint64_t saved_count = 0;

/// The journal, opened once; without one the preloaded library has no use.
int journal() {
  static const int fd = [] {
    const int opened = static_cast<int>(
        ::open64(environment("LOST_SYNC_LOG").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (opened < 0) {
      std::fputs("lost_sync: cannot open LOST_SYNC_LOG\n", stderr);
      std::abort();
    }
    return opened;
  }();
  return fd;
}

void put(const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(journal(), at, size);
    if (n <= 0) std::abort();
    at += n;
    size -= static_cast<std::size_t>(n);
  }
}

/// What the file holds from `position` on, at most `size` octets.
std::vector<std::byte> current(int fd, off_t position, std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::string path = "/proc/self/fd/" + std::to_string(fd);
  // The server's own descriptor may be open for writing only.
  const int reader = static_cast<int>(::open64(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::size_t done = 0;
  while (reader >= 0 && done < size) {
    const ssize_t n = ::pread(reader, bytes.data() + done, size - done, position + static_cast<off_t>(done));
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  if (reader >= 0) ::close(reader);
  bytes.resize(done);
  return bytes;
}

}  // namespace

bool is_inside(std::string_view path) {
  return !root().empty() && path.starts_with(root()) && (path.size() == root().size() || path[root().size()] == '/');
}

void track(int fd, bool inside) {
  if (fd >= 0 && static_cast<std::size_t>(fd) < kDescriptorsMax) tracked[static_cast<std::size_t>(fd)] = inside;
}

bool is_tracked(int fd) {
  return fd >= 0 && static_cast<std::size_t>(fd) < kDescriptorsMax && tracked[static_cast<std::size_t>(fd)];
}

void lock() {
  mutex.lock();
}

void unlock() {
  mutex.unlock();
}

std::uint64_t records() {
  return record_count;
}

void append(Kind kind, std::uint64_t inode, std::uint64_t position, std::uint64_t old_size, std::string_view text,
            std::span<const std::byte> old_bytes, std::span<const std::byte> new_bytes) {
  const Header header{kMagic,
                      static_cast<std::uint32_t>(kind),
                      inode,
                      position,
                      old_size,
                      static_cast<std::uint32_t>(text.size()),
                      static_cast<std::uint32_t>(old_bytes.size()),
                      static_cast<std::uint32_t>(new_bytes.size()),
                      0};
  put(&header, sizeof header);
  put(text.data(), text.size());
  put(old_bytes.data(), old_bytes.size());
  put(new_bytes.data(), new_bytes.size());
  ++record_count;
}

void before_write(int fd, const std::byte* data, std::size_t size, off_t position) {
  struct stat64 status{};
  if (::fstat64(fd, &status) != 0) return;
  const std::vector<std::byte> old_bytes = current(fd, position, size);
  append(Kind::write, status.st_ino, static_cast<std::uint64_t>(position), static_cast<std::uint64_t>(status.st_size),
         {}, old_bytes, {data, size});
}

void before_resize(int fd, off_t size) {
  struct stat64 status{};
  if (::fstat64(fd, &status) != 0) return;
  std::vector<std::byte> cut;
  if (size < status.st_size) cut = current(fd, size, static_cast<std::size_t>(status.st_size - size));
  append(Kind::resize, status.st_ino, static_cast<std::uint64_t>(size), static_cast<std::uint64_t>(status.st_size), {},
         cut);
}

std::string_view save(const char* path) {
  static std::string link_path;
  link_path = environment("LOST_SYNC_SAVED") + "/" + std::to_string(::getpid()) + "-" + std::to_string(saved_count++);
  if (::link(path, link_path.c_str()) != 0) link_path.clear();
  return link_path;
}

std::uint64_t folder_inode(std::string_view path) {
  const std::string folder(path.substr(0, path.rfind('/')));
  struct stat64 status{};
  return ::stat64(folder.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace millrace::crash::lost_sync

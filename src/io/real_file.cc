#include "io/real_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "io/system_error.h"

namespace millrace::io {

namespace {

constexpr std::size_t kPartsPerCall = 64;
constexpr std::uint64_t kLargestPosition = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());

bool in_range(std::uint64_t position, std::uint64_t length) {
  return length <= kLargestPosition && position <= kLargestPosition - length;
}

/// What is still to be written of a list of parts.
class Remaining {
 public:
  explicit Remaining(std::span<const bytes::ByteView> parts) : parts_(parts) { skip_empty(); }
  bool empty() const { return parts_.empty(); }

  int fill(std::array<iovec, kPartsPerCall>& vectors) const {
    const std::size_t count = std::min(parts_.size(), vectors.size());
    for (std::size_t i = 0; i < count; ++i) {
      const bytes::ByteView part = i == 0 ? parts_[0].subspan(done_of_first_) : parts_[i];
      // pwritev takes a non-const pointer but only reads.
      vectors[i] = {const_cast<std::uint8_t*>(part.data()), part.size()};
    }
    return static_cast<int>(count);
  }

  void advance(std::size_t written) {
    while (written > 0) {
      const std::size_t step = std::min(written, parts_[0].size() - done_of_first_);
      written -= step;
      done_of_first_ += step;
      skip_empty();
    }
  }

 private:
  void skip_empty() {
    while (!parts_.empty() && parts_[0].size() == done_of_first_) {
      parts_ = parts_.subspan(1);
      done_of_first_ = 0;
    }
  }
  std::span<const bytes::ByteView> parts_;
  std::size_t done_of_first_ = 0;
};

}  // namespace

RealFile::~RealFile() {
  ::close(fd_);
}

Result<std::size_t> RealFile::read_at(std::uint64_t position, std::span<std::uint8_t> into) {
  if (!in_range(position, into.size())) return failure(EOVERFLOW, "read", path_);
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count = ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(position + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(errno, "read", path_);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Result<void> RealFile::write_at(std::uint64_t position, std::span<const bytes::ByteView> parts) {
  std::uint64_t total = 0;
  for (const bytes::ByteView part : parts) total += part.size();
  if (!in_range(position, total)) return failure(EFBIG, "write", path_);
  std::array<iovec, kPartsPerCall> vectors;
  for (Remaining remaining(parts); !remaining.empty();) {
    const int count = remaining.fill(vectors);
    const ssize_t written = ::pwritev(fd_, vectors.data(), count, static_cast<off_t>(position));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure(errno, "write", path_);
    if (written == 0) return failure(EIO, "write", path_);
    remaining.advance(static_cast<std::size_t>(written));
    position += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> RealFile::sync() {
  // Not repeated after EINTR or any other error: what failed to reach the disk may already count as clean.
  if (::fdatasync(fd_) != 0) return failure(errno, "sync", path_);
  return {};
}

void RealFile::start_write_back() {
  // An error shows in the sync.
  (void)::sync_file_range(fd_, 0, 0, SYNC_FILE_RANGE_WRITE);
}

Result<std::uint64_t> RealFile::size() {
  struct stat status{};
  if (::fstat(fd_, &status) != 0) return failure(errno, "stat", path_);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void> RealFile::truncate(std::uint64_t size) {
  if (!in_range(size, 0)) return failure(EFBIG, "truncate", path_);
  while (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
    if (errno != EINTR) return failure(errno, "truncate", path_);
  }
  return {};
}

Result<void> RealFile::allocate(std::uint64_t size) {
  if (!in_range(size, 0)) return failure(EFBIG, "allocate", path_);
  if (size == 0) return {};
  for (;;) {
    const int error_number = ::posix_fallocate(fd_, 0, static_cast<off_t>(size));
    if (error_number == 0) return {};
    if (error_number != EINTR) return failure(error_number, "allocate", path_);
  }
}

}  // namespace millrace::io

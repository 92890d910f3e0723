#pragma once

#include <string>

#include "io/file.h"

namespace millrace::io {

/// A File that is a descriptor of the system. `path` is for error texts.
class RealFile final : public File {
 public:
  RealFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~RealFile() override;
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;

  Result<std::size_t> read_at(std::uint64_t position, std::span<std::uint8_t> into) override;
  using File::write_at;
  Result<void> write_at(std::uint64_t position, std::span<const bytes::ByteView> parts) override;
  Result<void> sync() override;
  void start_write_back() override;
  Result<std::uint64_t> size() override;
  Result<void> truncate(std::uint64_t size) override;
  Result<void> allocate(std::uint64_t size) override;

 private:
  int fd_;
  std::string path_;
};

}  // namespace millrace::io

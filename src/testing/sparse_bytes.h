#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "bytes/view.h"

namespace millrace::sim {

/// Bytes of a simulated file: zero wherever nothing was written, so that reserved space costs nothing.
class SparseBytes {
 public:
  static constexpr std::uint64_t kPageSize = 4096;
  using Page = std::array<std::uint8_t, kPageSize>;

  void read(std::uint64_t position, std::span<std::uint8_t> into) const;
  void write(std::uint64_t position, bytes::ByteView data);
  /// Everything from `position` on becomes zero.
  void zero_from(std::uint64_t position);
  const std::map<std::uint64_t, std::unique_ptr<Page>>& pages() const { return pages_; }

 private:
  std::map<std::uint64_t, std::unique_ptr<Page>> pages_;  // by page number
};

}  // namespace millrace::sim

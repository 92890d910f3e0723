#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/file.h"
#include "storage/error.h"

namespace millrace::storage {

/// Bytes of a file that the disk does not give back.
struct UnreadablePart {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Whether any of them is within [begin, end).
bool any_within(const std::vector<UnreadablePart>& parts, std::uint64_t begin, std::uint64_t end);

/// Fills `into` with the bytes of the file from `position` on; blocks. What is on sectors that cannot be read, or
/// behind the file's end, becomes zeros; the former is returned, in order. Errors: all but bad_medium.
io::Result<std::vector<UnreadablePart>> read_around_damage(io::File& file, std::uint64_t position,
                                                           std::span<std::uint8_t> into);

/// Renames a file or directory to `<path>.damaged`, or `<path>.damaged.2` and so on, and makes that durable; blocks.
Result<void> put_aside(io::Disk& disk, const std::string& path);

}  // namespace millrace::storage

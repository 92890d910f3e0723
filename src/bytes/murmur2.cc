#include "bytes/murmur2.h"

namespace millrace::bytes {

std::uint32_t murmur2(ByteView data) {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(data.size());
  std::size_t at = 0;
  for (; data.size() - at >= 4; at += 4) {
    std::uint32_t word = static_cast<std::uint32_t>(data[at]) | static_cast<std::uint32_t>(data[at + 1]) << 8 |
                         static_cast<std::uint32_t>(data[at + 2]) << 16 |
                         static_cast<std::uint32_t>(data[at + 3]) << 24;
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  if (at < data.size()) {
    for (std::size_t i = 0; at + i < data.size(); ++i) hash ^= static_cast<std::uint32_t>(data[at + i]) << (8 * i);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

}  // namespace millrace::bytes

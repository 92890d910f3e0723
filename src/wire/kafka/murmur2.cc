#include "wire/kafka/murmur2.h"

#include "base/assert.h"

namespace millrace::wire::kafka {

namespace {
constexpr std::uint32_t kSeed = 0x9747b28c;
constexpr std::uint32_t kMultiplier = 0x5bd1e995;
constexpr unsigned kShift = 24;
}  // namespace

std::uint32_t murmur2(bytes::ByteView data) {
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(data.size());
  while (data.size() >= 4) {
    // The hash is defined on little-endian words, whatever the processor.
    std::uint32_t word = std::uint32_t{data[0]} | std::uint32_t{data[1]} << 8 | std::uint32_t{data[2]} << 16 |
                         std::uint32_t{data[3]} << 24;
    word *= kMultiplier;
    word ^= word >> kShift;
    word *= kMultiplier;
    hash = hash * kMultiplier ^ word;
    data = data.subspan(4);
  }
  if (data.size() > 2) hash ^= std::uint32_t{data[2]} << 16;
  if (data.size() > 1) hash ^= std::uint32_t{data[1]} << 8;
  if (!data.empty()) hash = (hash ^ data[0]) * kMultiplier;
  hash ^= hash >> 13;
  hash *= kMultiplier;
  return hash ^ hash >> 15;
}

std::int32_t partition_for_key(bytes::ByteView key, std::int32_t partitions) {
  MILLRACE_ASSERT(partitions > 0);
  return static_cast<std::int32_t>(murmur2(key) & 0x7FFFFFFF) % partitions;
}

}  // namespace millrace::wire::kafka

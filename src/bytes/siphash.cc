#include "bytes/siphash.h"

#include <bit>

namespace millrace::bytes {

namespace {

std::uint64_t load_le(const std::uint8_t* from, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value |= std::uint64_t{from[i]} << (8 * i);
  return value;
}

struct Lanes {
  std::uint64_t a;
  std::uint64_t b;
  std::uint64_t c;
  std::uint64_t d;

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      a += b;
      b = std::rotl(b, 13) ^ a;
      a = std::rotl(a, 32);
      c += d;
      d = std::rotl(d, 16) ^ c;
      a += d;
      d = std::rotl(d, 21) ^ a;
      c += b;
      b = std::rotl(b, 17) ^ c;
      c = std::rotl(c, 32);
    }
  }
  void take(std::uint64_t word) {
    d ^= word;
    rounds(2);
    a ^= word;
  }
  std::uint64_t result() const { return a ^ b ^ c ^ d; }
};

}  // namespace

std::array<std::uint64_t, 2> siphash128(const std::array<std::uint64_t, 2>& key, ByteView input) {
  Lanes lanes{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
              key[1] ^ 0x7465646279746573};
  lanes.b ^= 0xee;
  std::size_t at = 0;
  for (; at + 8 <= input.size(); at += 8) lanes.take(load_le(input.data() + at, 8));
  lanes.take(load_le(input.data() + at, input.size() - at) | std::uint64_t{input.size() & 0xFF} << 56);
  lanes.c ^= 0xee;
  lanes.rounds(4);
  const std::uint64_t first = lanes.result();
  lanes.b ^= 0xdd;
  lanes.rounds(4);
  return {first, lanes.result()};
}

}  // namespace millrace::bytes

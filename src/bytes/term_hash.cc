#include "bytes/term_hash.h"

#include <array>
#include <bit>
#include <cstddef>

namespace millrace::bytes {

namespace {

constexpr std::uint32_t kGolden = 0x9E3779B9U;
constexpr std::uint32_t kResultMask = (1U << 27) - 1;
constexpr std::size_t kBlock = 12;

/// Bob Jenkins' mix of 1996.
struct JenkinsMix {
  std::uint32_t a = kGolden;
  std::uint32_t b = kGolden;
  std::uint32_t c = 0;

  void mix() {
    step(13, 8, 13);
    step(12, 16, 5);
    step(3, 10, 15);
  }

 private:
  void step(int right_a, int left_b, int right_c) {
    a = (a - b - c) ^ (c >> right_a);
    b = (b - c - a) ^ (a << left_b);
    c = (c - a - b) ^ (b >> right_c);
  }
};

std::uint32_t little_endian(const std::uint8_t* at) {
  return at[0] | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[3]} << 24;
}

}  // namespace

std::uint32_t term_hash(ByteView value) {
  constexpr std::uint32_t kOfBinary = 13 * kGolden;
  if (value.empty()) return kOfBinary & kResultMask;
  JenkinsMix state;
  state.c = kOfBinary;
  std::size_t at = 0;
  for (; value.size() - at >= kBlock; at += kBlock) {
    const std::uint8_t* block = value.data() + at;
    state.a += little_endian(block);
    state.b += little_endian(block + 4);
    state.c += little_endian(block + 8);
    state.mix();
  }
  // What is left; the lowest octet of c is for the length.
  std::array<std::uint8_t, kBlock> rest{};
  for (std::size_t i = 0; at + i < value.size(); ++i) rest[i < 8 ? i : i + 1] = value[at + i];
  state.a += little_endian(rest.data());
  state.b += little_endian(rest.data() + 4);
  state.c += little_endian(rest.data() + 8) + static_cast<std::uint32_t>(value.size());
  state.mix();
  return state.c & kResultMask;
}

std::uint32_t term_hash(double value) {
  constexpr std::uint32_t kOfFloat = 12 * kGolden;
  const auto bits = std::bit_cast<std::uint64_t>(value == 0.0 ? 0.0 : value);
  JenkinsMix state;
  state.a = kOfFloat + static_cast<std::uint32_t>(bits >> 32);
  state.b = kOfFloat + static_cast<std::uint32_t>(bits);
  state.mix();
  return state.c & kResultMask;
}

}  // namespace millrace::bytes

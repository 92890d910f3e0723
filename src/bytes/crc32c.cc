#include "bytes/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace millrace::bytes {

namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // Castagnoli, reflected

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t n = 0; n < 256; ++n) {
    std::uint32_t c = n;
    for (int k = 0; k < 8; ++k) c = (c & 1) != 0 ? (c >> 1) ^ kPolynomial : c >> 1;
    tables[0][n] = c;
  }
  for (std::uint32_t n = 0; n < 256; ++n) {
    for (std::size_t t = 1; t < 8; ++t) {
      tables[t][n] = (tables[t - 1][n] >> 8) ^ tables[0][tables[t - 1][n] & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t crc_portable(std::uint32_t crc, const std::uint8_t* p, std::size_t n) {
  while (n >= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kTables[7 - i][(word >> (8 * i)) & 0xFF];
    p += 8;
    n -= 8;
  }
  while (n-- > 0) crc = (crc >> 8) ^ kTables[0][(crc ^ *p++) & 0xFF];
  return crc;
}

#if defined(__x86_64__)

constexpr std::size_t kLane = 1024;  // bytes per lane of the three-way loop

// shift_table[k] advances a CRC over kLane zero bytes, one entry per byte of the CRC.
using ShiftTable = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr std::uint32_t advance_zeros(std::uint32_t crc, std::size_t zeros) {
  for (std::size_t i = 0; i < zeros; ++i) crc = (crc >> 8) ^ kTables[0][crc & 0xFF];
  return crc;
}

ShiftTable make_shift_table() {
  std::array<std::uint32_t, 32> bit{};
  for (std::size_t b = 0; b < 32; ++b) bit[b] = advance_zeros(1U << b, kLane);
  ShiftTable table{};
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::uint32_t n = 0; n < 256; ++n) {
      std::uint32_t v = 0;
      for (std::size_t b = 0; b < 8; ++b) {
        if (((n >> b) & 1) != 0) v ^= bit[8 * k + b];
      }
      table[k][n] = v;
    }
  }
  return table;
}

std::uint32_t shift_lane(const ShiftTable& table, std::uint32_t crc) {
  return table[0][crc & 0xFF] ^ table[1][(crc >> 8) & 0xFF] ^ table[2][(crc >> 16) & 0xFF] ^ table[3][crc >> 24];
}

std::uint64_t load64(const std::uint8_t* p) {
  std::uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t crc_hardware(std::uint32_t seed, const std::uint8_t* p, std::size_t n) {
  static const ShiftTable shift = make_shift_table();
  std::uint64_t crc = seed;
  // Three independent lanes hide the instruction's latency of three cycles.
  while (n >= 3 * kLane) {
    std::uint64_t a = crc;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    for (std::size_t i = 0; i < kLane; i += 8) {
      a = _mm_crc32_u64(a, load64(p + i));
      b = _mm_crc32_u64(b, load64(p + kLane + i));
      c = _mm_crc32_u64(c, load64(p + 2 * kLane + i));
    }
    const std::uint32_t ab = shift_lane(shift, static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b);
    crc = shift_lane(shift, ab) ^ static_cast<std::uint32_t>(c);
    p += 3 * kLane;
    n -= 3 * kLane;
  }
  while (n >= 8) {
    crc = _mm_crc32_u64(crc, load64(p));
    p += 8;
    n -= 8;
  }
  auto small = static_cast<std::uint32_t>(crc);
  while (n-- > 0) small = _mm_crc32_u8(small, *p++);
  return small;
}

#endif

}  // namespace

std::uint32_t crc32c(ByteView data, std::uint32_t seed) {
#if defined(__x86_64__)
  static const bool hardware = __builtin_cpu_supports("sse4.2") != 0;
  if (hardware) return ~crc_hardware(~seed, data.data(), data.size());
#endif
  return ~crc_portable(~seed, data.data(), data.size());
}

std::uint32_t crc32c_portable(ByteView data, std::uint32_t seed) {
  return ~crc_portable(~seed, data.data(), data.size());
}

}  // namespace millrace::bytes

#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::bytes {

/// Zig-zag mapping of signed to unsigned, as in Protocol Buffers and the record batch format.
constexpr std::uint64_t zigzag(std::int64_t n) {
  return (static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t n) {
  return static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1);
}

/// Bytes that `n` takes as an unsigned varint: 1 to 10.
constexpr std::size_t uvarint_size(std::uint64_t n) {
  std::size_t size = 1;
  while (n >= 0x80) {
    n >>= 7;
    ++size;
  }
  return size;
}
constexpr std::size_t varint_size(std::int64_t n) {
  return uvarint_size(zigzag(n));
}

constexpr std::size_t kMaxVarintSize = 10;

/// Writes `n`; `to` needs uvarint_size(n) bytes. Returns the position after it.
inline std::uint8_t* put_uvarint(std::uint8_t* to, std::uint64_t n) {
  while (n >= 0x80) {
    *to++ = static_cast<std::uint8_t>(n | 0x80);
    n >>= 7;
  }
  *to++ = static_cast<std::uint8_t>(n);
  return to;
}
inline std::uint8_t* put_varint(std::uint8_t* to, std::int64_t n) {
  return put_uvarint(to, zigzag(n));
}

}  // namespace millrace::bytes

#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

namespace millrace::bytes {

/// Reads a big-endian integer; `from` must have sizeof(T) readable bytes.
template <std::integral T>
T load_be(const std::uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
  return value;
}

/// Writes a big-endian integer; `to` must have sizeof(T) writable bytes.
template <std::integral T>
void store_be(std::uint8_t* to, T value) {
  if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
  std::memcpy(to, &value, sizeof(T));
}

}  // namespace millrace::bytes

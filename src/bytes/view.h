#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::bytes {

/// Bytes that somebody else owns.
using ByteView = std::span<const std::uint8_t>;
/// Owned, growable bytes.
using ByteVector = std::vector<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView view) {
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}
inline std::string to_string(ByteView view) {
  return std::string(as_text(view));
}
inline bool equal(ByteView a, ByteView b) {
  return as_text(a) == as_text(b);
}

}  // namespace millrace::bytes

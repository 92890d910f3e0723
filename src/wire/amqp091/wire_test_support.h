// Helpers of this module's tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "bytes/view.h"
#include "wire/amqp091/captured_frames.h"

namespace millrace::wire::amqp091 {

inline bytes::ByteVector unhex(std::string_view hex) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  bytes::ByteVector out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  }
  return out;
}

inline std::string to_hex(bytes::ByteView view) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : view) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

/// Bytes of the named entry of captured::kSamples.
inline bytes::ByteVector sample(std::string_view name) {
  for (const captured::Capture& capture : captured::kSamples) {
    if (capture.name == name) return unhex(capture.hex);
  }
  ADD_FAILURE() << "no sample " << name;
  return {};
}

}  // namespace millrace::wire::amqp091

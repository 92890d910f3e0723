#pragma once

#include <array>
#include <cstdint>

#include "bytes/view.h"

namespace millrace::bytes {

/// 128 bits that stand for `input`: SipHash-2-4 with a long result. Whoever does not know the key cannot find two
/// inputs with the same result.
std::array<std::uint64_t, 2> siphash128(const std::array<std::uint64_t, 2>& key, ByteView input);

}  // namespace millrace::bytes

#pragma once

#include <cstdint>

#include "bytes/view.h"

namespace millrace::bytes {

/// The 32-bit MurmurHash2 with the seed by which producers of streams choose a partition for a key. For spreading only:
/// whoever chooses the keys chooses the hashes.
std::uint32_t murmur2(ByteView data);

}  // namespace millrace::bytes

#pragma once

#include <cstdint>

#include "bytes/view.h"

namespace millrace::bytes {

/// CRC-32C (Castagnoli) of `data`, continuing from `seed` (the value returned for what came before, 0 at first).
/// Uses the processor's instruction where there is one.
std::uint32_t crc32c(ByteView data, std::uint32_t seed = 0);

/// The same in plain C++, for processors without the instruction.
std::uint32_t crc32c_portable(ByteView data, std::uint32_t seed = 0);

}  // namespace millrace::bytes

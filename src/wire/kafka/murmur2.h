#pragma once

#include <cstdint>

#include "bytes/view.h"

namespace millrace::wire::kafka {

/// The 32-bit MurmurHash2 that clients hash record keys with, seed 0x9747b28c.
std::uint32_t murmur2(bytes::ByteView data);

/// The partition clients choose for a record with this key; `partitions` is positive.
std::int32_t partition_for_key(bytes::ByteView key, std::int32_t partitions);

}  // namespace millrace::wire::kafka

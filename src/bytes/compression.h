#pragma once

#include "base/result.h"
#include "base/units.h"
#include "bytes/view.h"

namespace millrace::bytes {

/// Codecs of the record batch format; the values are those of its attribute bits 0-2.
enum class Compression : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

enum class CompressionErrc { unknown_codec, damaged, too_large };
using CompressionError = base::ErrorOf<CompressionErrc>;

/// Decompresses `input` and refuses to produce more than `limit` bytes (decompression bombs).
/// Formats: gzip RFC 1952; snappy in xerial framing or one raw block; LZ4 frame; zstd frame.
base::Result<ByteVector, CompressionError> decompress(Compression codec, ByteView input, base::Bytes limit);

/// Compresses `input` in the same formats with each codec's default level.
base::Result<ByteVector, CompressionError> compress(Compression codec, ByteView input);

}  // namespace millrace::bytes

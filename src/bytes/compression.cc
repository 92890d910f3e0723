#include "bytes/compression.h"

#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <memory>

#include "bytes/endian.h"
#include "bytes/reader.h"
#include "bytes/writer.h"

namespace millrace::bytes {

namespace {

using Output = base::Result<ByteVector, CompressionError>;

constexpr std::size_t kFirstStep = 4096;
/// Block size of the snappy writer; the Java library's default, so that its reader never meets a larger one.
constexpr std::size_t kXerialBlock = 32 * 1024;
constexpr std::array<std::uint8_t, 8> kXerialMagic{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::uint32_t kXerialVersion = 1;
/// A snappy element of 3 bytes produces at most 64: a longer claim cannot be true and is not allocated.
constexpr std::size_t kSnappyMaxRatio = 22;
/// Streamed zstd frames may ask for a window of their own; 8 MiB is what RFC 8878 (3.1.1.1.2) wants supported.
constexpr int kZstdMinWindowLog = 23;
constexpr int kZstdMaxWindowLog = 30;

auto damaged(const char* detail) {
  return base::fail(CompressionErrc::damaged, detail);
}
auto too_large() {
  return base::fail(CompressionErrc::too_large, "decompressed data exceeds the limit");
}

/// What one call of a streaming decoder did.
struct Step {
  std::size_t consumed = 0;
  std::size_t produced = 0;
  bool frame_done = false;
  bool damaged = false;
};

/// Output that doubles while it is needed and never passes the limit.
class GrowingOutput {
 public:
  explicit GrowingOutput(std::size_t limit) : limit_(limit) {}

  /// Free room, at least one byte: at the limit it is a scratch byte that lets the decoder show whether more comes.
  std::span<std::uint8_t> room() {
    if (used_ == buffer_.size() && used_ < limit_) {
      buffer_.resize(std::min(limit_, std::max(kFirstStep, buffer_.size() * 2)));
    }
    if (used_ == buffer_.size()) return {&scratch_, 1};
    return std::span(buffer_).subspan(used_);
  }
  /// Accounts for `count` bytes written to room(); false when they were beyond the limit.
  bool advance(std::size_t count) {
    if (count > buffer_.size() - used_) return false;
    used_ += count;
    return true;
  }
  ByteVector take() {
    buffer_.resize(used_);
    return std::move(buffer_);
  }

 private:
  std::size_t limit_;
  ByteVector buffer_;
  std::size_t used_ = 0;
  std::uint8_t scratch_ = 0;
};

/// Runs a streaming decoder over one or more frames that fill `input` exactly.
template <class Decode>
Output decode_frames(ByteView input, std::size_t limit, Decode decode) {
  GrowingOutput out(limit);
  for (;;) {
    const Step step = decode(input, out.room());
    if (step.damaged) return damaged("the compressed data is damaged");
    if (!out.advance(step.produced)) return too_large();
    input = input.subspan(step.consumed);
    if (step.frame_done) {
      if (input.empty()) return out.take();
      continue;
    }
    if (step.consumed == 0 && step.produced == 0) return damaged("the compressed data is incomplete");
  }
}

uInt clamp_uint(std::size_t n) {
  return static_cast<uInt>(std::min<std::size_t>(n, std::numeric_limits<uInt>::max()));
}

/// zlib never writes through next_in; its C interface just lacks the const.
Bytef* zlib_input(ByteView input) {
  return const_cast<Bytef*>(input.data());
}

constexpr int kGzipWindow = 15 + 16;  // the largest window, gzip wrapper

Output gunzip(ByteView input, std::size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return damaged("zlib cannot start");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, inflateEnd);
  return decode_frames(input, limit, [&stream](ByteView in, std::span<std::uint8_t> out) {
    stream.next_in = zlib_input(in);
    stream.avail_in = clamp_uint(in.size());
    stream.next_out = out.data();
    stream.avail_out = clamp_uint(out.size());
    const uInt in_before = stream.avail_in;
    const uInt out_before = stream.avail_out;
    const int code = inflate(&stream, Z_NO_FLUSH);
    Step step{in_before - stream.avail_in, out_before - stream.avail_out, code == Z_STREAM_END, false};
    step.damaged = code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR;
    if (step.frame_done) inflateReset(&stream);
    return step;
  });
}

Output gzip(ByteView input) {
  if (input.size() > std::numeric_limits<uInt>::max() / 2) {
    return base::fail(CompressionErrc::too_large, "input too large for gzip");
  }
  z_stream stream{};
  const int level = Z_DEFAULT_COMPRESSION;
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return damaged("zlib cannot start");
  }
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> guard(&stream, deflateEnd);
  ByteVector out(deflateBound(&stream, static_cast<uLong>(input.size())));
  stream.next_in = zlib_input(input);
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = out.data();
  stream.avail_out = clamp_uint(out.size());
  MILLRACE_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  return out;
}

const char* snappy_input(ByteView input) {
  return reinterpret_cast<const char*>(input.data());
}

base::Result<void, CompressionError> append_snappy_block(ByteVector& out, ByteView block, std::size_t limit) {
  std::size_t size = 0;
  if (snappy_uncompressed_length(snappy_input(block), block.size(), &size) != SNAPPY_OK) {
    return damaged("snappy block without a length");
  }
  if (size > limit - out.size()) return too_large();
  if (size / kSnappyMaxRatio > block.size()) return damaged("snappy block claims an impossible length");
  const std::size_t before = out.size();
  out.resize(before + size);
  if (size == 0) out.reserve(1);  // the C interface wants an address even for an empty block
  std::size_t written = size;
  const auto status =
      snappy_uncompress(snappy_input(block), block.size(), reinterpret_cast<char*>(out.data() + before), &written);
  if (status != SNAPPY_OK || written != size) return damaged("snappy block is damaged");
  return {};
}

Output unsnappy(ByteView input, std::size_t limit) {
  ByteVector out;
  Reader reader(input);
  if (!equal(reader.view(kXerialMagic.size()), kXerialMagic)) {
    if (auto done = append_snappy_block(out, input, limit); !done) return std::unexpected(done.error());
    return out;
  }
  reader.u32();  // version and lowest compatible version; all that exist are framed alike
  reader.u32();
  if (!reader.ok()) return damaged("snappy frame header is incomplete");
  while (!reader.at_end()) {
    const std::uint32_t length = reader.u32();
    const ByteView block = reader.view(length);
    if (!reader.ok()) return damaged("snappy frame is incomplete");
    if (auto done = append_snappy_block(out, block, limit); !done) return std::unexpected(done.error());
  }
  return out;
}

Output snappy(ByteView input) {
  ByteVector out;
  Writer writer(out);
  writer.raw(kXerialMagic);
  writer.u32(kXerialVersion);
  writer.u32(kXerialVersion);
  while (!input.empty()) {
    const ByteView block = input.first(std::min(kXerialBlock, input.size()));
    input = input.subspan(block.size());
    const std::size_t length_at = writer.size();
    writer.u32(0);
    std::size_t size = snappy_max_compressed_length(block.size());
    auto* const to = reinterpret_cast<char*>(writer.grow(size));
    MILLRACE_ASSERT(snappy_compress(snappy_input(block), block.size(), to, &size) == SNAPPY_OK);
    writer.patch_be(length_at, static_cast<std::uint32_t>(size));
    out.resize(length_at + sizeof(std::uint32_t) + size);
  }
  return out;
}

Output unlz4(ByteView input, std::size_t limit) {
  LZ4F_dctx* raw = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) != 0) return damaged("lz4 cannot start");
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(raw,
                                                                                     LZ4F_freeDecompressionContext);
  return decode_frames(input, limit, [raw](ByteView in, std::span<std::uint8_t> out) {
    Step step{in.size(), out.size(), false, false};
    const std::size_t hint = LZ4F_decompress(raw, out.data(), &step.produced, in.data(), &step.consumed, nullptr);
    step.damaged = LZ4F_isError(hint) != 0;
    step.frame_done = hint == 0;
    return step;
  });
}

Output lz4(ByteView input) {
  LZ4F_preferences_t preferences{};
  // Other readers of this format refuse blocks that depend on earlier ones.
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  ByteVector out(LZ4F_compressFrameBound(input.size(), &preferences));
  const std::size_t size = LZ4F_compressFrame(out.data(), out.size(), input.data(), input.size(), &preferences);
  MILLRACE_ASSERT(LZ4F_isError(size) == 0, "lz4: {}", LZ4F_getErrorName(size));
  out.resize(size);
  return out;
}

Output unzstd(ByteView input, std::size_t limit) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (context == nullptr) return damaged("zstd cannot start");
  const int window = std::clamp(static_cast<int>(std::bit_width(limit)), kZstdMinWindowLog, kZstdMaxWindowLog);
  MILLRACE_ASSERT(ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, window)) == 0);
  return decode_frames(input, limit, [dctx = context.get()](ByteView in, std::span<std::uint8_t> out) {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const std::size_t hint = ZSTD_decompressStream(dctx, &to, &from);
    return Step{from.pos, to.pos, hint == 0, ZSTD_isError(hint) != 0};
  });
}

Output zstd(ByteView input) {
  ByteVector out(ZSTD_compressBound(input.size()));
  const std::size_t size = ZSTD_compress(out.data(), out.size(), input.data(), input.size(), ZSTD_CLEVEL_DEFAULT);
  MILLRACE_ASSERT(ZSTD_isError(size) == 0, "zstd: {}", ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

}  // namespace

Output decompress(Compression codec, ByteView input, base::Bytes limit) {
  const auto max = static_cast<std::size_t>(limit.value);
  switch (codec) {
    case Compression::none:
      if (input.size() > max) return too_large();
      return ByteVector(input.begin(), input.end());
    case Compression::gzip:
      return gunzip(input, max);
    case Compression::snappy:
      return unsnappy(input, max);
    case Compression::lz4:
      return unlz4(input, max);
    case Compression::zstd:
      return unzstd(input, max);
  }
  return base::fail(CompressionErrc::unknown_codec, "unknown compression codec");
}

Output compress(Compression codec, ByteView input) {
  switch (codec) {
    case Compression::none:
      return ByteVector(input.begin(), input.end());
    case Compression::gzip:
      return gzip(input);
    case Compression::snappy:
      return snappy(input);
    case Compression::lz4:
      return lz4(input);
    case Compression::zstd:
      return zstd(input);
  }
  return base::fail(CompressionErrc::unknown_codec, "unknown compression codec");
}

}  // namespace millrace::bytes

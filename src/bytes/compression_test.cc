#include "bytes/compression.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "bytes/writer.h"

namespace millrace::bytes {
namespace {

constexpr Compression kAll[] = {Compression::none, Compression::gzip, Compression::snappy, Compression::lz4,
                                Compression::zstd};
constexpr base::Bytes kPlenty = base::mib(64);

ByteVector unhex(std::string_view hex) {
  ByteVector out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

ByteVector text_like(std::size_t size, std::uint64_t seed) {
  base::Prng prng(seed);
  ByteVector out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>('a' + prng.below(6));
  return out;
}

TEST(Compression, RoundTripsEveryCodecAndSize) {
  for (const Compression codec : kAll) {
    for (const std::size_t size : {0UL, 1UL, 100UL, 32768UL, 32769UL, 300'000UL}) {
      const ByteVector input = text_like(size, size + 1);
      const auto packed = compress(codec, input);
      ASSERT_TRUE(packed.has_value());
      const auto unpacked = decompress(codec, *packed, base::Bytes(size));
      ASSERT_TRUE(unpacked.has_value()) << static_cast<int>(codec) << " " << size << " " << unpacked.error().detail;
      EXPECT_EQ(*unpacked, input);
    }
  }
}

TEST(Compression, RefusesOneByteMoreThanTheLimit) {
  for (const Compression codec : kAll) {
    const ByteVector input = text_like(10'000, 3);
    const ByteVector packed = compress(codec, input).value();
    const auto result = decompress(codec, packed, base::Bytes(9'999));
    ASSERT_FALSE(result.has_value()) << static_cast<int>(codec);
    EXPECT_EQ(result.error().code, CompressionErrc::too_large);
  }
}

TEST(Compression, StopsBombsAtTheLimit) {
  const ByteVector zeros(std::size_t{32} << 20);
  for (const Compression codec : {Compression::gzip, Compression::snappy, Compression::lz4, Compression::zstd}) {
    const ByteVector bomb = compress(codec, zeros).value();
    const auto result = decompress(codec, bomb, base::kib(64));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, CompressionErrc::too_large);
  }
}

TEST(Compression, FailsOnEveryTruncation) {
  const ByteVector input = text_like(400, 9);
  for (const Compression codec : {Compression::gzip, Compression::lz4, Compression::zstd}) {
    const ByteVector packed = compress(codec, input).value();
    for (std::size_t size = 0; size < packed.size(); ++size) {
      const auto result = decompress(codec, ByteView(packed).first(size), kPlenty);
      ASSERT_FALSE(result.has_value()) << static_cast<int>(codec) << " cut at " << size;
      EXPECT_EQ(result.error().code, CompressionErrc::damaged);
    }
  }
}

TEST(Compression, SnappyTruncationsNeverPassAsTheWhole) {
  const ByteVector input = text_like(400, 9);
  const ByteVector packed = compress(Compression::snappy, input).value();
  for (std::size_t size = 0; size < packed.size(); ++size) {
    const auto result = decompress(Compression::snappy, ByteView(packed).first(size), kPlenty);
    // Cut right after the header, the frame is a valid empty one.
    EXPECT_EQ(result.has_value(), size == 16) << size;
  }
}

TEST(Compression, SurvivesRandomDamage) {
  base::Prng prng(5);
  const ByteVector input = text_like(3'000, 2);
  for (const Compression codec : {Compression::gzip, Compression::snappy, Compression::lz4, Compression::zstd}) {
    const ByteVector packed = compress(codec, input).value();
    for (int i = 0; i < 300; ++i) {
      ByteVector broken = packed;
      broken[prng.below(broken.size())] ^= static_cast<std::uint8_t>(1 + prng.below(255));
      const auto result = decompress(codec, broken, base::kib(8));
      if (result.has_value()) {
        EXPECT_LE(result->size(), base::kib(8).value);
      }
    }
  }
}

TEST(Compression, ReadsConcatenatedFrames) {
  for (const Compression codec : {Compression::gzip, Compression::lz4, Compression::zstd}) {
    ByteVector packed = compress(codec, as_bytes("first ")).value();
    const ByteVector second = compress(codec, as_bytes("second")).value();
    packed.insert(packed.end(), second.begin(), second.end());
    EXPECT_EQ(to_string(decompress(codec, packed, kPlenty).value()), "first second");
  }
}

TEST(Compression, ReadsRawSnappy) {
  // By hand from the format: length 11, one literal of 11 bytes.
  ByteVector raw{11, 10 << 2};
  Writer(raw).text("hello world");
  EXPECT_EQ(to_string(decompress(Compression::snappy, raw, kPlenty).value()), "hello world");
}

TEST(Compression, ReadsOtherWritersOutput) {
  const std::string expected = "hello hello hello";
  // gzip.compress(text, mtime=0) of Python 3.11.
  const auto gz = unhex("1f8b0800000000000203cb48cdc9c957c84090008088f9e511000000");
  EXPECT_EQ(to_string(decompress(Compression::gzip, gz, kPlenty).value()), expected);
  // `zstd -c` 1.5.4: with a checksum and without a content size.
  const auto zst = unhex("28b52ffd04586500003068656c6c6f200100314a11a2ed1e0c");
  EXPECT_EQ(to_string(decompress(Compression::zstd, zst, kPlenty).value()), expected);
  // `lz4 -c` 1.9.4: one stored block, with a checksum.
  const auto lz4 = unhex("04224d186440a71100008068656c6c6f2068656c6c6f2068656c6c6f00000000b1cd9b87");
  EXPECT_EQ(to_string(decompress(Compression::lz4, lz4, kPlenty).value()), expected);
}

TEST(Compression, RefusesImpossibleSnappyClaims) {
  // Claims 4 GiB - 1 out of two bytes: refused before anything is allocated.
  const ByteVector claim{0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0};
  EXPECT_EQ(decompress(Compression::snappy, claim, base::Bytes(1ULL << 40)).error().code, CompressionErrc::damaged);
  EXPECT_EQ(decompress(Compression::snappy, claim, kPlenty).error().code, CompressionErrc::too_large);
}

TEST(Compression, RefusesUnknownCodecs) {
  const auto codec = static_cast<Compression>(5);
  EXPECT_EQ(decompress(codec, {}, kPlenty).error().code, CompressionErrc::unknown_codec);
  EXPECT_EQ(compress(codec, {}).error().code, CompressionErrc::unknown_codec);
}

}  // namespace
}  // namespace millrace::bytes

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <thread>

#include "base/prng.h"
#include "bytes/crc32c.h"
#include "bytes/murmur2.h"
#include "bytes/reader.h"
#include "bytes/siphash.h"
#include "bytes/slab.h"
#include "bytes/varint.h"
#include "bytes/writer.h"

namespace millrace::bytes {
namespace {

TEST(Crc32c, KnownVectors) {
  // RFC 3720, B.4, and the check value of the CRC catalogue.
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c(ByteVector(32, 0x00)), 0x8A9136AAU);
  EXPECT_EQ(crc32c(ByteVector(32, 0xFF)), 0x62A8AB43U);
  ByteVector ascending(32);
  for (std::size_t i = 0; i < 32; ++i) ascending[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, HardwareAgreesWithPortable) {
  base::Prng prng(1);
  ByteVector data(20'000);
  for (auto& byte : data) byte = static_cast<std::uint8_t>(prng.below(256));
  const std::size_t sizes[] = {0, 1, 7, 8, 9, 1023, 1024, 3071, 3072, 3073, 6144, 6151, 19'990};
  for (const std::size_t size : sizes) {
    for (const std::size_t start : {0UL, 1UL, 3UL, 7UL}) {
      const ByteView part = ByteView(data).subspan(start, size);
      EXPECT_EQ(crc32c(part, 0x1234), crc32c_portable(part, 0x1234)) << size << " at " << start;
    }
  }
}

TEST(Crc32c, ContinuesFromASeed) {
  const ByteView whole = as_bytes("123456789");
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    EXPECT_EQ(crc32c(whole.subspan(cut), crc32c(whole.first(cut))), 0xE3069283U);
    EXPECT_EQ(crc32c_portable(whole.subspan(cut), crc32c_portable(whole.first(cut))), 0xE3069283U);
  }
}

TEST(Varint, RoundTripsAtEveryBoundary) {
  std::vector<std::uint64_t> values{0, std::numeric_limits<std::uint64_t>::max()};
  for (unsigned bit = 0; bit < 64; ++bit) {
    values.push_back(1ULL << bit);
    values.push_back((1ULL << bit) - 1);
  }
  for (const std::uint64_t value : values) {
    ByteVector out;
    Writer writer(out);
    writer.uvarint(value);
    writer.varint(static_cast<std::int64_t>(value));
    EXPECT_EQ(out.size(), uvarint_size(value) + varint_size(static_cast<std::int64_t>(value)));
    Reader reader(out);
    EXPECT_EQ(reader.uvarint(), value);
    EXPECT_EQ(reader.varint(), static_cast<std::int64_t>(value));
    EXPECT_TRUE(reader.ok() && reader.at_end());
  }
}

TEST(Varint, ZigzagKnownValues) {
  EXPECT_EQ(zigzag(0), 0U);
  EXPECT_EQ(zigzag(-1), 1U);
  EXPECT_EQ(zigzag(1), 2U);
  EXPECT_EQ(zigzag(std::numeric_limits<std::int64_t>::min()), std::numeric_limits<std::uint64_t>::max());
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-7}, std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(unzigzag(zigzag(n)), n);
  }
}

TEST(Varint, RefusesOverlongAndCutOnes) {
  const std::array<std::uint8_t, 11> eleven{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1};
  Reader overlong{ByteView(eleven)};
  EXPECT_EQ(overlong.uvarint(), 0U);
  EXPECT_FALSE(overlong.ok());
  const std::array<std::uint8_t, 10> bits65{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2};
  Reader too_big{ByteView(bits65)};
  too_big.uvarint();
  EXPECT_FALSE(too_big.ok());
  const std::array<std::uint8_t, 2> cut{0x80, 0x80};
  Reader incomplete{ByteView(cut)};
  incomplete.uvarint();
  EXPECT_FALSE(incomplete.ok());
}

TEST(ReaderWriter, RoundTripsIntegersBigEndian) {
  ByteVector out;
  Writer writer(out);
  writer.u8(0xAB);
  writer.i8(-2);
  writer.u16(0x0102);
  writer.i16(-3);
  writer.u32(0x01020304);
  writer.i32(-4);
  writer.u64(0x0102030405060708ULL);
  writer.i64(-5);
  writer.text("xyz");
  EXPECT_EQ(out[2], 1);
  EXPECT_EQ(out[3], 2);
  Reader reader(out);
  EXPECT_EQ(reader.u8(), 0xAB);
  EXPECT_EQ(reader.i8(), -2);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.i16(), -3);
  EXPECT_EQ(reader.u32(), 0x01020304U);
  EXPECT_EQ(reader.i32(), -4);
  EXPECT_EQ(reader.u64(), 0x0102030405060708ULL);
  EXPECT_EQ(reader.i64(), -5);
  EXPECT_EQ(reader.text(3), "xyz");
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.at_end());
}

TEST(ReaderWriter, FailureSticksAndYieldsNothing) {
  const ByteVector three{1, 2, 3};
  Reader reader(three);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0U);
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_TRUE(reader.view(0).empty());
  EXPECT_FALSE(reader.ok());
  Reader huge(three);
  EXPECT_TRUE(huge.view(std::numeric_limits<std::uint64_t>::max()).empty());
  EXPECT_FALSE(huge.ok());
}

TEST(ReaderWriter, PatchesALengthAfterwards) {
  ByteVector out;
  Writer writer(out);
  writer.u32(0);
  writer.text("body");
  writer.patch_be(0, std::uint32_t{4});
  EXPECT_EQ(out, (ByteVector{0, 0, 0, 4, 'b', 'o', 'd', 'y'}));
}

TEST(Slab, SharesAndFrees) {
  Slab empty;
  EXPECT_FALSE(empty);
  EXPECT_EQ(empty.size(), 0U);
  Slab one = Slab::copy_of(as_bytes("payload"));
  EXPECT_TRUE(one.unique());
  Slab two = one;
  EXPECT_FALSE(one.unique());
  EXPECT_EQ(one.data(), two.data());
  one.reset();
  EXPECT_FALSE(one);
  EXPECT_TRUE(two.unique());
  EXPECT_EQ(as_text(two.view()), "payload");
  Slab three = std::move(two);
  EXPECT_FALSE(two);  // NOLINT(bugprone-use-after-move): moved-from is specified as empty
  three = Slab(three);
  EXPECT_TRUE(three.unique());
}

TEST(Slab, CountsHoldersOnManyThreads) {
  const Slab shared = Slab::allocate(1024);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&shared] {
      for (int i = 0; i < 10'000; ++i) {
        const Slab copy = shared;
        ASSERT_EQ(copy.size(), 1024U);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(shared.unique());
}

/// As the producers of the Java client hash their keys.
TEST(Murmur2, AgreesWithProducers) {
  const auto hash = [](std::string_view text) { return static_cast<std::int32_t>(murmur2(as_bytes(text))); };
  EXPECT_EQ(hash("21"), -973932308);
  EXPECT_EQ(hash("foobar"), -790332482);
  EXPECT_EQ(hash("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(hash("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(hash("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(hash("abc"), 479470107);
}

/// From the reference implementation's published vectors.
TEST(SipHash, AgreesWithTheReference) {
  const std::array<std::uint64_t, 2> key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  ByteVector input;
  EXPECT_EQ(siphash128(key, input), (std::array<std::uint64_t, 2>{0xe6a825ba047f81a3, 0x930255c71472f66d}));
  for (std::uint8_t i = 0; i < 15; ++i) input.push_back(i);
  EXPECT_EQ(siphash128(key, input), (std::array<std::uint64_t, 2>{0x11a8b03399e99354, 0xd9c3cf970fec087e}));
}

}  // namespace
}  // namespace millrace::bytes

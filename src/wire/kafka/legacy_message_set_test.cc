#include "wire/kafka/legacy_message_set.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <charconv>

#include "bytes/writer.h"
#include "wire/kafka/murmur2.h"

namespace millrace::wire::kafka {
namespace {

using bytes::ByteVector;

ByteVector bytes_of_hex(std::string_view hex) {
  ByteVector out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    std::uint8_t byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    out.push_back(byte);
  }
  return out;
}

// Made by kafka-python 3.0.12 (LegacyRecordBatchBuilder): ("key", "value one"), (null, "value two"), ("k3", null), at
// 1700000000000 and the two milliseconds after it.
constexpr std::string_view kMagic0 =
    "00000000000000000000001aad7078800000000000036b65790000000976616c7565206f6e650000000000000001000000178767480900"
    "00ffffffff0000000976616c75652074776f000000000000000200000010b643ca6a0000000000026b33ffffffff";
constexpr std::string_view kMagic0Gzip =
    "00000000000000000000005e1d89371b0001ffffffff000000501f8b08004ac2046b02ff63608003a9b505150d601673766a2590e22c4b"
    "cc294d55c8cf4b85aa600462f1f6740f4e0686ff40805052529e0f55c204c402db9c4f654178d9c620850078dfb5d465000000";
constexpr std::string_view kMagic0Snappy =
    "00000000000000000000007332ac37950002ffffffff0000006582534e41505059000000000100000001000000516500001901101aad70"
    "7880050f40036b65790000000976616c7565206f6e6505164000000100000017876748090000ffffffff19230874776f0d23500200000010"
    "b643ca6a0000000000026b33ffffffff";
constexpr std::string_view kMagic1 =
    "0000000000000000000000228e9a598001000000018bcfe56800000000036b65790000000976616c7565206f6e65000000000000000100"
    "00001f157be6c501000000018bcfe56801ffffffff0000000976616c75652074776f000000000000000200000018c8e528920100000001"
    "8bcfe56802000000026b33ffffffff";
constexpr std::string_view kMagic1Gzip =
    "0000000000000000000000729bd7c98c01010000000000000000ffffffff0000005c1f8b08004ac2046b02ff63608003a5be59910d8c40"
    "0663f7f9a7192011e6ecd44a20c5599698539aaa909f970a550952242f5afdec285c35e37f2040282d29cf872a65026289134f3526c195"
    "824498b28d411a00b68e36617d000000";
constexpr std::string_view kMagic1Snappy =
    "00000000000000000000008c3d0f346501020000000000000000ffffffff0000007682534e41505059000000000100000001000000627d"
    "0000190134228e9a598001000000018bcfe568011840036b65790000000976616c7565206f6e65011501211c0000001f157be6c5010905"
    "2e1001ffffffff192b0874776f01282c0000000200000018c8e52892152b2802000000026b33ffffffff";
constexpr std::string_view kMagic1Lz4 =
    "00000000000000000000008dbf7d8e1601030000000000000000ffffffff0000007704224d1868407d00000000000000d4600000001600"
    "0100e0228e9a598001000000018bcfe5681800f002036b65790000000976616c7565206f6e651500002100850000001f157be6c52e0056"
    "01ffffffff2b003174776f2900b500000200000018c8e528922b00b002000000026b33ffffffff00000000";

void expect_the_three_messages(std::string_view hex, std::int8_t magic) {
  SCOPED_TRACE(hex.substr(0, 60));
  const ByteVector input = bytes_of_hex(hex);
  const auto set = decode_legacy_message_set(input);
  ASSERT_TRUE(set.has_value()) << set.error().detail;
  ASSERT_EQ(set->messages.size(), 3u);
  const std::vector<std::string> keys{"key", "null", "k3"};
  const std::vector<std::string> values{"value one", "value two", "null"};
  const auto text = [](const std::optional<bytes::ByteView>& view) {
    return view ? bytes::to_string(*view) : std::string("null");
  };
  for (std::size_t i = 0; i < 3; ++i) {
    const LegacyMessage& message = set->messages[i];
    EXPECT_EQ(message.magic, magic);
    EXPECT_EQ(message.offset, static_cast<std::int64_t>(i));
    EXPECT_EQ(message.timestamp, magic == 0 ? -1 : 1700000000000 + static_cast<std::int64_t>(i));
    EXPECT_FALSE(message.log_append_time);
    EXPECT_EQ(text(message.key), keys[i]);
    EXPECT_EQ(text(message.value), values[i]);
  }
}

TEST(LegacyMessageSet, ReadsWhatKafkaPythonWrites) {
  for (const auto hex : {kMagic0, kMagic0Gzip, kMagic0Snappy}) expect_the_three_messages(hex, 0);
  for (const auto hex : {kMagic1, kMagic1Gzip, kMagic1Snappy, kMagic1Lz4}) expect_the_three_messages(hex, 1);
}

LegacyErrc error_of(const ByteVector& input, const LegacyLimits& limits = {}) {
  const auto set = decode_legacy_message_set(input, limits);
  EXPECT_FALSE(set.has_value());
  return set.has_value() ? LegacyErrc{} : set.error().code;
}

ByteVector entry(std::int8_t magic, std::uint8_t attributes, bytes::ByteView value) {
  ByteVector checked;
  bytes::Writer writer(checked);
  writer.i8(magic);
  writer.u8(attributes);
  if (magic == 1) writer.i64(555);
  writer.i32(-1);
  writer.i32(static_cast<std::int32_t>(value.size()));
  writer.raw(value);
  ByteVector out;
  bytes::Writer frame(out);
  frame.i64(0);
  frame.i32(static_cast<std::int32_t>(checked.size() + 4));
  frame.u32(static_cast<std::uint32_t>(::crc32_z(0, checked.data(), checked.size())));
  frame.raw(checked);
  return out;
}

TEST(LegacyMessageSet, AnEmptySetHasNoMessages) {
  const auto set = decode_legacy_message_set({});
  ASSERT_TRUE(set.has_value());
  EXPECT_TRUE(set->messages.empty());
}

TEST(LegacyMessageSet, EveryTruncationInsideAnEntryIsRefused) {
  const ByteVector whole = bytes_of_hex(kMagic1);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const ByteVector cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto set = decode_legacy_message_set(cut);
    if (size == 46 || size == 89) {
      EXPECT_TRUE(set.has_value()) << "the end of an entry";
    } else {
      EXPECT_FALSE(set.has_value()) << size;
    }
  }
}

TEST(LegacyMessageSet, DamageIsFound) {
  const ByteVector whole = bytes_of_hex(kMagic1);
  ByteVector flipped = whole;
  flipped[40] ^= 1;
  EXPECT_EQ(error_of(flipped), LegacyErrc::bad_checksum);
  ByteVector other_magic = whole;
  other_magic[16] = 2;
  EXPECT_EQ(error_of(other_magic), LegacyErrc::bad_magic);
  ByteVector negative_size = whole;
  negative_size[8] = 0x80;
  EXPECT_EQ(error_of(negative_size), LegacyErrc::truncated);
  ByteVector short_entry = whole;
  short_entry[11] = 3;
  EXPECT_EQ(error_of(short_entry), LegacyErrc::truncated);
}

TEST(LegacyMessageSet, BadWrappersAreRefused) {
  EXPECT_EQ(error_of(entry(1, 4, bytes::as_bytes("zstd is not of this format"))), LegacyErrc::unsupported_codec);
  EXPECT_EQ(error_of(entry(1, 7, {})), LegacyErrc::unsupported_codec);
  EXPECT_EQ(error_of(entry(1, 1, bytes::as_bytes("not gzip"))), LegacyErrc::bad_compression);
  // A wrapper whose content is again a wrapper could be repeated without end.
  const ByteVector inner = bytes_of_hex(kMagic1Snappy);
  // One raw snappy block: the size as a varint, then one literal whose length is in the next byte.
  ASSERT_TRUE(inner.size() >= 128 && inner.size() <= 256);
  const auto size = static_cast<unsigned>(inner.size());
  ByteVector raw_snappy{static_cast<std::uint8_t>((size & 0x7F) | 0x80), static_cast<std::uint8_t>(size >> 7), 60 << 2,
                        static_cast<std::uint8_t>(size - 1)};
  raw_snappy.insert(raw_snappy.end(), inner.begin(), inner.end());
  EXPECT_EQ(error_of(entry(1, 2, raw_snappy)), LegacyErrc::bad_compression);
}

TEST(LegacyMessageSet, LimitsHold) {
  EXPECT_EQ(error_of(bytes_of_hex(kMagic1), {.max_messages = 2}), LegacyErrc::too_large);
  EXPECT_EQ(error_of(bytes_of_hex(kMagic1Gzip), {.max_decompressed = base::Bytes(50)}), LegacyErrc::too_large);
  // The limit is for all wrappers together: 125 bytes each.
  ByteVector twice = bytes_of_hex(kMagic1Gzip);
  const ByteVector once = twice;
  twice.insert(twice.end(), once.begin(), once.end());
  EXPECT_EQ(error_of(twice, {.max_decompressed = base::Bytes(200)}), LegacyErrc::too_large);
  EXPECT_TRUE(decode_legacy_message_set(twice, {.max_decompressed = base::Bytes(250)}).has_value());
}

TEST(LegacyMessageSet, AStampedWrapperStampsItsMessages) {
  const ByteVector gzip = bytes_of_hex(kMagic1Gzip);
  const ByteVector input = entry(1, 1 | 8, bytes::ByteView(gzip).subspan(34));
  const auto set = decode_legacy_message_set(input);
  ASSERT_TRUE(set.has_value()) << set.error().detail;
  ASSERT_EQ(set->messages.size(), 3u);
  for (const auto& message : set->messages) {
    EXPECT_EQ(message.timestamp, 555);
    EXPECT_TRUE(message.log_append_time);
  }
}

TEST(LegacyMessageSet, MagicIsSeenWithoutReading) {
  EXPECT_EQ(peek_magic(bytes_of_hex(kMagic0)), 0);
  EXPECT_EQ(peek_magic(bytes_of_hex(kMagic1)), 1);
  EXPECT_FALSE(peek_magic(ByteVector(16)).has_value());
}

TEST(Murmur2, AgreesWithKafkaPython) {
  EXPECT_EQ(murmur2({}), 275646681u);
  EXPECT_EQ(murmur2(bytes::as_bytes("a")), 2731586172u);
  EXPECT_EQ(murmur2(bytes::as_bytes("ab")), 316155434u);
  EXPECT_EQ(murmur2(bytes::as_bytes("abc")), 479470107u);
  EXPECT_EQ(murmur2(bytes::as_bytes("abcd")), 2971317748u);
  EXPECT_EQ(murmur2(bytes::as_bytes("21")), 3321034988u);
  EXPECT_EQ(murmur2(bytes::as_bytes("foobar")), 3504634814u);
  EXPECT_EQ(murmur2(bytes::as_bytes("a-little-bit-long-string")), 3308985760u);
  EXPECT_EQ(murmur2(bytes::as_bytes("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")), 4236069325u);
  ByteVector high(128);
  for (std::size_t i = 0; i < high.size(); ++i) high[i] = static_cast<std::uint8_t>(128 + i);
  EXPECT_EQ(murmur2(high), 872916902u);
  EXPECT_EQ(partition_for_key(bytes::as_bytes("abcd"), 10), (2971317748u & 0x7FFFFFFF) % 10);
}

}  // namespace
}  // namespace millrace::wire::kafka

#include "wire/kafka/primitives.h"

#include <gtest/gtest.h>

#include "wire/kafka/error_codes.h"
#include "wire/kafka/frame.h"
#include "wire/kafka/generated/api_versions_request.h"
#include "wire/kafka/generated/metadata_response.h"
#include "wire/kafka/generated/offset_for_leader_epoch_request.h"
#include "wire/kafka/murmur2.h"
#include "wire/kafka/text_store.h"

namespace millrace::wire::kafka {
namespace {

using bytes::ByteVector;

template <class Read>
bool reads(const ByteVector& input, bool flexible, Read read) {
  bytes::Reader reader(input);
  Decoder in(reader, 0, flexible);
  read(in);
  return in.ok();
}

TEST(Primitives, StringsInBothForms) {
  std::optional<std::string> text;
  const auto nullable = [&](Decoder& in) {
    const auto view = in.nullable_text();
    text = view ? std::optional<std::string>(*view) : std::nullopt;
  };
  EXPECT_TRUE(reads({0, 2, 'h', 'i'}, false, nullable));
  EXPECT_EQ(text, "hi");
  EXPECT_TRUE(reads({0xFF, 0xFF}, false, nullable));
  EXPECT_FALSE(text.has_value());
  EXPECT_TRUE(reads({3, 'h', 'i'}, true, nullable));
  EXPECT_EQ(text, "hi");
  EXPECT_TRUE(reads({0}, true, nullable));
  EXPECT_FALSE(text.has_value());
  EXPECT_TRUE(reads({1}, true, nullable));
  EXPECT_EQ(text, "");
}

TEST(Primitives, BadStringLengthsAreRefused) {
  const auto nullable = [](Decoder& in) { (void)in.nullable_text(); };
  EXPECT_FALSE(reads({0xFF, 0xFE}, false, nullable)) << "-2";
  EXPECT_FALSE(reads({0x80, 0x00}, false, nullable)) << "-32768";
  EXPECT_FALSE(reads({0, 3, 'h', 'i'}, false, nullable)) << "longer than the input";
  EXPECT_FALSE(reads({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, true, nullable)) << "over 32 bits";
  ByteVector long_text{0x82, 0x80, 0x02};  // 32768 + 1 + 1: one byte more than a string may have
  long_text.resize(40000);
  EXPECT_FALSE(reads(long_text, true, nullable));
  long_text[0] = 0x80;
  EXPECT_TRUE(reads(long_text, true, nullable)) << "32767 bytes";
}

TEST(Primitives, BadByteLengthsAreRefused) {
  const auto blob = [](Decoder& in) { (void)in.nullable_blob(); };
  EXPECT_TRUE(reads({0xFF, 0xFF, 0xFF, 0xFF}, false, blob));
  EXPECT_FALSE(reads({0xFF, 0xFF, 0xFF, 0xFE}, false, blob));
  EXPECT_FALSE(reads({0x7F, 0xFF, 0xFF, 0xFF}, false, blob));
  EXPECT_FALSE(reads({0, 0, 0, 2, 1}, false, blob));
  EXPECT_FALSE(reads({0xFF, 0xFF, 0xFF, 0xFF, 0x0F}, true, blob));
}

TEST(Primitives, ArrayCountsAreCheckedBeforeAnythingIsAllocated) {
  std::vector<std::int64_t> numbers;
  const auto array = [&](Decoder& in) { in.array(numbers); };
  EXPECT_TRUE(reads({0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7}, false, array));
  EXPECT_EQ(numbers, std::vector<std::int64_t>{7});
  EXPECT_FALSE(reads({0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}, false, array));
  EXPECT_FALSE(reads({0x80, 0, 0, 0}, false, array));
  EXPECT_FALSE(reads({0xFF, 0xFF, 0xFF, 0xFF}, false, array)) << "null where it may not be";
  EXPECT_FALSE(reads({0xFF, 0xFF, 0xFF, 0xFF, 0x0F}, true, array));
  EXPECT_FALSE(reads({0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7}, false, array)) << "needs 16 bytes, has 8";
  EXPECT_LE(numbers.capacity(), 1u);
}

TEST(Primitives, MemoryOfTinyElementsIsLimited) {
  ByteVector many_empty_texts{0x81, 0x80, 0x80, 0x04};  // 8388608 elements of one byte
  many_empty_texts.resize((std::size_t{8} << 20) + 4, 1);
  std::vector<Text> texts;
  EXPECT_FALSE(reads(many_empty_texts, true, [&](Decoder& in) { in.array(texts); }));
  EXPECT_EQ(texts.capacity(), 0u);
}

TEST(Primitives, TaggedFieldsInOrderAndUnknownOnesSkipped) {
  std::int32_t seen = 0;
  const auto tagged = [&](Decoder& in) {
    in.tagged_fields([&](std::uint32_t tag, Decoder& field) {
      if (tag != 1) return false;
      seen = field.i32();
      return true;
    });
  };
  EXPECT_TRUE(reads({2, 0, 3, 9, 9, 9, 1, 4, 0, 0, 0, 42}, true, tagged));
  EXPECT_EQ(seen, 42);
  EXPECT_FALSE(reads({2, 1, 4, 0, 0, 0, 42, 0, 0}, true, tagged)) << "descending tags";
  EXPECT_FALSE(reads({2, 1, 4, 0, 0, 0, 42, 1, 4, 0, 0, 0, 42}, true, tagged)) << "the same tag twice";
  EXPECT_FALSE(reads({1, 1, 5, 0, 0, 0, 42, 0}, true, tagged)) << "a known field with bytes left over";
  EXPECT_FALSE(reads({1, 1, 3, 0, 0, 0, 42}, true, tagged)) << "a known field cut short";
  EXPECT_FALSE(reads({1, 7, 9, 0}, true, tagged)) << "a size past the end";
  EXPECT_FALSE(reads({0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 7, 0}, true, tagged)) << "more fields than bytes";
}

TEST(Primitives, LongTaggedFieldsGetTheirSizeInFront) {
  ByteVector out;
  bytes::Writer writer(out);
  Encoder encoder(writer, 0, true);
  const std::string text(200, 'x');
  encoder.tagged_field(5, [&](Encoder& field) { field.text(Text(text)); });
  ASSERT_EQ(out.size(), 1 + 2 + 2 + 200u);
  EXPECT_EQ((ByteVector{out.begin(), out.begin() + 6}), (ByteVector{5, 0xCA, 0x01, 0xC9, 0x01, 'x'}));
}

TEST(Frames, SplitsTheInput) {
  const ByteVector input{0, 0, 0, 2, 7, 8, 9};
  bytes::ByteView frame;
  EXPECT_EQ(find_frame(input, 10, frame), FrameState::complete);
  EXPECT_EQ(frame.size(), 2u);
  EXPECT_EQ(frame[0], 7);
  EXPECT_EQ(find_frame(bytes::ByteView(input).first(5), 10, frame), FrameState::incomplete);
  EXPECT_EQ(find_frame(bytes::ByteView(input).first(3), 10, frame), FrameState::incomplete);
  EXPECT_EQ(find_frame(input, 1, frame), FrameState::malformed);
  EXPECT_EQ(find_frame(ByteVector{0xFF, 0xFF, 0xFF, 0xFF}, 10, frame), FrameState::malformed);
  EXPECT_EQ(find_frame(ByteVector{0, 0, 0, 0}, 10, frame), FrameState::malformed);
}

TEST(Frames, HeaderVersionsFollowTheRequest) {
  const ByteVector plain{0, 18, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF};
  bytes::Reader reader(plain);
  RequestHeader header;
  ASSERT_TRUE(header.decode(reader));
  EXPECT_EQ(header.api_key, 18);
  EXPECT_EQ(header.correlation_id, 1);
  EXPECT_FALSE(header.client_id.has_value());

  // Version 3 of ApiVersions is flexible: tagged fields follow, but the client id is not compact.
  const ByteVector flexible{0, 18, 0, 3, 0, 0, 0, 2, 0, 1, 'c', 1, 0, 2, 9, 9, 0xAA};
  bytes::Reader flexible_reader(flexible);
  ASSERT_TRUE(header.decode(flexible_reader));
  EXPECT_EQ(header.client_id, "c");
  EXPECT_EQ(flexible_reader.remaining(), 1u);

  // A version newer than ours still has a header that we can read, so that it can be answered.
  const ByteVector future{0, 18, 0, 99, 0, 0, 0, 3, 0, 1, 'c', 0};
  bytes::Reader future_reader(future);
  ASSERT_TRUE(header.decode(future_reader));
  EXPECT_EQ(header.correlation_id, 3);
}

TEST(Frames, ApiVersionsResponsesAlwaysHaveTheShortHeader) {
  ByteVector out;
  bytes::Writer writer(out);
  ResponseHeader{7}.encode(writer, ApiKey::api_versions, 4);
  EXPECT_EQ(out, (ByteVector{0, 0, 0, 7}));
  ResponseHeader{8}.encode(writer, ApiKey::metadata, 9);
  EXPECT_EQ(out, (ByteVector{0, 0, 0, 7, 0, 0, 0, 8, 0}));
  bytes::Reader reader(out);
  ResponseHeader header;
  ASSERT_TRUE(header.decode(reader, ApiKey::api_versions, 4));
  EXPECT_EQ(header.correlation_id, 7);
  ASSERT_TRUE(header.decode(reader, ApiKey::metadata, 9));
  EXPECT_EQ(header.correlation_id, 8);
  EXPECT_TRUE(reader.at_end());
}

TEST(Frames, ARequestFrameIsReadBack) {
  ByteVector out;
  bytes::Writer writer(out);
  ApiVersionsRequest request;
  request.client_software_name = "me";
  encode_request(writer, 3, 77, Text("id"), request);
  bytes::ByteView frame;
  ASSERT_EQ(find_frame(out, 1000, frame), FrameState::complete);
  EXPECT_EQ(frame.size() + kFrameSizeBytes, out.size());
  bytes::Reader reader(frame);
  RequestHeader header;
  ASSERT_TRUE(header.decode(reader));
  EXPECT_EQ(header.api_version, 3);
  ApiVersionsRequest decoded;
  ASSERT_TRUE(decode_exact(decoded, reader, header.api_version));
  EXPECT_EQ(decoded.client_software_name, "me");
}

TEST(Defaults, AreThoseOfTheProtocol) {
  EXPECT_EQ(OffsetForLeaderEpochRequest{}.replica_id, -2);
  EXPECT_EQ(MetadataResponse{}.cluster_authorized_operations, std::numeric_limits<std::int32_t>::min());
}

TEST(ErrorCodes, NamesAndRetries) {
  EXPECT_EQ(error_name(ErrorCode::none), "NONE");
  EXPECT_EQ(error_name(ErrorCode::unknown_server_error), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(static_cast<int>(ErrorCode::unsupported_version), 35);
  EXPECT_EQ(error_name(static_cast<ErrorCode>(9999)), "UNDEFINED_ERROR_CODE");
  EXPECT_TRUE(is_retriable(ErrorCode::not_leader_or_follower));
  EXPECT_FALSE(is_retriable(ErrorCode::topic_authorization_failed));
  for (std::size_t i = 1; i < all_errors().size(); ++i) {
    EXPECT_LT(all_errors()[i - 1].code, all_errors()[i].code) << "look-up needs ascending codes";
  }
}

TEST(TextStore, KeepsTextInPlace) {
  TextStore store;
  const Text first = store.keep(std::string(40, 'x'));
  for (int i = 0; i < 1000; ++i) (void)store.keep(std::to_string(i));
  EXPECT_EQ(first, std::string(40, 'x'));
}

}  // namespace
}  // namespace millrace::wire::kafka

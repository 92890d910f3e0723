#include <gtest/gtest.h>

#include "wire/kafka/fill_for_test.h"
#include "wire/kafka/frame.h"
#include "wire/kafka/generated/all_messages.h"
#include "wire/kafka/print.h"

namespace millrace::wire::kafka {
namespace {

using bytes::ByteVector;

template <class Message>
std::string label_of(const Message& message, std::int16_t version) {
  Printer printer(version);
  printer.value(message);
  return printer.take();
}

template <class Message>
ByteVector encoded_fully(const Message& message, std::int16_t version) {
  ByteVector out;
  bytes::Writer writer(out);
  message.encode(writer, version);
  return out;
}

/// Calls check.operator()<Message>() for every request, response and data structure.
template <class Check>
void for_every_message(Check check) {
  AllRequests::for_each(check);
  AllResponses::for_each(check);
  AllData::for_each(check);
}

TEST(Messages, RandomContentSurvivesInEveryVersion) {
  int checked = 0;
  for_every_message([&]<class Message>() {
    Message reused;
    for (std::int16_t version = Message::kMinVersion; version <= Message::kMaxVersion; ++version) {
      for (std::uint64_t seed = 0; seed < 40; ++seed) {
        base::Prng random(seed);
        Filler filler(random, version);
        Message message;
        filler.fill_message(message);
        const ByteVector wire = encoded_fully(message, version);
        bytes::Reader reader(wire);
        ASSERT_TRUE(decode_exact(reused, reader, version)) << Message::kName << " v" << version << " seed " << seed;
        ASSERT_EQ(label_of(message, version), label_of(reused, version)) << Message::kName << version;
        ASSERT_EQ(wire, encoded_fully(reused, version)) << Message::kName << " v" << version << " seed " << seed;
        ++checked;
      }
    }
  });
  EXPECT_GT(checked, 40 * 62 * 4);
}

TEST(Messages, FieldsOfOtherVersionsAreResetOnDecode) {
  FetchRequest request;
  request.rack_id = "rack";
  request.cluster_id = "cluster";
  request.session_epoch = 7;
  request.replica_state.replica_id = 9;
  request.forgotten_topics_data.resize(1);
  const ByteVector wire = encoded_fully(FetchRequest{}, 4);
  bytes::Reader reader(wire);
  ASSERT_TRUE(decode_exact(request, reader, 4));
  EXPECT_EQ(request.to_text(), FetchRequest{}.to_text());
}

TEST(Messages, EveryTruncationIsRefused) {
  for_every_message([]<class Message>() {
    for (std::int16_t version = Message::kMinVersion; version <= Message::kMaxVersion; ++version) {
      base::Prng random(static_cast<std::uint64_t>(version) + 77);
      Filler filler(random, version);
      Message message;
      filler.fill_message(message);
      const ByteVector wire = encoded_fully(message, version);
      for (std::size_t size = 0; size < wire.size(); ++size) {
        bytes::Reader reader(bytes::ByteView(wire).first(size));
        Message decoded;
        ASSERT_FALSE(decoded.decode(reader, version)) << Message::kName << " v" << version << " cut at " << size;
      }
    }
  });
}

TEST(Messages, DamagedBytesNeverLeadOutsideTheInput) {
  // Run with the sanitizers this checks memory safety; without, that no assertion fires and re-encoding is stable.
  for_every_message([]<class Message>() {
    for (std::int16_t version = Message::kMinVersion; version <= Message::kMaxVersion; ++version) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        base::Prng random(seed * 1000 + static_cast<std::uint64_t>(version));
        Filler filler(random, version);
        Message message;
        filler.fill_message(message);
        ByteVector wire = encoded_fully(message, version);
        if (wire.empty()) continue;
        for (int i = 0; i < 3; ++i) {
          wire[random.below(wire.size())] = static_cast<std::uint8_t>(random.chance(1, 2) ? 0xFF : random.next());
        }
        bytes::Reader reader(wire);
        Message decoded;
        if (!decoded.decode(reader, version)) continue;
        const ByteVector again = encoded_fully(decoded, version);
        bytes::Reader second_reader(again);
        Message second;
        ASSERT_TRUE(decode_exact(second, second_reader, version)) << Message::kName << " v" << version;
        ASSERT_EQ(again, encoded_fully(second, version));
      }
    }
  });
}

TEST(Messages, VersionsOutsideTheRangeAreRefused) {
  for_every_message([]<class Message>() {
    const ByteVector zeros(200);
    for (const int version : {-32768, -1, Message::kMinVersion - 1, Message::kMaxVersion + 1, 32767}) {
      bytes::Reader reader(zeros);
      Message message;
      EXPECT_FALSE(message.decode(reader, static_cast<std::int16_t>(version))) << Message::kName << version;
    }
  });
}

TEST(Messages, NullWhereAVersionHasNoneIsWrittenAsEmpty) {
  MetadataRequest request;
  request.topics.reset();
  EXPECT_EQ(encoded_fully(request, 0), (ByteVector{0, 0, 0, 0}));
  EXPECT_EQ(encoded_fully(request, 1), (ByteVector{0xFF, 0xFF, 0xFF, 0xFF}));
}

TEST(Messages, NullInARequiredFieldIsRefused) {
  FindCoordinatorRequest request;
  const ByteVector null_key{0xFF, 0xFF};
  bytes::Reader reader(null_key);
  EXPECT_FALSE(request.decode(reader, 0));
}

TEST(Messages, DetachedRecordsAreLeftOutAndTold) {
  const ByteVector first{1, 2, 3};
  const ByteVector second{4, 5, 6, 7};
  FetchResponse response;
  response.responses.resize(1);
  response.responses[0].topic = "t";
  auto& partitions = response.responses[0].partitions;
  partitions.resize(3);
  partitions[0].records = Records(first);
  partitions[2].records = Records(second);
  for (std::int16_t version = FetchResponse::kMinVersion; version <= FetchResponse::kMaxVersion; ++version) {
    ByteVector whole;
    bytes::Writer whole_writer(whole);
    encode_response(whole_writer, version, 5, response);

    FetchResponse scattered = response;
    scattered.responses[0].partitions[0].records = Records::detached(3, 10);
    scattered.responses[0].partitions[2].records = Records::detached(4, 20);
    ByteVector pieces{0xEE};  // something that was in the output before
    bytes::Writer writer(pieces);
    std::vector<RecordSplice> splices;
    encode_response(writer, version, 5, scattered, &splices);
    ASSERT_EQ(splices.size(), 2u);
    EXPECT_EQ(splices[0].token, 10u);
    EXPECT_EQ(splices[1].token, 20u);
    ByteVector joined = pieces;
    for (const auto& [splice, content] : {std::pair(splices[1], second), std::pair(splices[0], first)}) {
      joined.insert(joined.begin() + static_cast<std::ptrdiff_t>(splice.position), content.begin(), content.end());
    }
    joined.erase(joined.begin());
    ASSERT_EQ(joined, whole) << "version " << version;
  }
}

TEST(Messages, SecretsStayOutOfTheText) {
  SaslAuthenticateRequest request;
  request.auth_bytes = bytes::as_bytes("password");
  EXPECT_EQ(request.to_text(), "SaslAuthenticateRequest{auth_bytes=<8 bytes hidden>}");
}

TEST(Messages, TextShowsFieldsAndEscapesControlCharacters) {
  FindCoordinatorRequest request;
  request.key = "a\"\n";
  request.coordinator_keys = {Text("x"), Text("y")};
  EXPECT_EQ(request.to_text(),
            "FindCoordinatorRequest{key=\"a\\x22\\x0a\", key_type=0, coordinator_keys=[\"x\", \"y\"]}");
}

TEST(Messages, TemporaryStringsAreNoText) {
  static_assert(!std::is_constructible_v<Text, std::string>);
  static_assert(!std::is_assignable_v<std::optional<Text>&, std::string>);
  static_assert(std::is_constructible_v<Text, const std::string&>);
}

TEST(Messages, ApiTableMatchesTheMessages) {
  std::size_t count = 0;
  AllRequests::for_each([&]<class Request>() {
    const ApiInfo* info = find_api(Request::kApiKey);
    ASSERT_NE(info, nullptr);
    EXPECT_EQ(info->min_version, Request::kMinVersion);
    EXPECT_EQ(info->max_version, Request::kMaxVersion);
    EXPECT_EQ(info->flexible_from, Request::kFlexibleFrom);
    EXPECT_TRUE(AllResponses::for_key(
        Request::kApiKey, [&]<class Response>() { EXPECT_EQ(Response::kMaxVersion, Request::kMaxVersion); }));
    ++count;
  });
  EXPECT_EQ(count, all_apis().size());
  EXPECT_EQ(find_api(static_cast<ApiKey>(999)), nullptr);
}

}  // namespace
}  // namespace millrace::wire::kafka

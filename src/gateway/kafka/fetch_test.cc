#include <gtest/gtest.h>

#include "gateway/kafka/test_client_test.h"

namespace millrace::gateway::kafka {
namespace {

using wire::ErrorCode;

constexpr std::int16_t kVersion = 12;
constexpr std::size_t kValueBytes = 100'000;

class FetchLimits : public testing::Test {
 protected:
  FetchLimits() { TestClient(world).create_topic("t", 4); }

  static wire::FetchRequest request_of(std::int32_t max_bytes, const std::vector<std::int32_t>& partitions) {
    wire::FetchRequest request;
    request.max_bytes = max_bytes;
    request.session_epoch = -1;
    auto& topic = request.topics.emplace_back();
    topic.topic = "t";
    for (const std::int32_t partition : partitions) topic.partitions.push_back(want(partition, 0));
    return request;
  }
  void fill(std::int32_t partition, int records) {
    TestClient client(world);
    for (int i = 0; i < records; ++i) {
      ASSERT_EQ(client.produce("t", partition, {std::string(kValueBytes, 'x')}).error_code, ErrorCode::none);
    }
  }
  static std::size_t bytes_of(const wire::FetchResponse::Partition& partition) {
    return partition.records.has_value() ? partition.records->view().size() : 0;
  }
  static std::vector<wire::FetchResponse::Partition> partitions_of(const wire::FetchResponse& response) {
    std::vector<wire::FetchResponse::Partition> all;
    for (const auto& topic : response.responses) {
      all.insert(all.end(), topic.partitions.begin(), topic.partitions.end());
    }
    return all;
  }

  GatewayWorld world{67};
};

// The same partition thousands of times: one answer's worth is read, and each mention is answered.
TEST_F(FetchLimits, ManyMentionsOfAPartitionCostOneAnswer) {
  fill(0, 8);
  TestClient client(world);
  const auto answers =
      partitions_of(client.ask<wire::FetchResponse>(kVersion, request_of(300'000, std::vector<std::int32_t>(5000, 0))));
  ASSERT_EQ(answers.size(), 5000U);
  std::size_t total = 0;
  for (const auto& answer : answers) {
    EXPECT_EQ(answer.error_code, ErrorCode::none);
    EXPECT_EQ(answer.high_watermark, 8);
    total += bytes_of(answer);
  }
  EXPECT_GE(total, kValueBytes);
  EXPECT_LE(total, 300'000U);
}

// What empty partitions leave over goes to those behind them, whatever they asked for themselves.
TEST_F(FetchLimits, PartitionsBehindEmptyOnesGetTheRoom) {
  fill(2, 5);
  fill(3, 5);
  TestClient client(world);
  const auto answers = partitions_of(client.ask<wire::FetchResponse>(kVersion, request_of(1 << 20, {0, 1, 2, 3})));
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(bytes_of(answers[0]) + bytes_of(answers[1]), 0U);
  EXPECT_GE(bytes_of(answers[2]), 5 * kValueBytes);
  EXPECT_GE(bytes_of(answers[3]), 5 * kValueBytes);
}

TEST_F(FetchLimits, AFullAnswerStillTellsWhereTheOthersEnd) {
  fill(0, 5);
  fill(1, 5);
  TestClient client(world);
  const auto answers = partitions_of(client.ask<wire::FetchResponse>(kVersion, request_of(1000, {0, 1, 2})));
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_GE(bytes_of(answers[0]), kValueBytes) << "the first batch is sent whatever its size";
  EXPECT_EQ(bytes_of(answers[1]), 0U);
  EXPECT_EQ(answers[1].high_watermark, 5);
  EXPECT_EQ(answers[2].high_watermark, 0);
}

// Less than the client asks for at least is enough when more may not be sent.
TEST_F(FetchLimits, NobodyWaitsForMoreThanAnAnswerHasRoomFor) {
  fill(0, 8);
  TestClient client(world);
  for (const std::int32_t max_bytes : {1000, 250'000}) {
    auto request = request_of(max_bytes, {1, 0});
    request.min_bytes = 10'000'000;
    request.max_wait_ms = 30'000;
    client.send(kVersion, request);
    const auto answers = partitions_of(client.expect<wire::FetchResponse>(kVersion, 5));
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_GE(bytes_of(answers[1]), kValueBytes);
  }
  auto request = request_of(10'000'000, {0});
  request.min_bytes = 2'000'000;
  request.max_wait_ms = 30'000;
  client.send(kVersion, request);
  EXPECT_TRUE(client.silent(20'000)) << "there is room for more";
  EXPECT_GE(bytes_of(partitions_of(client.expect<wire::FetchResponse>(kVersion)).at(0)), 8 * kValueBytes);
}

TEST_F(FetchLimits, FetchesSentAheadAreAllAnswered) {
  fill(0, 3);
  TestClient client(world);
  for (int i = 0; i < 20; ++i) client.send(kVersion, request_of(1 << 20, {0}));
  for (int i = 0; i < 20; ++i) {
    const auto answers = partitions_of(client.expect<wire::FetchResponse>(kVersion));
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_GE(bytes_of(answers[0]), 3 * kValueBytes);
  }
}

}  // namespace
}  // namespace millrace::gateway::kafka

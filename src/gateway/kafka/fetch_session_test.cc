#include "gateway/kafka/fetch_session.h"

#include <gtest/gtest.h>

#include "gateway/kafka/test_client_test.h"

namespace millrace::gateway::kafka {
namespace {

using wire::ErrorCode;

wire::FetchRequest request_of(std::vector<std::pair<std::string_view, std::int32_t>> partitions) {
  wire::FetchRequest request;
  request.max_bytes = 1 << 20;
  for (const auto& [topic, partition] : partitions) {
    auto& to = request.topics.emplace_back();
    to.topic = topic;
    to.partitions.push_back(want(partition, 0));
  }
  return request;
}

TEST(FetchSession, RemembersForgetsAndTurns) {
  const auto session = FetchSession::open(9, request_of({{"a", 0}, {"a", 1}, {"b", 0}}), false);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->id(), 9);
  EXPECT_EQ(session->epoch(), 1);
  EXPECT_EQ(session->wanted().size(), 3U);
  session->move_back(session->wanted()[0]);
  EXPECT_EQ(session->wanted()[2].topic, "a");
  EXPECT_EQ(session->wanted()[2].partition, 0);

  auto change = request_of({{"b", 0}, {"c", 4}});
  change.topics[0].partitions[0].fetch_offset = 77;
  auto& forgotten = change.forgotten_topics_data.emplace_back();
  forgotten.topic = "a";
  forgotten.partitions = {1, 8};
  ASSERT_TRUE(session->update(change));
  EXPECT_EQ(session->epoch(), 2);
  const auto wanted = session->wanted();
  ASSERT_EQ(wanted.size(), 3U);
  EXPECT_EQ(wanted[0].topic, "b");
  EXPECT_EQ(wanted[0].offset, 77);
  EXPECT_EQ(wanted[1].topic, "a");
  EXPECT_EQ(wanted[2].topic, "c");
  EXPECT_TRUE(session->tell(wanted[0], {10, 0}));
  EXPECT_FALSE(session->tell(wanted[0], {10, 0}));
  EXPECT_TRUE(session->tell(wanted[0], {11, 0}));
}

TEST(FetchSession, IsLimited) {
  wire::FetchRequest request;
  auto& topic = request.topics.emplace_back();
  topic.topic = "t";
  topic.partitions.resize(FetchSession::kMaxPartitions + 1);
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    topic.partitions[i].partition = static_cast<std::int32_t>(i);
  }
  EXPECT_EQ(FetchSession::open(1, request, false), nullptr);
  topic.partitions.pop_back();
  const auto session = FetchSession::open(1, request, false);
  ASSERT_NE(session, nullptr);
  EXPECT_FALSE(session->update(request_of({{"u", 0}})));
}

class FetchTest : public testing::Test {
 protected:
  FetchTest() {
    id = client.create_topic("t", 2).topic_id;
    client.create_topic("u", 1);
  }
  /// Both partitions of "t" by id, from these offsets.
  wire::FetchRequest by_id(std::int64_t first, std::int64_t second) {
    wire::FetchRequest request;
    request.max_bytes = 1 << 20;
    auto& topic = request.topics.emplace_back();
    topic.topic_id = id;
    topic.partitions.push_back(want(0, first));
    topic.partitions.push_back(want(1, second));
    return request;
  }
  wire::FetchResponse fetch(const wire::FetchRequest& request, std::int16_t version = 17) {
    return client.ask<wire::FetchResponse>(version, request);
  }

  GatewayWorld world{41};
  TestClient client{world};
  wire::Uuid id;
};

TEST_F(FetchTest, TopicsAreNamedById) {
  const bytes::Slab batch = client.make_batch({"x"});
  wire::ProduceRequest produce;
  produce.acks = -1;
  auto& topic = produce.topic_data.emplace_back();
  topic.topic_id = id;
  topic.partition_data.push_back({1, wire::Records(batch.view())});
  const auto produced = client.ask<wire::ProduceResponse>(13, produce);
  EXPECT_EQ(produced.responses.at(0).topic_id, id);
  EXPECT_EQ(produced.responses[0].partition_responses[0].error_code, ErrorCode::none);
  const auto got = fetch(by_id(0, 0));
  ASSERT_EQ(got.responses.size(), 1U);
  EXPECT_EQ(got.responses[0].topic_id, id);
  EXPECT_EQ(got.responses[0].partitions.at(1).high_watermark, 1);
  EXPECT_GT(got.responses[0].partitions[1].records->size(), 0U);

  topic.topic_id.value[0] ^= 1;
  EXPECT_EQ(client.ask<wire::ProduceResponse>(13, produce).responses[0].partition_responses[0].error_code,
            ErrorCode::unknown_topic_id);
  auto unknown = by_id(0, 0);
  unknown.topics[0].topic_id.value[0] ^= 1;
  EXPECT_EQ(fetch(unknown).responses.at(0).partitions.at(0).error_code, ErrorCode::unknown_topic_id);
  // A queue has an id as well, which Metadata tells.
  world.broker.declare("queue");
  wire::MetadataRequest metadata;
  metadata.topics.emplace();
  metadata.topics->push_back({{}, wire::Text("queue")});
  topic.topic_id = client.ask<wire::MetadataResponse>(13, metadata).topics.at(0).topic_id;
  topic.partition_data[0].index = 0;
  EXPECT_EQ(client.ask<wire::ProduceResponse>(13, produce).responses[0].partition_responses[0].error_code,
            ErrorCode::none);
}

TEST_F(FetchTest, ASessionTellsOnlyNews) {
  client.produce("t", 0, {"one"});
  auto request = by_id(0, 0);
  request.session_epoch = 0;
  const auto full = fetch(request);
  EXPECT_GT(full.session_id, 0);
  ASSERT_EQ(full.responses.at(0).partitions.size(), 2U);
  EXPECT_GT(full.responses[0].partitions[0].records->size(), 0U);

  wire::FetchRequest next;
  next.max_bytes = 1 << 20;
  next.session_id = full.session_id;
  next.session_epoch = 1;
  auto& moved = next.topics.emplace_back();
  moved.topic_id = id;
  moved.partitions.push_back(want(0, 1));
  const auto nothing = fetch(next);
  EXPECT_EQ(nothing.error_code, ErrorCode::none);
  EXPECT_EQ(nothing.session_id, full.session_id);
  EXPECT_TRUE(nothing.responses.empty());

  client.produce("t", 1, {"two"});
  next.topics.clear();
  next.session_epoch = 2;
  next.max_wait_ms = 1000;
  next.min_bytes = 1;
  const auto news = fetch(next);
  ASSERT_EQ(news.responses.size(), 1U);
  ASSERT_EQ(news.responses[0].partitions.size(), 1U);
  EXPECT_EQ(news.responses[0].partitions[0].partition_index, 1);
  EXPECT_EQ(news.responses[0].partitions[0].high_watermark, 1);

  EXPECT_EQ(fetch(next).error_code, ErrorCode::invalid_fetch_session_epoch) << "the same number again";
  next.session_epoch = 3;
  EXPECT_EQ(fetch(next, 12).error_code, ErrorCode::fetch_session_topic_id_error);
  next.session_id += 1;
  EXPECT_EQ(fetch(next).error_code, ErrorCode::fetch_session_id_not_found);
  // The end of the session, with one more fetch.
  next = by_id(1, 1);
  next.session_id = full.session_id;
  next.session_epoch = -1;
  EXPECT_EQ(fetch(next).session_id, 0);
  next.session_epoch = 4;
  EXPECT_EQ(fetch(next).error_code, ErrorCode::fetch_session_id_not_found);
  next.session_epoch = -2;
  EXPECT_EQ(fetch(next).error_code, ErrorCode::invalid_fetch_session_epoch);
}

TEST_F(FetchTest, WaitsForEnoughOrForItsTime) {
  auto request = request_of({{"t", 0}, {"t", 1}});
  request.max_wait_ms = 10'000;
  request.min_bytes = 1;
  client.send(12, request);
  EXPECT_TRUE(client.silent(500));
  TestClient other(world);
  other.produce("t", 1, {"news"});
  const auto woken = client.expect<wire::FetchResponse>(12, 1);
  EXPECT_EQ(woken.responses.at(0).partitions.at(1).high_watermark, 1);
  request.min_bytes = 1000;
  client.send(12, request);
  EXPECT_TRUE(client.silent(9'000));
  const auto late = client.expect<wire::FetchResponse>(12, 2);
  EXPECT_EQ(late.responses.size(), 1U) << "both partitions of one topic";
  EXPECT_EQ(late.responses[0].partitions.size(), 2U);
}

TEST_F(FetchTest, LimitsAndErrors) {
  const std::string big(10'000, 'b');
  client.produce("t", 0, {big});
  client.produce("t", 1, {big});
  auto request = request_of({{"t", 0}, {"t", 1}});
  request.max_bytes = 5'000;
  request.isolation_level = 1;
  const auto got = fetch(request, 11);
  EXPECT_GT(got.responses[0].partitions[0].records->size(), 5'000U) << "the first batch comes in any case";
  EXPECT_EQ(got.responses[0].partitions[1].records->size(), 0U);
  EXPECT_TRUE(got.responses[0].partitions[0].aborted_transactions.has_value());
  EXPECT_EQ(got.responses[0].partitions[0].last_stable_offset, 1);
  request.topics[0].partitions[0].fetch_offset = 2;
  EXPECT_EQ(fetch(request, 11).responses[0].partitions[0].error_code, ErrorCode::offset_out_of_range);
  EXPECT_EQ(fetch(request_of({{"nowhere", 0}}), 12).responses[0].partitions[0].error_code,
            ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(fetch(request_of({{"t", 5}}), 4).responses[0].partitions[0].error_code,
            ErrorCode::unknown_topic_or_partition);
  world.put_user("other", "o");
  world.permit("other", "^$", "^$", "^u$");
  TestClient other(world);
  ASSERT_EQ(other.login("other", "o"), ErrorCode::none);
  EXPECT_EQ(other.ask<wire::FetchResponse>(17, by_id(0, 0)).responses[0].partitions[0].error_code,
            ErrorCode::topic_authorization_failed);
}

}  // namespace
}  // namespace millrace::gateway::kafka

#include "gateway/kafka/quotas.h"

#include <gtest/gtest.h>

#include "gateway/kafka/test_client_test.h"

namespace millrace::gateway::kafka {
namespace {

using catalog::QuotaEntity;
using catalog::QuotaKind;
using wire::ErrorCode;

Options quota_settings() {
  Options options;
  options.anonymous_user.clear();
  return options;
}
constexpr base::Nanos kSecond{1'000'000'000};

TEST(Quotas, ABucketHasASecondInAdvance) {
  QuotaBucket bucket;
  EXPECT_EQ(bucket.charge(kSecond, 100, 100), base::Nanos(0));
  EXPECT_EQ(bucket.charge(kSecond, 50, 100), base::Nanos(500'000'000));
  EXPECT_EQ(bucket.charge(kSecond, 50, 100), kSecond);
  EXPECT_FALSE(bucket.idle(kSecond));
  EXPECT_EQ(bucket.charge(base::Nanos(10 * kSecond.value), 100, 100), base::Nanos(0)) << "it was idle long enough";
}

TEST(Quotas, ABucketTakesWhatFitsOrWaits) {
  QuotaBucket bucket;
  EXPECT_EQ(bucket.try_charge(kSecond, 60, 100), base::Nanos(0));
  EXPECT_EQ(bucket.try_charge(kSecond, 60, 100), base::Nanos(200'000'000));
  EXPECT_EQ(bucket.try_charge(kSecond, 40, 100), base::Nanos(0)) << "what did not fit was not counted";
  EXPECT_EQ(bucket.debt(kSecond), base::Nanos(0));
  EXPECT_EQ(bucket.try_charge(kSecond, 500, 100), kSecond) << "more than there can ever be: when it is full";
  const base::Nanos later(2 * kSecond.value);
  EXPECT_EQ(bucket.try_charge(later, 500, 100), base::Nanos(0));
  EXPECT_EQ(bucket.debt(later), base::Nanos(4 * kSecond.value));
}

TEST(Quotas, TheNearestOneCounts) {
  catalog::State state;
  const auto put = [&](catalog::QuotaSubject subject, std::uint64_t limit) {
    state.apply(
        catalog::PutClientQuota{{.subject = std::move(subject), .limits = {{QuotaKind::write_bytes, limit * 1000}}}});
  };
  std::uint64_t generation = 0;
  const auto wait = [&] {
    ClientLimits limits(std::make_shared<QuotaBuckets>());
    limits.refresh(state, ++generation, "ann", "app", kSecond);
    // Five seconds' worth of a limit of 100 has to be waited for four seconds, and so on.
    return limits.charge(QuotaKind::write_bytes, 1000, kSecond).value / kSecond.value;
  };
  EXPECT_EQ(wait(), 0);
  put({{QuotaEntity::client_id, std::nullopt}}, 10);
  EXPECT_EQ(wait(), 99);
  put({{QuotaEntity::client_id, "app"}}, 20);
  EXPECT_EQ(wait(), 49);
  put({{QuotaEntity::user, std::nullopt}}, 25);
  EXPECT_EQ(wait(), 39);
  put({{QuotaEntity::user, std::nullopt}, {QuotaEntity::client_id, "app"}}, 40);
  EXPECT_EQ(wait(), 24);
  put({{QuotaEntity::user, "ann"}}, 50);
  EXPECT_EQ(wait(), 19);
  put({{QuotaEntity::user, "ann"}, {QuotaEntity::client_id, "app"}}, 100);
  EXPECT_EQ(wait(), 9);
  put({{QuotaEntity::user, "bob"}}, 1);
  EXPECT_EQ(wait(), 9);
}

TEST(Quotas, ClientsOfOneQuotaShareIt) {
  catalog::State state;
  state.apply(catalog::PutClientQuota{
      {.subject = {{QuotaEntity::user, "ann"}}, .limits = {{QuotaKind::write_bytes, 100'000}}}});
  const auto buckets = std::make_shared<QuotaBuckets>();
  ClientLimits one(buckets);
  ClientLimits two(buckets);
  one.refresh(state, 1, "ann", "a", kSecond);
  two.refresh(state, 1, "ann", "b", kSecond);
  EXPECT_EQ(one.charge(QuotaKind::write_bytes, 100, kSecond), base::Nanos(0));
  EXPECT_EQ(two.charge(QuotaKind::write_bytes, 100, kSecond), kSecond);
  EXPECT_FALSE(two.limited(QuotaKind::read_bytes));
}

class QuotaTest : public testing::Test {
 protected:
  QuotaTest() {
    world.execute({.commands = {catalog::PutUser{{"test", auth::hash_password("secret", 1), {"administrator"}}}}});
    EXPECT_EQ(client.login(), ErrorCode::none);
    client.create_topic("t");
  }
  wire::AlterClientQuotasResponse alter(const std::vector<std::pair<std::string, std::optional<std::string>>>& entity,
                                        std::string_view key, double value, bool remove = false) {
    wire::AlterClientQuotasRequest request;
    auto& entry = request.entries.emplace_back();
    for (const auto& [type, name] : entity) {
      entry.entity.push_back({.entity_type = wire::Text(type), .entity_name = {}});
      if (name.has_value()) entry.entity.back().entity_name = wire::Text(*name);
    }
    entry.ops.push_back({.key = wire::Text(key), .value = value, .remove = remove});
    return client.ask<wire::AlterClientQuotasResponse>(1, request);
  }
  ErrorCode set(const std::vector<std::pair<std::string, std::optional<std::string>>>& entity, std::string_view key,
                double value, bool remove = false) {
    return alter(entity, key, value, remove).entries.at(0).error_code;
  }
  std::int32_t produce(std::size_t bytes) {
    const bytes::Slab batch = client.make_batch({std::string(bytes, 'x')});
    wire::ProduceRequest request;
    request.acks = -1;
    auto& topic = request.topic_data.emplace_back();
    topic.name = "t";
    topic.partition_data.push_back({0, wire::Records(batch.view())});
    const auto response = client.ask<wire::ProduceResponse>(9, request);
    EXPECT_EQ(response.responses.at(0).partition_responses.at(0).error_code, ErrorCode::none);
    return response.throttle_time_ms;
  }
  std::int64_t now() { return world.broker.world.clock().monotonic().value / 1'000'000; }

  GatewayWorld world{83, quota_settings()};
  TestClient client{world};
};

TEST_F(QuotaTest, ProducersWait) {
  EXPECT_EQ(produce(20'000), 0);
  EXPECT_EQ(set({{"user", "test"}}, "producer_byte_rate", 10'000), ErrorCode::none);
  const std::int32_t wait = produce(30'000);
  EXPECT_NEAR(wait, 2000, 50);
  const std::int64_t begin = now();
  EXPECT_GT(produce(10), 0);
  constexpr int kOnTheWay = 50;
  EXPECT_GE(now() - begin, wait - kOnTheWay) << "nothing was read meanwhile";
  EXPECT_EQ(set({{"user", "test"}}, "producer_byte_rate", 0, true), ErrorCode::none);
  EXPECT_EQ(produce(30'000), 0);
}

TEST_F(QuotaTest, ConsumersWaitWithoutRecords) {
  produce(30'000);
  produce(20'000);
  EXPECT_EQ(set({{"client-id", "tester"}}, "consumer_byte_rate", 10'000), ErrorCode::none);
  wire::FetchRequest request;
  request.max_bytes = 1 << 20;
  request.session_epoch = 0;
  auto& topic = request.topics.emplace_back();
  topic.topic = "t";
  topic.partitions.push_back(want(0, 0));
  const auto first = client.ask<wire::FetchResponse>(12, request);
  EXPECT_EQ(first.throttle_time_ms, 0);
  EXPECT_GT(first.responses.at(0).partitions.at(0).records->size(), 30'000U);
  request.topics[0].partitions[0].fetch_offset = 1;
  const auto second = client.ask<wire::FetchResponse>(12, request);
  EXPECT_NEAR(second.throttle_time_ms, 3000, 100);
  EXPECT_TRUE(second.responses.empty());
  EXPECT_EQ(second.session_id, 0) << "no session begins with this";
  const auto third = client.ask<wire::FetchResponse>(12, request);
  EXPECT_EQ(third.throttle_time_ms, 0) << "it has waited";
  EXPECT_GT(third.session_id, 0);
  EXPECT_GT(third.responses.at(0).partitions.at(0).records->size(), 20'000U);

  produce(10'000);
  request.session_id = third.session_id;
  request.session_epoch = 1;
  request.topics[0].partitions[0].fetch_offset = 2;
  const auto fourth = client.ask<wire::FetchResponse>(12, request);
  EXPECT_GT(fourth.throttle_time_ms, 0);
  EXPECT_EQ(fourth.session_id, third.session_id);
  EXPECT_TRUE(fourth.responses.empty());
  request.session_epoch = 2;
  request.topics.clear();
  EXPECT_GT(client.ask<wire::FetchResponse>(12, request).responses.at(0).partitions.at(0).records->size(), 10'000U);
}

TEST_F(QuotaTest, PartitionsAndConnectionsWait) {
  EXPECT_EQ(set({{"user", std::nullopt}}, "controller_mutation_rate", 2), ErrorCode::none);
  const auto create = [&](std::string_view name, std::int16_t version) {
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = wire::Text(name);
    topic.num_partitions = 6;
    topic.replication_factor = 1;
    return client.ask<wire::CreateTopicsResponse>(version, request);
  };
  const auto made = create("many", 7);
  EXPECT_EQ(made.topics.at(0).error_code, ErrorCode::none);
  EXPECT_EQ(made.throttle_time_ms, 0);
  wire::CreatePartitionsRequest more;
  more.topics.push_back({.name = "many", .count = 7, .assignments = {}});
  const auto refused = client.ask<wire::CreatePartitionsResponse>(3, more);
  EXPECT_EQ(refused.results.at(0).error_code, ErrorCode::throttling_quota_exceeded);
  EXPECT_NEAR(refused.throttle_time_ms, 2000, 100);
  const auto old = create("older", 5);
  EXPECT_EQ(old.topics.at(0).error_code, ErrorCode::none) << "older clients are slowed only";
  EXPECT_NEAR(old.throttle_time_ms, 3000, 100);
  EXPECT_EQ(create("none", 6).topics.at(0).error_code, ErrorCode::none) << "it was waited for";
  wire::DeleteTopicsRequest remove;
  remove.topics.push_back({wire::Text("none"), {}});
  EXPECT_EQ(client.ask<wire::DeleteTopicsResponse>(6, remove).responses.at(0).error_code,
            ErrorCode::throttling_quota_exceeded);
  EXPECT_EQ(set({{"user", std::nullopt}}, "controller_mutation_rate", 0, true), ErrorCode::none);

  EXPECT_EQ(set({{"ip", std::nullopt}}, "connection_creation_rate", 0.5), ErrorCode::none);
  const std::int64_t begin = now();
  TestClient first(world);
  EXPECT_EQ(first.login(), ErrorCode::none);
  TestClient second(world);
  EXPECT_EQ(second.login(), ErrorCode::none);
  EXPECT_GE(now() - begin, 2950) << "also when another shard serves it";
}

TEST_F(QuotaTest, AreShownAndChecked) {
  EXPECT_EQ(set({{"user", "ann"}, {"client-id", std::nullopt}}, "producer_byte_rate", 1048576.5), ErrorCode::none);
  EXPECT_EQ(set({{"user", "ann"}}, "request_percentage", 50), ErrorCode::none);
  wire::DescribeClientQuotasRequest request;
  request.components.push_back({.entity_type = "user", .match_type = 0, .match = "ann"});
  const auto all = client.ask<wire::DescribeClientQuotasResponse>(1, request);
  EXPECT_EQ(all.entries->size(), 2U);
  request.components.push_back({.entity_type = "client-id", .match_type = 1, .match = {}});
  request.strict = true;
  const auto both = client.ask<wire::DescribeClientQuotasResponse>(1, request);
  ASSERT_EQ(both.entries->size(), 1U);
  EXPECT_EQ(both.entries->at(0).values.at(0).key, "producer_byte_rate");
  EXPECT_EQ(both.entries->at(0).values.at(0).value, 1048576.5);
  request.components[1].match_type = 7;
  EXPECT_EQ(client.ask<wire::DescribeClientQuotasResponse>(1, request).error_code, ErrorCode::invalid_request);

  EXPECT_EQ(set({}, "producer_byte_rate", 1), ErrorCode::invalid_request);
  EXPECT_EQ(set({{"planet", "x"}}, "producer_byte_rate", 1), ErrorCode::invalid_request);
  EXPECT_EQ(set({{"user", "x"}, {"user", "y"}}, "producer_byte_rate", 1), ErrorCode::invalid_request);
  EXPECT_EQ(set({{"user", "x"}, {"ip", "y"}}, "producer_byte_rate", 1), ErrorCode::invalid_request);
  EXPECT_EQ(set({{"ip", "y"}}, "producer_byte_rate", 1), ErrorCode::invalid_request);
  EXPECT_EQ(set({{"user", "x"}}, "no_such_rate", 1), ErrorCode::invalid_request);
  EXPECT_EQ(set({{"user", "x"}}, "producer_byte_rate", 0), ErrorCode::invalid_request);
  EXPECT_EQ(set({{"user", "x"}}, "producer_byte_rate", 0, true), ErrorCode::none) << "nothing to remove";
}

}  // namespace
}  // namespace millrace::gateway::kafka

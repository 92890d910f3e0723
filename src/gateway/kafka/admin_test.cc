#include <gtest/gtest.h>

#include "gateway/kafka/test_client_test.h"

namespace millrace::gateway::kafka {
namespace {

using wire::ErrorCode;
constexpr std::int8_t kTopic = 2;
constexpr std::int8_t kBroker = 4;

class AdminTest : public testing::Test {
 protected:
  AdminTest() { client.create_topic("t", 2); }

  wire::DescribeConfigsResponse::Result describe(TestClient& by, std::int8_t type, std::string_view name) {
    wire::DescribeConfigsRequest request;
    request.resources.push_back({type, wire::Text(name), std::nullopt});
    request.include_synonyms = request.include_documentation = true;
    return by.ask<wire::DescribeConfigsResponse>(4, request).results.at(0);
  }
  std::string value_of(std::string_view name, std::string_view topic = "t") {
    for (const auto& config : describe(client, kTopic, topic).configs) {
      if (config.name == name) return std::string(config.value.value_or("(null)"));
    }
    return "(none)";
  }
  ErrorCode set(std::string_view name, std::optional<wire::Text> value, std::int8_t operation = 0,
                bool validate_only = false) {
    wire::IncrementalAlterConfigsRequest request;
    request.validate_only = validate_only;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = kTopic;
    resource.resource_name = "t";
    resource.configs.push_back({wire::Text(name), operation, value});
    return client.ask<wire::IncrementalAlterConfigsResponse>(1, request).responses.at(0).error_code;
  }
  wire::FetchResponse fetch(std::int64_t offset, std::int8_t isolation = 0) {
    wire::FetchRequest request;
    request.max_bytes = 1 << 20;
    request.isolation_level = isolation;
    auto& topic = request.topics.emplace_back();
    topic.topic = "t";
    topic.partitions.push_back(want(0, offset));
    return client.ask<wire::FetchResponse>(12, request);
  }

  GatewayWorld world{31};
  TestClient client{world};
};

TEST_F(AdminTest, SettingsOfATopicAreShownAndChanged) {
  EXPECT_EQ(value_of("retention.ms"), "-1");
  EXPECT_EQ(set("retention.ms", "60000"), ErrorCode::none);
  EXPECT_EQ(value_of("retention.ms"), "60000");
  for (const auto& config : describe(client, kTopic, "t").configs) {
    EXPECT_FALSE(config.documentation.value_or("").empty()) << config.name;
    if (config.name != "retention.ms") continue;
    EXPECT_EQ(config.config_source, 1);
    EXPECT_EQ(config.config_type, 5);
    ASSERT_EQ(config.synonyms.size(), 2U);
    EXPECT_EQ(config.synonyms[0].value, "60000");
    EXPECT_EQ(config.synonyms[1].name, "log.retention.ms");
    EXPECT_EQ(config.synonyms[1].value, "-1");
  }
  EXPECT_EQ(set("retention.ms", std::nullopt, 1), ErrorCode::none);
  EXPECT_EQ(value_of("retention.ms"), "-1");
  EXPECT_EQ(set("retention.ms", "5", 0, true), ErrorCode::none);
  EXPECT_EQ(value_of("retention.ms"), "-1") << "only checked";

  EXPECT_EQ(set("retention.ms", "soon"), ErrorCode::invalid_config);
  EXPECT_EQ(set("no.such", "1"), ErrorCode::invalid_config);
  EXPECT_EQ(set("no.such", std::nullopt, 1), ErrorCode::invalid_config);
  EXPECT_EQ(set("cleanup.policy", "burn"), ErrorCode::invalid_config);
  EXPECT_EQ(set("cleanup.policy", "compact", 3), ErrorCode::none) << "it is not there";
  EXPECT_EQ(set("cleanup.policy", "compact", 2), ErrorCode::none);
  EXPECT_EQ(value_of("cleanup.policy"), "delete,compact");
  EXPECT_EQ(set("cleanup.policy", "delete", 3), ErrorCode::none);
  EXPECT_EQ(value_of("cleanup.policy"), "compact");
  EXPECT_EQ(set("retention.ms", "1", 2), ErrorCode::invalid_config) << "not a list";
  EXPECT_EQ(set("retention.ms", std::nullopt, 0), ErrorCode::invalid_request);
  EXPECT_EQ(set("leader.replication.throttled.replicas", "0:1", 2), ErrorCode::none);
  EXPECT_EQ(set("leader.replication.throttled.replicas", "1:1,0:1", 2), ErrorCode::none);
  EXPECT_EQ(value_of("leader.replication.throttled.replicas"), "0:1,1:1");
  EXPECT_EQ(set("no.such", "1", 2), ErrorCode::invalid_config);
}

TEST_F(AdminTest, AResourceIsNamedOnce) {
  wire::IncrementalAlterConfigsRequest request;
  request.resources.push_back({kTopic, "t", {{"retention.ms", 0, wire::Text("1000")}}});
  request.resources.push_back({kTopic, "other", {{"retention.ms", 0, wire::Text("1000")}}});
  request.resources.push_back({kTopic, "t", {{"retention.bytes", 0, wire::Text("1000")}}});
  const auto altered = client.ask<wire::IncrementalAlterConfigsResponse>(1, request).responses;
  EXPECT_EQ(altered.at(0).error_code, ErrorCode::invalid_request);
  EXPECT_EQ(altered.at(1).error_code, ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(altered.at(2).error_code, ErrorCode::invalid_request);
  EXPECT_EQ(value_of("retention.ms"), "-1");
}

TEST_F(AdminTest, AlterConfigsReplacesAll) {
  EXPECT_EQ(set("retention.ms", "60000"), ErrorCode::none);
  wire::AlterConfigsRequest request;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = kTopic;
  resource.resource_name = "t";
  resource.configs.push_back({"retention.bytes", wire::Text("7")});
  EXPECT_EQ(client.ask<wire::AlterConfigsResponse>(2, request).responses.at(0).error_code, ErrorCode::none);
  EXPECT_EQ(value_of("retention.bytes"), "7");
  EXPECT_EQ(value_of("retention.ms"), "-1");
  resource.resource_name = "nowhere";
  EXPECT_EQ(client.ask<wire::AlterConfigsResponse>(2, request).responses.at(0).error_code,
            ErrorCode::unknown_topic_or_partition);
  resource.resource_type = kBroker;
  EXPECT_EQ(client.ask<wire::AlterConfigsResponse>(2, request).responses.at(0).error_code, ErrorCode::invalid_request);
}

TEST_F(AdminTest, SettingsOfOtherResources) {
  const auto broker = describe(client, kBroker, "1");
  EXPECT_EQ(broker.error_code, ErrorCode::none);
  EXPECT_GT(broker.configs.size(), 5U);
  for (const auto& config : broker.configs) EXPECT_TRUE(config.read_only) << config.name;
  EXPECT_TRUE(describe(client, kBroker, "").configs.empty());
  EXPECT_EQ(describe(client, kBroker, "2").error_code, ErrorCode::invalid_request);
  EXPECT_EQ(describe(client, 32, "group").error_code, ErrorCode::none);
  EXPECT_TRUE(describe(client, 32, "group").configs.empty());
  wire::IncrementalAlterConfigsRequest alter;
  alter.resources.push_back({32, "group", {{"consumer.session.timeout.ms", 0, wire::Text("5000")}}});
  alter.resources.push_back({kBroker, "1", {{"num.partitions", 0, wire::Text("5")}}});
  auto altered = client.ask<wire::IncrementalAlterConfigsResponse>(1, alter).responses;
  EXPECT_EQ(altered.at(0).error_code, ErrorCode::invalid_config);
  EXPECT_EQ(altered.at(1).error_code, ErrorCode::invalid_request);
  world.put_user("poor", "pw");
  TestClient poor(world);
  ASSERT_EQ(poor.login("poor", "pw"), ErrorCode::none);
  altered = poor.ask<wire::IncrementalAlterConfigsResponse>(1, alter).responses;
  EXPECT_EQ(altered.at(0).error_code, ErrorCode::group_authorization_failed);
  EXPECT_EQ(altered.at(1).error_code, ErrorCode::cluster_authorization_failed);
  EXPECT_EQ(describe(poor, 32, "group").error_code, ErrorCode::group_authorization_failed);
  EXPECT_EQ(describe(poor, kBroker, "1").error_code, ErrorCode::cluster_authorization_failed);
  EXPECT_EQ(describe(client, kTopic, "nowhere").error_code, ErrorCode::unknown_topic_or_partition);
  wire::DescribeConfigsRequest request;
  request.resources.push_back({kTopic, "t", std::vector<wire::Text>{"segment.bytes"}});
  const auto one = client.ask<wire::DescribeConfigsResponse>(1, request).results.at(0);
  ASSERT_EQ(one.configs.size(), 1U);
  EXPECT_EQ(one.configs[0].name, "segment.bytes");
}

TEST_F(AdminTest, SettingsTakeEffectOnWriters) {
  EXPECT_EQ(set("max.message.bytes", "200"), ErrorCode::none);
  EXPECT_EQ(client.produce("t", 0, {"small"}).error_code, ErrorCode::none);
  EXPECT_EQ(client.produce("t", 0, {std::string(300, 'x')}).error_code, ErrorCode::message_too_large);
  EXPECT_EQ(set("min.insync.replicas", "2"), ErrorCode::none);
  EXPECT_EQ(client.produce("t", 0, {"small"}).error_code, ErrorCode::not_enough_replicas);
  EXPECT_EQ(set("min.insync.replicas", "1"), ErrorCode::none);
  EXPECT_EQ(set("message.timestamp.before.max.ms", "1000"), ErrorCode::none);
  EXPECT_EQ(client.produce("t", 0, {"now"}).error_code, ErrorCode::none);
  world.broker.world.clock().shift_wall(base::Millis(-60'000));
  const bytes::Slab old = client.make_batch({"old"});
  world.broker.world.clock().shift_wall(base::Millis(60'000));
  wire::ProduceRequest request;
  request.acks = 1;
  auto& topic = request.topic_data.emplace_back();
  topic.name = "t";
  topic.partition_data.push_back({0, wire::Records(old.view())});
  EXPECT_EQ(client.ask<wire::ProduceResponse>(9, request).responses[0].partition_responses[0].error_code,
            ErrorCode::invalid_timestamp);
  EXPECT_EQ(set("message.timestamp.type", "LogAppendTime"), ErrorCode::none);
  const auto stamped = client.ask<wire::ProduceResponse>(9, request).responses[0].partition_responses[0];
  EXPECT_EQ(stamped.error_code, ErrorCode::none);
  EXPECT_GE(stamped.log_append_time_ms, model::parse_batch_header(old.view())->max_timestamp.value + 60'000);
  const auto got = fetch(stamped.base_offset);
  const auto header = model::parse_batch_header(got.responses.at(0).partitions.at(0).records->view());
  ASSERT_TRUE(header.has_value());
  EXPECT_TRUE(header->log_append_time());
  EXPECT_EQ(header->max_timestamp.value, stamped.log_append_time_ms);
  EXPECT_TRUE(model::batch_checksum_matches(got.responses[0].partitions[0].records->view()));
}

TEST_F(AdminTest, BatchesAreStoredAsTheTopicSays) {
  for (const auto& [name, codec] : {std::pair("gzip", bytes::Compression::gzip),
                                    {"snappy", bytes::Compression::snappy},
                                    {"lz4", bytes::Compression::lz4},
                                    {"zstd", bytes::Compression::zstd},
                                    {"uncompressed", bytes::Compression::none}}) {
    EXPECT_EQ(set("compression.type", wire::Text(name)), ErrorCode::none);
    const auto produced = client.produce("t", 0, {std::string(2000, 'x'), "second"});
    EXPECT_EQ(produced.error_code, ErrorCode::none);
    const auto got = fetch(produced.base_offset);
    const bytes::ByteView batch = got.responses.at(0).partitions.at(0).records->view();
    const auto header = model::parse_batch_header(batch);
    ASSERT_TRUE(header.has_value()) << name;
    EXPECT_EQ(header->compression(), codec) << name;
    EXPECT_TRUE(model::batch_checksum_matches(batch)) << name;
    bytes::ByteVector scratch;
    const auto records = model::records_of(*header, batch, scratch, base::mib(1));
    ASSERT_TRUE(records.has_value());
    model::RecordCursor cursor(*records, header->record_count);
    model::RecordView record;
    ASSERT_TRUE(cursor.next(record));
    EXPECT_EQ(record.value.size(), 2000U);
    ASSERT_TRUE(cursor.next(record));
    EXPECT_EQ(bytes::as_text(record.value), "second");
  }
  EXPECT_EQ(set("compression.type", "rar"), ErrorCode::invalid_config);
}

TEST_F(AdminTest, PartitionsAreAdded) {
  const auto grow = [&](std::int32_t count, bool validate_only = false, std::string_view name = "t") {
    wire::CreatePartitionsRequest request;
    request.validate_only = validate_only;
    request.topics.push_back({wire::Text(name), count, std::nullopt});
    return client.ask<wire::CreatePartitionsResponse>(3, request).results.at(0).error_code;
  };
  EXPECT_EQ(grow(5, true), ErrorCode::none);
  EXPECT_EQ(grow(3), ErrorCode::none);
  EXPECT_EQ(grow(3), ErrorCode::invalid_partitions);
  EXPECT_EQ(grow(100'000), ErrorCode::invalid_partitions);
  EXPECT_EQ(grow(9, false, "nowhere"), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(client.produce("t", 2, {"x"}).error_code, ErrorCode::none);
  wire::CreatePartitionsRequest request;
  request.topics.push_back({"t", 4, std::vector<wire::CreatePartitionsRequest::Assignment>{{{2}}}});
  EXPECT_EQ(client.ask<wire::CreatePartitionsResponse>(0, request).results.at(0).error_code,
            ErrorCode::invalid_replica_assignment);
}

TEST_F(AdminTest, RecordsAreDeleted) {
  for (int i = 0; i < 5; ++i) client.produce("t", 0, {"a", "b"});
  const auto remove = [&](std::int64_t offset, std::int32_t partition = 0) {
    wire::DeleteRecordsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.push_back({partition, offset});
    return client.ask<wire::DeleteRecordsResponse>(2, request).topics.at(0).partitions.at(0);
  };
  EXPECT_EQ(remove(4).low_watermark, 4);
  EXPECT_EQ(fetch(3).responses[0].partitions[0].error_code, ErrorCode::offset_out_of_range);
  EXPECT_EQ(fetch(4).responses[0].partitions[0].log_start_offset, 4);
  EXPECT_EQ(remove(11).error_code, ErrorCode::offset_out_of_range);
  EXPECT_EQ(remove(-2).error_code, ErrorCode::offset_out_of_range);
  EXPECT_EQ(remove(0, 9).error_code, ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(remove(-1).low_watermark, 10);
  world.broker.declare("queue");
  wire::DeleteRecordsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = "queue";
  topic.partitions.push_back({0, -1});
  EXPECT_EQ(client.ask<wire::DeleteRecordsResponse>(0, request).topics[0].partitions[0].error_code,
            ErrorCode::policy_violation);
}

TEST_F(AdminTest, TheClusterAndItsDirectoryAreDescribed) {
  const auto cluster = client.ask<wire::DescribeClusterResponse>(2, wire::DescribeClusterRequest{});
  EXPECT_EQ(cluster.error_code, ErrorCode::none);
  ASSERT_EQ(cluster.brokers.size(), 1U);
  EXPECT_EQ(cluster.brokers[0].broker_id, cluster.controller_id);
  wire::DescribeClusterRequest controllers;
  controllers.endpoint_type = 2;
  EXPECT_EQ(client.ask<wire::DescribeClusterResponse>(1, controllers).error_code, ErrorCode::mismatched_endpoint_type);

  client.produce("t", 1, {std::string(500, 'x')});
  wire::DescribeLogDirsRequest request;
  request.topics.reset();
  const auto all = client.ask<wire::DescribeLogDirsResponse>(4, request);
  ASSERT_EQ(all.results.at(0).topics.size(), 1U);
  ASSERT_EQ(all.results[0].topics[0].partitions.size(), 2U);
  EXPECT_EQ(all.results[0].topics[0].partitions[0].partition_size, 0);
  EXPECT_GT(all.results[0].topics[0].partitions[1].partition_size, 500);
  request.topics.emplace();
  request.topics->push_back({"t", {1, 7}});
  request.topics->push_back({"nowhere", {0}});
  const auto some = client.ask<wire::DescribeLogDirsResponse>(1, request);
  ASSERT_EQ(some.results.at(0).topics.size(), 1U);
  EXPECT_EQ(some.results[0].topics[0].partitions.size(), 1U);
}

TEST_F(AdminTest, ProducersAndEpochsAreDescribed) {
  client.produce("t", 0, {"a", "b"}, {.producer_id = 77, .producer_epoch = 2, .base_sequence = 0});
  wire::DescribeProducersRequest request;
  request.topics.push_back({"t", {0, 1, 5}});
  const auto found = client.ask<wire::DescribeProducersResponse>(0, request).topics.at(0);
  ASSERT_EQ(found.partitions.at(0).active_producers.size(), 1U);
  EXPECT_EQ(found.partitions[0].active_producers[0].producer_id, 77);
  EXPECT_EQ(found.partitions[0].active_producers[0].last_sequence, 1);
  EXPECT_TRUE(found.partitions.at(1).active_producers.empty());
  EXPECT_EQ(found.partitions.at(2).error_code, ErrorCode::unknown_topic_or_partition);

  wire::OffsetForLeaderEpochRequest epochs;
  auto& topic = epochs.topics.emplace_back();
  topic.topic = "t";
  topic.partitions.push_back({.partition = 0, .current_leader_epoch = -1, .leader_epoch = 1'000'000});
  const auto none = client.ask<wire::OffsetForLeaderEpochResponse>(4, epochs).topics.at(0).partitions.at(0);
  EXPECT_EQ(none.error_code, ErrorCode::none);
  EXPECT_EQ(none.end_offset, -1);
  topic.partitions[0].current_leader_epoch = 1'000'000;
  EXPECT_EQ(client.ask<wire::OffsetForLeaderEpochResponse>(4, epochs).topics[0].partitions[0].error_code,
            ErrorCode::unknown_leader_epoch);
  const auto batch = fetch(0).responses[0].partitions[0];
  const auto header = model::parse_batch_header(batch.records->view());
  topic.partitions[0] = {.partition = 0, .current_leader_epoch = -1, .leader_epoch = header->leader_epoch.value};
  EXPECT_EQ(client.ask<wire::OffsetForLeaderEpochResponse>(4, epochs).topics[0].partitions[0].end_offset, 2);
}

TEST_F(AdminTest, TopicsAreCreatedWithSettingsOrRefused) {
  wire::CreateTopicsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = "made";
  topic.num_partitions = -1;
  topic.replication_factor = -1;
  topic.configs.push_back({"retention.ms", wire::Text("1000")});
  request.validate_only = true;
  EXPECT_EQ(client.ask<wire::CreateTopicsResponse>(7, request).topics[0].error_code, ErrorCode::none);
  EXPECT_EQ(value_of("retention.ms", "made"), "(none)") << "only checked";
  request.validate_only = false;
  const auto made = client.ask<wire::CreateTopicsResponse>(7, request).topics[0];
  EXPECT_EQ(made.error_code, ErrorCode::none);
  EXPECT_EQ(made.num_partitions, 1);
  EXPECT_FALSE(made.topic_id.is_zero());
  ASSERT_TRUE(made.configs.has_value());
  EXPECT_GT(made.configs->size(), 10U);
  EXPECT_EQ(value_of("retention.ms", "made"), "1000");
  EXPECT_EQ(client.ask<wire::CreateTopicsResponse>(7, request).topics[0].error_code, ErrorCode::topic_already_exists);

  const auto refused = [&](auto change) {
    wire::CreateTopicsRequest bad;
    auto& one = bad.topics.emplace_back();
    one.name = "bad";
    one.num_partitions = 1;
    one.replication_factor = 1;
    change(one);
    return client.ask<wire::CreateTopicsResponse>(7, bad).topics[0].error_code;
  };
  EXPECT_EQ(refused([](auto& t) { t.name = "a b"; }), ErrorCode::invalid_topic_exception);
  EXPECT_EQ(refused([](auto& t) { t.num_partitions = 0; }), ErrorCode::invalid_partitions);
  EXPECT_EQ(refused([](auto& t) { t.replication_factor = 3; }), ErrorCode::invalid_replication_factor);
  EXPECT_EQ(refused([](auto& t) { t.configs.push_back({"cleanup.policy", wire::Text("burn")}); }),
            ErrorCode::invalid_config);
  EXPECT_EQ(refused([](auto& t) { t.configs.push_back({"retention.ms", std::nullopt}); }), ErrorCode::invalid_config);
  EXPECT_EQ(refused([](auto& t) { t.assignments.push_back({0, {2}}); }), ErrorCode::invalid_replica_assignment);
  EXPECT_EQ(refused([](auto& t) { t.assignments.push_back({0, {1}}); }), ErrorCode::invalid_request);
  EXPECT_EQ(refused([](auto& t) {
              t.num_partitions = t.replication_factor = -1;
              t.assignments.push_back({1, {1}});
            }),
            ErrorCode::invalid_replica_assignment);
}

TEST_F(AdminTest, TopicsAreToldInPortions) {
  client.create_topic("a", 3);
  client.create_topic("u");
  wire::DescribeTopicPartitionsRequest request;
  request.response_partition_limit = 4;
  const auto first = client.ask<wire::DescribeTopicPartitionsResponse>(0, request);
  ASSERT_EQ(first.topics.size(), 2U);
  EXPECT_EQ(first.topics[0].name, wire::Text("a"));
  EXPECT_EQ(first.topics[0].partitions.size(), 3U);
  EXPECT_FALSE(first.topics[0].topic_id.is_zero());
  EXPECT_NE(first.topics[0].topic_authorized_operations, 0);
  EXPECT_EQ(first.topics[1].partitions.at(0).leader_id, 1);
  EXPECT_TRUE(first.topics[1].partitions[0].eligible_leader_replicas.has_value()) << "clients take it for a list";
  EXPECT_TRUE(first.topics[1].partitions[0].last_known_elr.has_value());
  ASSERT_TRUE(first.next_cursor.has_value());
  EXPECT_EQ(first.next_cursor->topic_name, wire::Text("t"));
  EXPECT_EQ(first.next_cursor->partition_index, 1);
  request.cursor = {first.next_cursor->topic_name, 1};
  const auto second = client.ask<wire::DescribeTopicPartitionsResponse>(0, request);
  ASSERT_EQ(second.topics.size(), 2U);
  EXPECT_EQ(second.topics[0].partitions.at(0).partition_index, 1);
  EXPECT_EQ(second.topics[1].name, wire::Text("u"));
  EXPECT_FALSE(second.next_cursor.has_value());
  const auto code = [&](std::string_view name) {
    request.topics = {{.name = wire::Text(name)}};
    return client.ask<wire::DescribeTopicPartitionsResponse>(0, request).topics.at(0).error_code;
  };
  EXPECT_EQ(code("a"), ErrorCode::invalid_request) << "the cursor is for another";
  request.cursor = {wire::Text("t"), -1};
  EXPECT_EQ(code("t"), ErrorCode::invalid_request);
  request.cursor.reset();
  EXPECT_EQ(code("none"), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(code("no/name"), ErrorCode::invalid_topic_exception);
  world.put_user("poor", "pw");
  TestClient poor(world);
  ASSERT_EQ(poor.login("poor", "pw"), ErrorCode::none);
  EXPECT_EQ(poor.ask<wire::DescribeTopicPartitionsResponse>(0, request).topics.at(0).error_code,
            ErrorCode::topic_authorization_failed);
  request.topics.clear();
  EXPECT_TRUE(poor.ask<wire::DescribeTopicPartitionsResponse>(0, request).topics.empty());
}

TEST_F(AdminTest, PermissionsAreAsked) {
  world.put_user("reader", "r");
  world.permit("reader", "^$", "^$", "^t$");
  TestClient reader(world);
  ASSERT_EQ(reader.login("reader", "r"), ErrorCode::none);
  EXPECT_EQ(describe(reader, kTopic, "t").error_code, ErrorCode::none);
  EXPECT_EQ(describe(reader, kTopic, "u").error_code, ErrorCode::topic_authorization_failed);
  wire::CreatePartitionsRequest grow;
  grow.topics.push_back({"t", 9, std::nullopt});
  EXPECT_EQ(reader.ask<wire::CreatePartitionsResponse>(3, grow).results[0].error_code,
            ErrorCode::topic_authorization_failed);
  wire::IncrementalAlterConfigsRequest alter;
  alter.resources.push_back({kTopic, "t", {{"retention.ms", 0, wire::Text("1")}}});
  EXPECT_EQ(reader.ask<wire::IncrementalAlterConfigsResponse>(1, alter).responses[0].error_code,
            ErrorCode::topic_authorization_failed);
  wire::DeleteRecordsRequest remove;
  remove.topics.push_back({"t", {{0, 0}}});
  EXPECT_EQ(reader.ask<wire::DeleteRecordsResponse>(2, remove).topics[0].partitions[0].error_code,
            ErrorCode::topic_authorization_failed);
  wire::CreateTopicsRequest create;
  auto& topic = create.topics.emplace_back();
  topic.name = "new";
  topic.num_partitions = topic.replication_factor = 1;
  EXPECT_EQ(reader.ask<wire::CreateTopicsResponse>(7, create).topics[0].error_code,
            ErrorCode::topic_authorization_failed);
  wire::DeleteTopicsRequest drop;
  drop.topics.push_back({wire::Text("t"), {}});
  EXPECT_EQ(reader.ask<wire::DeleteTopicsResponse>(6, drop).responses[0].error_code,
            ErrorCode::topic_authorization_failed);
  EXPECT_EQ(reader.produce("t", 0, {"x"}).error_code, ErrorCode::topic_authorization_failed);
}

}  // namespace
}  // namespace millrace::gateway::kafka

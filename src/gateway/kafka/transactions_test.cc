#include <gtest/gtest.h>

#include "gateway/kafka/test_client_test.h"
#include "model/marker.h"

namespace millrace::gateway::kafka {
namespace {

using wire::ErrorCode;

class TransactionsTest : public testing::Test {
 protected:
  TransactionsTest() { client.create_topic("t", 2); }

  wire::InitProducerIdResponse init(std::string_view name = "tx", std::int32_t timeout = 60'000) {
    wire::InitProducerIdRequest request;
    request.transactional_id = wire::Text(name);
    request.transaction_timeout_ms = timeout;
    return client.ask<wire::InitProducerIdResponse>(5, request);
  }
  ErrorCode add(const wire::InitProducerIdResponse& as, std::int32_t partition, std::int16_t version = 3) {
    wire::AddPartitionsToTxnRequest request;
    wire::AddPartitionsToTxnRequest::Topic topic;
    topic.name = "t";
    topic.partitions = {partition};
    request.v3_and_below_transactional_id = wire::Text("tx");
    request.v3_and_below_producer_id = as.producer_id;
    request.v3_and_below_producer_epoch = as.producer_epoch;
    request.v3_and_below_topics = {topic};
    request.transactions.push_back({wire::Text("tx"), as.producer_id, as.producer_epoch, false, {topic}});
    const auto response = client.ask<wire::AddPartitionsToTxnResponse>(version, request);
    const auto& results =
        version < 4 ? response.results_by_topic_v3_and_below : response.results_by_transaction.at(0).topic_results;
    return results.at(0).results_by_partition.at(0).partition_error_code;
  }
  wire::EndTxnResponse end(const wire::InitProducerIdResponse& as, bool commit, std::int16_t version) {
    wire::EndTxnRequest request;
    request.transactional_id = wire::Text("tx");
    request.producer_id = as.producer_id;
    request.producer_epoch = as.producer_epoch;
    request.committed = commit;
    return client.ask<wire::EndTxnResponse>(version, request);
  }
  ErrorCode produce(const wire::InitProducerIdResponse& as, std::int32_t partition, std::int32_t sequence,
                    std::int16_t version, bool named = true) {
    const bytes::Slab batch = client.make_batch({"x"}, {.producer_id = as.producer_id,
                                                        .producer_epoch = as.producer_epoch,
                                                        .base_sequence = sequence,
                                                        .transactional = true});
    wire::ProduceRequest request;
    if (named) request.transactional_id = wire::Text("tx");
    request.acks = -1;
    auto& topic = request.topic_data.emplace_back();
    topic.name = "t";
    topic.partition_data.push_back({partition, wire::Records(batch.view())});
    return client.ask<wire::ProduceResponse>(version, request).responses.at(0).partition_responses.at(0).error_code;
  }
  wire::FetchResponse::Partition fetch(std::int32_t partition, std::int8_t isolation, std::int64_t offset = 0) {
    wire::FetchRequest request;
    request.max_bytes = 1 << 20;
    request.session_epoch = -1;
    request.isolation_level = isolation;
    auto& topic = request.topics.emplace_back();
    topic.topic = "t";
    topic.partitions.push_back(want(partition, offset));
    return client.ask<wire::FetchResponse>(12, request).responses.at(0).partitions.at(0);
  }
  static std::size_t bytes_of(const wire::FetchResponse::Partition& partition) {
    return partition.records.has_value() ? partition.records->view().size() : 0;
  }
  ErrorCode commit_offset(const wire::InitProducerIdResponse& as, std::int64_t offset, std::int16_t version) {
    wire::TxnOffsetCommitRequest request;
    request.transactional_id = wire::Text("tx");
    request.group_id = wire::Text("g");
    request.producer_id = as.producer_id;
    request.producer_epoch = as.producer_epoch;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.push_back({0, offset, -1, {}});
    return client.ask<wire::TxnOffsetCommitResponse>(version, request).topics.at(0).partitions.at(0).error_code;
  }
  wire::OffsetFetchResponse::GroupPartition offset(bool stable) {
    wire::OffsetFetchRequest request;
    request.require_stable = stable;
    auto& group = request.groups.emplace_back();
    group.group_id = wire::Text("g");
    group.topics.emplace().push_back({.name = wire::Text("t"), .topic_id = {}, .partition_indexes = {0}});
    return client.ask<wire::OffsetFetchResponse>(8, request).groups.at(0).topics.at(0).partitions.at(0);
  }

  GatewayWorld world{71};
  TestClient client{world};
};

TEST_F(TransactionsTest, TheFeatureIsAnnouncedAndTheCoordinatorFound) {
  const auto versions = client.ask<wire::ApiVersionsResponse>(4, wire::ApiVersionsRequest{});
  ASSERT_EQ(versions.finalized_features.size(), 1U);
  EXPECT_EQ(versions.finalized_features[0].name, wire::Text("transaction.version"));
  EXPECT_EQ(versions.finalized_features[0].max_version_level, 2);
  wire::FindCoordinatorRequest find;
  find.key_type = 1;
  find.key = wire::Text("tx");
  EXPECT_EQ(client.ask<wire::FindCoordinatorResponse>(2, find).node_id, 1);
}

TEST_F(TransactionsTest, ClientsOfTheOldKind) {
  const auto me = init();
  ASSERT_EQ(me.error_code, ErrorCode::none);
  EXPECT_EQ(produce(me, 0, 0, 9), ErrorCode::invalid_txn_state) << "not told before";
  EXPECT_EQ(produce(me, 0, 0, 9, false), ErrorCode::invalid_txn_state) << "no name";
  ASSERT_EQ(add(me, 0), ErrorCode::none);
  ASSERT_EQ(produce(me, 0, 0, 9), ErrorCode::none);
  EXPECT_EQ(bytes_of(fetch(0, 1)), 0U);
  EXPECT_EQ(fetch(0, 1).last_stable_offset, 0);
  EXPECT_GT(bytes_of(fetch(0, 0)), 0U);
  EXPECT_EQ(commit_offset(me, 5, 3), ErrorCode::invalid_txn_state);
  wire::AddOffsetsToTxnRequest offsets{wire::Text("tx"), me.producer_id, me.producer_epoch, wire::Text("g")};
  EXPECT_EQ(client.ask<wire::AddOffsetsToTxnResponse>(3, offsets).error_code, ErrorCode::none);
  EXPECT_EQ(commit_offset(me, 5, 3), ErrorCode::none);
  EXPECT_EQ(offset(true).error_code, ErrorCode::unstable_offset_commit);
  EXPECT_EQ(offset(false).committed_offset, -1);
  const auto ended = end(me, true, 3);
  EXPECT_EQ(ended.error_code, ErrorCode::none);
  EXPECT_EQ(offset(true).committed_offset, 5);
  const auto got = fetch(0, 1);
  EXPECT_EQ(got.last_stable_offset, 2);
  EXPECT_GT(bytes_of(got), 0U);
  EXPECT_TRUE(got.aborted_transactions->empty());
  const auto marker = fetch(0, 1, 1);
  const auto read = model::read_marker(marker.records->view());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, (model::Marker{me.producer_id, me.producer_epoch, true, 0}));
}

TEST_F(TransactionsTest, ClientsOfTheNewKind) {
  auto me = init();
  ASSERT_EQ(produce(me, 0, 0, 12), ErrorCode::none);
  ASSERT_EQ(produce(me, 1, 0, 12), ErrorCode::none);
  ASSERT_EQ(commit_offset(me, 7, 5), ErrorCode::none);
  const auto ended = end(me, false, 5);
  ASSERT_EQ(ended.error_code, ErrorCode::none);
  EXPECT_EQ(ended.producer_id, me.producer_id);
  EXPECT_EQ(ended.producer_epoch, me.producer_epoch + 1);
  EXPECT_EQ(offset(true).committed_offset, -1);
  const auto got = fetch(0, 1);
  ASSERT_EQ(got.aborted_transactions->size(), 1U);
  EXPECT_EQ(got.aborted_transactions->at(0).producer_id, me.producer_id);
  EXPECT_EQ(got.aborted_transactions->at(0).first_offset, 0);
  EXPECT_EQ(produce(me, 0, 1, 12), ErrorCode::invalid_producer_epoch);
  me.producer_epoch = ended.producer_epoch;
  EXPECT_EQ(produce(me, 0, 0, 12), ErrorCode::none);
  EXPECT_EQ(end(me, true, 5).error_code, ErrorCode::none);
}

TEST_F(TransactionsTest, WrongNamesNumbersAndTimes) {
  EXPECT_EQ(init("").error_code, ErrorCode::invalid_request);
  EXPECT_EQ(init("tx", 0).error_code, ErrorCode::invalid_transaction_timeout);
  EXPECT_EQ(init("tx", 900'001).error_code, ErrorCode::invalid_transaction_timeout);
  auto me = init();
  EXPECT_EQ(end(me, true, 3).error_code, ErrorCode::invalid_txn_state);
  me.producer_epoch = 9;
  EXPECT_EQ(add(me, 0, 1), ErrorCode::invalid_producer_epoch);
  EXPECT_EQ(add(me, 0, 3), ErrorCode::producer_fenced);
  EXPECT_EQ(add(me, 0, 4), ErrorCode::producer_fenced);
  me.producer_id += 100;
  EXPECT_EQ(add(me, 0), ErrorCode::invalid_producer_id_mapping);
  EXPECT_EQ(add(me, 7), ErrorCode::unknown_topic_or_partition);
}

TEST_F(TransactionsTest, AdministratorsSeeAndEndWhatIsOpen) {
  const auto me = init();
  ASSERT_EQ(produce(me, 1, 0, 12), ErrorCode::none);
  wire::DescribeTransactionsRequest describe;
  describe.transactional_ids = {wire::Text("tx"), wire::Text("none")};
  const auto described = client.ask<wire::DescribeTransactionsResponse>(0, describe).transaction_states;
  EXPECT_EQ(described.at(0).transaction_state, wire::Text("Ongoing"));
  EXPECT_EQ(described.at(0).topics.at(0).partitions, std::vector<std::int32_t>{1});
  EXPECT_EQ(described.at(1).error_code, ErrorCode::transactional_id_not_found);
  wire::ListTransactionsRequest list;
  list.state_filters = {wire::Text("Ongoing"), wire::Text("Odd")};
  const auto listed = client.ask<wire::ListTransactionsResponse>(1, list);
  ASSERT_EQ(listed.transaction_states.size(), 1U);
  EXPECT_EQ(listed.unknown_state_filters.size(), 1U);
  list.duration_filter = 3'600'000;
  EXPECT_TRUE(client.ask<wire::ListTransactionsResponse>(1, list).transaction_states.empty());
  list = {};
  list.transactional_id_pattern = "t.";
  EXPECT_EQ(client.ask<wire::ListTransactionsResponse>(2, list).transaction_states.size(), 1U);
  list.transactional_id_pattern = "t";
  EXPECT_TRUE(client.ask<wire::ListTransactionsResponse>(2, list).transaction_states.empty()) << "the whole name";
  list.transactional_id_pattern = "t(";
  EXPECT_EQ(client.ask<wire::ListTransactionsResponse>(2, list).error_code, ErrorCode::invalid_regular_expression);

  wire::DescribeProducersRequest producers;
  auto& topic = producers.topics.emplace_back();
  topic.name = "t";
  topic.partition_indexes = {1};
  const auto found = client.ask<wire::DescribeProducersResponse>(0, producers).topics.at(0).partitions.at(0);
  EXPECT_EQ(found.active_producers.at(0).current_txn_start_offset, 0);

  wire::WriteTxnMarkersRequest write;
  auto& marker = write.markers.emplace_back();
  marker.producer_id = me.producer_id;
  marker.producer_epoch = me.producer_epoch;
  auto& at = marker.topics.emplace_back();
  at.name = "t";
  at.partition_indexes = {1, 5};
  TestClient plain(world);
  ASSERT_EQ(plain.login(), ErrorCode::none);
  const auto refused = plain.ask<wire::WriteTxnMarkersResponse>(2, write).markers.at(0).topics.at(0).partitions;
  EXPECT_EQ(refused.at(0).error_code, ErrorCode::cluster_authorization_failed);
  const auto written = client.ask<wire::WriteTxnMarkersResponse>(1, write).markers.at(0).topics.at(0).partitions;
  EXPECT_EQ(written.at(0).error_code, ErrorCode::none);
  EXPECT_EQ(written.at(1).error_code, ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(fetch(1, 1).last_stable_offset, 2);
}

TEST_F(TransactionsTest, PermissionsAreAskedFor) {
  world.put_user("poor", "secret");
  world.permit("poor", "^t$", "^t$", "^t$");
  TestClient poor(world);
  ASSERT_EQ(poor.login("poor"), ErrorCode::none);
  wire::InitProducerIdRequest begin;
  begin.transactional_id = wire::Text("tx");
  begin.transaction_timeout_ms = 1000;
  EXPECT_EQ(poor.ask<wire::InitProducerIdResponse>(4, begin).error_code,
            ErrorCode::transactional_id_authorization_failed);
  wire::EndTxnRequest end_request;
  end_request.transactional_id = wire::Text("tx");
  EXPECT_EQ(poor.ask<wire::EndTxnResponse>(4, end_request).error_code,
            ErrorCode::transactional_id_authorization_failed);
  wire::DescribeTransactionsRequest describe;
  describe.transactional_ids = {wire::Text("tx")};
  EXPECT_EQ(poor.ask<wire::DescribeTransactionsResponse>(0, describe).transaction_states.at(0).error_code,
            ErrorCode::transactional_id_authorization_failed);

  catalog::AccessRule rule;
  rule.vhost = world.broker.vhost();
  rule.name = "tx";
  rule.user = "poor";
  rule.host = "*";
  rule.action = catalog::RuleAction::write;
  rule.allow = true;
  world.execute({.commands = {catalog::PutAccessRule{rule}}});
  EXPECT_EQ(poor.ask<wire::InitProducerIdResponse>(4, begin).error_code,
            ErrorCode::transactional_id_authorization_failed)
      << "the rule is for a topic of that name";
  rule.resource = catalog::RuleResource::transaction;
  world.execute({.commands = {catalog::PutAccessRule{rule}}});
  EXPECT_EQ(poor.ask<wire::InitProducerIdResponse>(4, begin).error_code, ErrorCode::none);
}

TEST_F(TransactionsTest, ACrashInTheMiddleIsAborted) {
  const auto me = init();
  ASSERT_EQ(produce(me, 0, 0, 12), ErrorCode::none);
  world.restart();
  TestClient again(world);
  wire::InitProducerIdRequest begin;
  begin.transactional_id = wire::Text("tx");
  begin.transaction_timeout_ms = 60'000;
  const auto next = again.ask<wire::InitProducerIdResponse>(4, begin);
  EXPECT_EQ(next.producer_id, me.producer_id);
  EXPECT_GT(next.producer_epoch, me.producer_epoch);
  wire::ListOffsetsRequest request;
  request.isolation_level = 1;
  auto& topic = request.topics.emplace_back();
  topic.name = "t";
  topic.partitions.push_back({.partition_index = 0, .current_leader_epoch = -1, .timestamp = -1});
  EXPECT_EQ(again.ask<wire::ListOffsetsResponse>(8, request).topics.at(0).partitions.at(0).offset, 2);
}

}  // namespace
}  // namespace millrace::gateway::kafka

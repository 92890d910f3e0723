#include <gtest/gtest.h>

#include "gateway/kafka/test_client_test.h"

namespace millrace::gateway::kafka {
namespace {

using wire::ErrorCode;

// As the clients of before record batches send them: ("key", "value one"), (null, "value two"), ("k3", null); the
// second one compressed with gzip, at 1700000000000 and the two milliseconds after it. The first format knows no times.
constexpr std::string_view kFormat0 =
    "00000000000000000000001aad7078800000000000036b65790000000976616c7565206f6e650000000000000001000000178767480900"
    "00ffffffff0000000976616c75652074776f000000000000000200000010b643ca6a0000000000026b33ffffffff";
constexpr std::string_view kFormat1Gzip =
    "0000000000000000000000729bd7c98c01010000000000000000ffffffff0000005c1f8b08004ac2046b02ff63608003a5be59910d8c40"
    "0663f7f9a7192011e6ecd44a20c5599698539aaa909f970a550952242f5afdec285c35e37f2040282d29cf872a65026289134f3526c195"
    "824498b28d411a00b68e36617d000000";

bytes::ByteVector from_hex(std::string_view hex) {
  bytes::ByteVector out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

class ProduceTest : public testing::Test {
 protected:
  ProduceTest() { TestClient(world).create_topic("t", 2); }

  model::BatchBuilder::Options as(std::int64_t producer, std::int16_t epoch, std::int32_t sequence) {
    return {.producer_id = producer, .producer_epoch = epoch, .base_sequence = sequence};
  }
  /// One partition of "t" as it is sent.
  ErrorCode send(TestClient& client, bytes::ByteView records, std::int16_t version = 9, std::int16_t acks = 1,
                 std::int32_t partition = 0) {
    wire::ProduceRequest request;
    request.acks = acks;
    auto& topic = request.topic_data.emplace_back();
    topic.name = "t";
    topic.partition_data.push_back({partition, wire::Records(records)});
    return client.ask<wire::ProduceResponse>(version, request).responses.at(0).partition_responses.at(0).error_code;
  }
  wire::ListOffsetsResponse::Partition offset_at(TestClient& client, std::int64_t timestamp, std::int16_t version = 8,
                                                 std::int8_t isolation = 0) {
    wire::ListOffsetsRequest request;
    request.isolation_level = isolation;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.push_back({.partition_index = 0, .current_leader_epoch = -1, .timestamp = timestamp});
    return client.ask<wire::ListOffsetsResponse>(version, request).topics.at(0).partitions.at(0);
  }

  void configure(TestClient& client, const std::vector<std::pair<std::string_view, std::string_view>>& settings) {
    wire::IncrementalAlterConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = 2;
    resource.resource_name = "t";
    for (const auto& [name, value] : settings) resource.configs.push_back({wire::Text(name), 0, wire::Text(value)});
    EXPECT_EQ(client.ask<wire::IncrementalAlterConfigsResponse>(1, request).responses.at(0).error_code,
              ErrorCode::none);
  }
  /// The first partition's only batch is of the three old messages; how it is compressed.
  bytes::Compression expect_old_messages(TestClient& client, std::int64_t first_time, std::int64_t step) {
    wire::FetchRequest request;
    request.max_bytes = 1 << 20;
    request.session_epoch = -1;
    request.topics.emplace_back().topic = "t";
    request.topics[0].partitions.push_back(want(0, 0));
    const auto answer = client.ask<wire::FetchResponse>(12, request).responses.at(0).partitions.at(0);
    const bytes::ByteView batch = answer.records->view();
    const auto header = model::parse_batch_header(batch);
    if (!header.has_value()) {
      ADD_FAILURE() << header.error().detail;
      return bytes::Compression::none;
    }
    EXPECT_TRUE(model::batch_checksum_matches(batch));
    EXPECT_EQ(header->record_count, 3);
    EXPECT_EQ(header->last_offset_delta, 2);
    bytes::ByteVector scratch;
    const auto records = model::records_of(*header, batch, scratch, base::mib(1));
    EXPECT_TRUE(records.has_value());
    model::RecordCursor cursor(*records, header->record_count);
    model::RecordView record;
    const std::vector<std::string_view> keys = {"key", "none", "k3"};
    const std::vector<std::string_view> values = {"value one", "value two", "none"};
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(cursor.next(record));
      EXPECT_EQ(header->base_timestamp.value + record.timestamp_delta,
                first_time + static_cast<std::int64_t>(i) * step);
      EXPECT_EQ(record.has_key ? bytes::as_text(record.key) : "none", keys[i]);
      EXPECT_EQ(record.has_value ? bytes::as_text(record.value) : "none", values[i]);
    }
    return header->compression();
  }

  GatewayWorld world{61};
};

TEST_F(ProduceTest, OldFormatsAreReadBackAsBatches) {
  TestClient client(world);
  EXPECT_EQ(send(client, from_hex(kFormat0), 0), ErrorCode::none);
  EXPECT_EQ(expect_old_messages(client, -1, 0), bytes::Compression::none);
}

TEST_F(ProduceTest, OldCompressedFormatsAreReadBackAsBatches) {
  TestClient client(world);
  EXPECT_EQ(send(client, from_hex(kFormat1Gzip), 2), ErrorCode::none);
  EXPECT_EQ(expect_old_messages(client, 1'700'000'000'000, 1), bytes::Compression::none);
}

TEST_F(ProduceTest, TheTopicsRulesAreThoseOfOldFormatsToo) {
  TestClient client(world);
  configure(
      client,
      {{"compression.type", "lz4"}, {"message.timestamp.before.max.ms", "1"}, {"message.timestamp.after.max.ms", "1"}});
  EXPECT_EQ(send(client, from_hex(kFormat1Gzip), 2), ErrorCode::invalid_timestamp);
  EXPECT_EQ(send(client, from_hex(kFormat0), 0), ErrorCode::none) << "it has no times";
  EXPECT_EQ(expect_old_messages(client, -1, 0), bytes::Compression::lz4);
  configure(client, {{"cleanup.policy", "compact"}});
  EXPECT_EQ(send(client, from_hex(kFormat0), 0), ErrorCode::invalid_record) << "not each has a key";
}

TEST_F(ProduceTest, CompactedTopicsNeedKeys) {
  TestClient client(world);
  configure(client, {{"cleanup.policy", "compact"}});
  EXPECT_EQ(send(client, client.make_batch({"no key"}).view()), ErrorCode::invalid_record);
  model::BatchBuilder builder;
  builder.start({});
  model::BatchBuilder::Record record;
  record.timestamp = world.broker.world.clock().wall();
  record.has_key = true;
  record.key = bytes::as_bytes("k");
  record.has_value = false;
  builder.add(record);
  EXPECT_EQ(send(client, builder.finish().view()), ErrorCode::none);
}

TEST_F(ProduceTest, RepeatsAreKnownAlsoAfterACrash) {
  {
    TestClient client(world);
    wire::InitProducerIdRequest init;
    const auto first = client.ask<wire::InitProducerIdResponse>(4, init);
    const auto second = client.ask<wire::InitProducerIdResponse>(4, init);
    EXPECT_EQ(first.error_code, ErrorCode::none);
    EXPECT_NE(first.producer_id, second.producer_id);

    for (int i = 0; i < 7; ++i) EXPECT_EQ(client.produce("t", 0, {"a", "b"}, as(9, 3, 2 * i)).base_offset, 2 * i);
    EXPECT_EQ(client.produce("t", 0, {"a", "b"}, as(9, 3, 4)).base_offset, 4) << "the fifth before the last";
    EXPECT_EQ(client.produce("t", 0, {"a", "b"}, as(9, 3, 20)).error_code, ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(client.produce("t", 0, {"a", "b"}, as(9, 2, 14)).error_code, ErrorCode::invalid_producer_epoch);
  }
  world.restart();
  TestClient client(world);
  EXPECT_EQ(client.produce("t", 0, {"a", "b"}, as(9, 3, 12)).base_offset, 12);
  EXPECT_EQ(client.produce("t", 0, {"a", "b"}, as(9, 3, 16)).error_code, ErrorCode::out_of_order_sequence_number);
  EXPECT_EQ(client.produce("t", 0, {"a", "b"}, as(9, 2, 14)).error_code, ErrorCode::invalid_producer_epoch);
  EXPECT_EQ(client.produce("t", 0, {"a", "b"}, as(9, 3, 14)).base_offset, 14);
  EXPECT_EQ(client.produce("t", 0, {"a"}, as(9, 4, 1)).error_code, ErrorCode::out_of_order_sequence_number);
  EXPECT_EQ(client.produce("t", 0, {"a"}, as(9, 4, 0)).base_offset, 16);
  EXPECT_EQ(client.produce("t", 1, {"a"}, as(9, 3, 5)).base_offset, 0) << "each partition counts by itself";
}

TEST_F(ProduceTest, BadRequestsGetTheirErrors) {
  TestClient client(world);
  bytes::Slab good = client.make_batch({"x"});
  EXPECT_EQ(send(client, good.view()), ErrorCode::none);
  EXPECT_EQ(send(client, good.view(), 9, 2), ErrorCode::invalid_required_acks);
  EXPECT_EQ(send(client, good.view(), 9, 1, 2), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(send(client, good.view(), 9, 1, -1), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(send(client, {}), ErrorCode::invalid_record);
  bytes::ByteVector damaged(good.view().begin(), good.view().end());
  damaged.back() ^= 1;
  EXPECT_EQ(send(client, damaged), ErrorCode::corrupt_message);
  damaged.assign(good.view().begin(), good.view().end());
  damaged.pop_back();
  EXPECT_EQ(send(client, damaged), ErrorCode::corrupt_message);
  damaged.assign(good.view().begin(), good.view().end());
  damaged[16] = 9;
  EXPECT_EQ(send(client, damaged), ErrorCode::unsupported_for_message_format);
  EXPECT_EQ(send(client, client.make_batch({"x"}, {.enveloped = true}).view()), ErrorCode::invalid_record);
  EXPECT_EQ(send(client, client.make_batch({"x"}, {.control = true}).view()), ErrorCode::invalid_record);
  EXPECT_EQ(
      send(client,
           client.make_batch({"x"}, {.producer_id = 1, .producer_epoch = 0, .base_sequence = 0, .transactional = true})
               .view()),
      ErrorCode::invalid_txn_state);
  EXPECT_EQ(send(client, client.make_batch({"x"}, {.log_append_time = true}).view()), ErrorCode::invalid_timestamp);
}

TEST_F(ProduceTest, WithoutAcknowledgementNothingIsAnswered) {
  TestClient client(world);
  const bytes::Slab batch = client.make_batch({"x"});
  wire::ProduceRequest request;
  request.acks = 0;
  auto& topic = request.topic_data.emplace_back();
  topic.name = "t";
  topic.partition_data.push_back({0, wire::Records(batch.view())});
  client.send(9, request);
  client.no_answer();
  EXPECT_TRUE(client.silent());
  EXPECT_EQ(offset_at(client, -1).offset, 1);
}

TEST_F(ProduceTest, OffsetsAreFoundByTimeAndEnd) {
  TestClient client(world);
  EXPECT_EQ(offset_at(client, -1).offset, 0);
  const std::int64_t before = world.broker.world.clock().wall().value;
  for (int i = 0; i < 3; ++i) {
    client.produce("t", 0, {"x"});
    world.broker.world.run_for(base::Nanos(10'000'000'000));
  }
  EXPECT_EQ(offset_at(client, -1).offset, 3);
  EXPECT_EQ(offset_at(client, -1, 8, 1).offset, 3);
  EXPECT_EQ(offset_at(client, -2).offset, 0);
  EXPECT_EQ(offset_at(client, -3).offset, 2);
  EXPECT_EQ(offset_at(client, -4).offset, 0);
  EXPECT_EQ(offset_at(client, -5, 11).offset, -1);
  EXPECT_EQ(offset_at(client, -6, 11).offset, -1);
  EXPECT_EQ(offset_at(client, -7, 11).error_code, ErrorCode::unsupported_version);
  EXPECT_EQ(offset_at(client, before).offset, 0);
  EXPECT_EQ(offset_at(client, before + 9'000).offset, 1);
  EXPECT_EQ(offset_at(client, before + 900'000).offset, -1);
  wire::ListOffsetsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = "nowhere";
  topic.partitions.push_back({.partition_index = 0, .current_leader_epoch = -1, .timestamp = -1});
  EXPECT_EQ(client.ask<wire::ListOffsetsResponse>(1, request).topics[0].partitions[0].error_code,
            ErrorCode::unknown_topic_or_partition);
}

}  // namespace
}  // namespace millrace::gateway::kafka

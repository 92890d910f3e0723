#include <gtest/gtest.h>

#include "gateway/amqp091/stream_arguments.h"
#include "gateway/amqp091/test_client_test.h"
#include "model/batch_builder.h"

namespace millrace::gateway::amqp091 {
namespace {

using wire::ReplyCode;

class Streams : public ::testing::Test {
 protected:
  Streams() : world(77), client(world) {
    client.open();
    client.open_channel(1);
  }
  wire::FieldTableView table(const wire::FieldTable& fields) {
    kept.push_back(fields.content());
    return wire::FieldTableView::trusted(kept.back());
  }
  wire::QueueDeclare stream(std::string_view name, wire::FieldTable arguments = {}) {
    arguments.set("x-queue-type", "stream");
    wire::QueueDeclare method;
    method.queue = name;
    method.durable = true;
    method.arguments = table(arguments);
    return method;
  }
  void declare(std::string_view name, const wire::FieldTable& arguments = {}) {
    client.send(1, stream(name, arguments));
    EXPECT_EQ(client.expect<wire::QueueDeclareOk>(1).queue, name);
  }
  template <class M>
  void refused(const M& method, ReplyCode code, std::string_view text) {
    client.send(1, method);
    client.expect_channel_close(1, code, text);
    client.open_channel(1);
  }
  /// Ends the connection.
  template <class M>
  void ends(const M& method, ReplyCode code, std::string_view text) {
    TestClient other(world);
    other.open();
    other.open_channel(1);
    other.send(1, wire::BasicQos{0, 5, false});
    other.expect<wire::BasicQosOk>(1);
    other.send(1, method);
    other.expect_connection_close(code, text);
  }
  void publish(TestClient& by, std::string_view name, int from, int to, std::string_view filter = {}) {
    wire::BasicProperties properties;
    wire::FieldTable headers{{"kind", "event"}};
    if (!filter.empty()) headers.set(kFilterValueHeader, filter);
    properties.headers = table(headers);
    for (int i = from; i < to; ++i) by.publish(1, {0, "", name}, std::to_string(i), properties);
  }
  void qos(std::uint16_t prefetch) {
    client.send(1, wire::BasicQos{0, prefetch, false});
    client.expect<wire::BasicQosOk>(1);
  }
  wire::BasicConsume consumer(std::string_view name, std::string_view tag, const wire::FieldTable& arguments) {
    wire::BasicConsume method;
    method.queue = name;
    method.consumer_tag = tag;
    method.arguments = table(arguments);
    return method;
  }
  void consume(std::string_view name, std::string_view tag, const wire::FieldTable& arguments) {
    client.send(1, consumer(name, tag, arguments));
    EXPECT_EQ(client.expect<wire::BasicConsumeOk>(1).consumer_tag, tag);
  }
  /// The next delivery's body and offset.
  std::pair<std::string, std::int64_t> next(std::string_view tag) {
    const auto deliver = client.expect<wire::BasicDeliver>(1);
    EXPECT_EQ(deliver.consumer_tag, tag);
    EXPECT_FALSE(deliver.redelivered);
    last_tag = deliver.delivery_tag;
    const ReceivedMessage message = client.expect_content(1);
    const auto properties = wire::BasicProperties::decode(bytes::as_bytes(message.properties));
    EXPECT_TRUE(properties.has_value() && properties->headers.has_value());
    if (!properties.has_value() || !properties->headers.has_value()) return {message.body, -1};
    return {message.body, properties->headers->find(kStreamOffsetHeader)->as_int().value_or(-1)};
  }

  GatewayWorld world;
  TestClient client;
  std::deque<bytes::ByteVector> kept;
  std::uint64_t last_tag = 0;
};

TEST(StreamArguments, Ages) {
  EXPECT_EQ(parse_age("7D"), base::Millis(std::int64_t{7} * 86'400'000));
  EXPECT_EQ(parse_age("1h"), base::Millis(3'600'000));
  EXPECT_EQ(parse_age("90s"), base::Millis(90'000));
  EXPECT_EQ(parse_age("2Y"), base::Millis(std::int64_t{730} * 86'400'000));
  EXPECT_GT(parse_age("9223372036854775807Y")->value, 0);
  for (const char* bad : {"", "h", "7", "0h", "-1h", "1w", "1hh", "1.5h", "99999999999999999999s"}) {
    EXPECT_EQ(parse_age(bad), std::nullopt) << bad;
  }
}

TEST_F(Streams, WhatTheyMayBeDeclaredWith) {
  const std::string_view failed = "PRECONDITION_FAILED - ";
  const auto bad = [&](const wire::QueueDeclare& method, const std::string& text) {
    refused(method, ReplyCode::precondition_failed, std::string(failed) + text);
  };
  auto method = stream("s");
  method.durable = false;
  bad(method, "invalid property 'non-durable' for queue 's' in vhost '/'");
  method = stream("s");
  method.exclusive = true;
  bad(method, "invalid property 'exclusive-owner' for queue 's' in vhost '/'");
  method = stream("s");
  method.auto_delete = true;
  bad(method, "invalid property 'auto-delete' for queue 's' in vhost '/'");
  bad(stream(""), "Cannot declare a server-named queue for type rabbit_stream_queue");
  using Named = std::pair<std::string, const char*>;
  for (const auto& [name, value] : {Named{"x-dead-letter-exchange", "e"}, Named{"x-overflow", "drop-head"},
                                    Named{"x-dead-letter-strategy", "at-least-once"}}) {
    bad(stream("s", {{name, value}}),
        "invalid arg '" + name + "' for queue 's' in vhost '/' of queue type rabbit_stream_queue");
  }
  for (const char* name : {"x-message-ttl", "x-expires", "x-max-length", "x-max-priority", "x-delivery-limit"}) {
    bad(stream("s", {{name, std::int32_t{5}}}),
        "invalid arg '" + std::string(name) + "' for queue 's' in vhost '/' of queue type rabbit_stream_queue");
  }
  bad(stream("s", {{"x-max-age", "7 days"}}), "invalid arg 'x-max-age' for queue 's' in vhost '/': invalid_max_age");
  bad(stream("s", {{"x-stream-max-segment-size-bytes", std::int64_t{3'000'000'001}}}),
      "Exceeded max value for x-stream-max-segment-size-bytes");
  bad(stream("s", {{"x-stream-filter-size-bytes", std::int32_t{256}}}),
      "Invalid value for  x-stream-filter-size-bytes");
  const wire::FieldTable full{{"x-max-age", "7D"},
                              {"x-max-length-bytes", std::int64_t{20'000'000}},
                              {"x-stream-max-segment-size-bytes", std::int64_t{1'000'000}},
                              {"x-stream-filter-size-bytes", std::int32_t{32}},
                              {"x-initial-cluster-size", std::int32_t{3}}};
  declare("s", full);
  declare("s", full);
  bad(stream("s"),
      "inequivalent arg 'x-max-length-bytes' for queue 's' in vhost '/': received none but current is "
      "the value '20000000' of type 'long'");
  const catalog::Queue* found = world.broker.shard(1).catalog().find_queue(world.broker.vhost(), "s");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->kind, catalog::QueueKind::stream);
  EXPECT_EQ(found->settings.retain_time, base::Millis(std::int64_t{7} * 86'400'000));
  EXPECT_EQ(found->settings.segment_bytes, 1'000'000U);
}

TEST_F(Streams, ArgumentsOfStreamsAreRefusedByOtherQueues) {
  for (const char* type : {"classic", "quorum"}) {
    auto method = stream("q");
    method.arguments = table({{"x-queue-type", type}, {"x-max-age", "1h"}});
    refused(method, ReplyCode::precondition_failed,
            "PRECONDITION_FAILED - invalid arg 'x-max-age' for queue 'q' in vhost '/' of queue type rabbit_" +
                std::string(type) + "_queue");
  }
  client.declare(1, "q");
  refused(consumer("q", "c", {{"x-stream-offset", "first"}}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - invalid arg 'x-stream-offset' for queue 'q' in vhost '/' of queue type "
          "rabbit_classic_queue");
}

TEST_F(Streams, WhatTheyRefuse) {
  declare("s");
  refused(consumer("s", "c", {}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - consumer prefetch count is not set for stream queue 's' in vhost '/'");
  refused(consumer("s", "c", {{"x-priority", std::int32_t{1}}}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - invalid arg 'x-priority' for queue 's' in vhost '/' of queue type "
          "rabbit_stream_queue");
  qos(5);
  refused(consumer("s", "c", {{"x-stream-offset", "soon"}}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - invalid arg 'x-stream-offset' for queue 's' in vhost '/': invalid_max_age");
  qos(5);
  refused(consumer("s", "c", {{"x-stream-offset", std::int32_t{-1}}}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - invalid arg 'x-stream-offset' for queue 's' in vhost '/': {value_negative,-1}");
  wire::BasicConsume automatic = consumer("s", "c", {});
  automatic.no_ack = true;
  ends(automatic, ReplyCode::not_implemented,
       "NOT_IMPLEMENTED - automatic acknowledgement not supported by stream queue 's' in vhost '/'");
  wire::BasicGet get;
  get.queue = "s";
  ends(get, ReplyCode::not_implemented,
       "NOT_IMPLEMENTED - basic.get not supported by stream queues queue 's' in vhost '/'");
  ends(wire::QueuePurge{0, "s"}, ReplyCode::not_implemented,
       "NOT_IMPLEMENTED - queue.purge not supported by stream queues queue 's' in vhost '/'");
}

TEST_F(Streams, EachConsumerReadsFromWhereItAskedTo) {
  declare("s");
  client.send(1, wire::ConfirmSelect{});
  client.expect<wire::ConfirmSelectOk>(1);
  publish(client, "s", 0, 10);
  for (std::uint64_t confirmed = 0; confirmed < 10;) confirmed = client.expect<wire::BasicAck>(1).delivery_tag;
  EXPECT_EQ(client.count(1, "s"), 10U);
  qos(3);
  consume("s", "first", {{"x-stream-offset", "first"}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next("first"), (std::pair{std::to_string(i), std::int64_t{i}}));
  EXPECT_TRUE(client.silent());
  client.send(1, wire::BasicAck{2, true});
  EXPECT_EQ(next("first").first, "3");
  EXPECT_EQ(next("first").first, "4");
  client.send(1, wire::BasicReject{last_tag, true});
  EXPECT_EQ(next("first").first, "5") << "nothing comes twice";
  client.send(1, wire::BasicCancel{"first"});
  client.expect<wire::BasicCancelOk>(1);
  consume("s", "seven", {{"x-stream-offset", std::int64_t{7}}});
  for (int i = 7; i < 10; ++i) EXPECT_EQ(next("seven"), (std::pair{std::to_string(i), std::int64_t{i}}));
  consume("s", "hour", {{"x-stream-offset", "1h"}});
  EXPECT_EQ(next("hour").first, "0");
  client.send(1, wire::BasicCancel{"hour"});
  while (!client.next_is(wire::BasicCancelOk{})) next("hour");
  client.expect<wire::BasicCancelOk>(1);
  consume("s", "next", {});
  EXPECT_TRUE(client.silent());
  TestClient other(world);
  other.open();
  other.open_channel(1);
  publish(other, "s", 10, 11);
  EXPECT_EQ(next("next"), (std::pair{std::string("10"), std::int64_t{10}}));
  EXPECT_EQ(client.count(1, "s"), 11U);
}

TEST_F(Streams, FiltersByTheValueThatMessagesCarry) {
  declare("s");
  publish(client, "s", 0, 3, "red");
  publish(client, "s", 3, 6, "blue");
  publish(client, "s", 6, 8);
  publish(client, "s", 8, 10, "green");
  EXPECT_EQ(client.count(1, "s"), 10U);
  qos(100);
  consume("s", "blue", {{"x-stream-offset", "first"}, {"x-stream-filter", "blue"}});
  for (int i = 3; i < 6; ++i) EXPECT_EQ(next("blue"), (std::pair{std::to_string(i), std::int64_t{i}}));
  wire::FieldArray values;
  values.push_back("red");
  values.push_back("green");
  consume("s", "some",
          {{"x-stream-offset", "first"}, {"x-stream-filter", values}, {"x-stream-match-unfiltered", true}});
  for (const int i : {0, 1, 2, 6, 7, 8, 9}) EXPECT_EQ(next("some").first, std::to_string(i));
  EXPECT_TRUE(client.silent());
}

TEST_F(Streams, AreRoutedToAndGoWithTheirConsumers) {
  declare("s");
  client.send(1, wire::QueueBind{0, "s", "amq.topic", "a.*"});
  client.expect<wire::QueueBindOk>(1);
  client.publish(1, {0, "amq.topic", "a.b"}, "routed");
  EXPECT_EQ(client.count(1, "s"), 1U);
  qos(10);
  consume("s", "c", {{"x-stream-offset", "last"}});
  const auto deliver = client.expect<wire::BasicDeliver>(1);
  EXPECT_EQ(deliver.exchange, "amq.topic");
  EXPECT_EQ(deliver.routing_key, "a.b");
  EXPECT_EQ(client.expect_content(1).body, "routed");
  constexpr bool kIfUnused = true;
  client.send(1, wire::QueueDelete{0, "s", kIfUnused, kIfUnused});
  EXPECT_EQ(client.expect<wire::BasicCancel>(1).consumer_tag, "c");
  EXPECT_EQ(client.expect<wire::QueueDeleteOk>(1).message_count, 0U);
}

TEST_F(Streams, ATopicOfOnePartitionIsOne) {
  auto& broker = world.broker;
  for (const std::uint32_t partitions : {1U, 2U}) {
    catalog::Topic topic;
    topic.vhost = broker.vhost();
    topic.name = "t" + std::to_string(partitions);
    const auto made = broker.wait<broker::ObjectId>(
        [&](auto done) { broker.shard(0).topology().create_topic(topic, partitions, std::move(done)); });
    ASSERT_TRUE(made.has_value());
  }
  const catalog::Topic* topic = broker.shard(0).catalog().find_topic(broker.vhost(), "t1");
  model::BatchBuilder builder;
  builder.start({});
  const bytes::ByteView part = bytes::as_bytes("value");
  model::BatchBuilder::Record record;
  record.value_parts = {&part, 1};
  builder.add(record);
  const auto stored = broker.wait<broker::AppendReply>([&](auto done) {
    std::vector<bytes::Slab> batches;
    batches.push_back(builder.finish());
    broker.shard(0).logs().append({topic->partitions[0].log, topic->partitions[0].shard}, std::move(batches),
                                  std::move(done));
    broker.shard(0).loop().post([] {});
  });
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(client.count(1, "t1"), 1U);
  qos(10);
  consume("t1", "c", {{"x-stream-offset", "first"}});
  EXPECT_EQ(next("c"), (std::pair{std::string("value"), std::int64_t{0}}));
  refused(consumer("t2", "d", {}), ReplyCode::not_found, "NOT_FOUND - no queue 't2' in vhost '/'");
}

}  // namespace
}  // namespace millrace::gateway::amqp091

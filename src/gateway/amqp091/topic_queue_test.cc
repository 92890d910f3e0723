#include <gtest/gtest.h>

#include <set>

#include "gateway/amqp091/test_client_test.h"
#include "model/batch_builder.h"

namespace millrace::gateway::amqp091 {
namespace {

using wire::ReplyCode;

class QueuesOverTopics : public ::testing::Test {
 protected:
  QueuesOverTopics() : world(91), client(world) {
    catalog::Topic made;
    made.vhost = world.broker.vhost();
    made.name = "t";
    topic = *world.broker.wait<model::ObjectId>(
        [&](auto done) { world.broker.shard(0).topology().create_topic(made, 2, std::move(done)); });
    client.open();
    client.open_channel(1);
  }
  wire::QueueDeclare queue(std::string_view name, const wire::FieldTable& arguments) {
    kept.push_back(arguments.content());
    wire::QueueDeclare method;
    method.queue = name;
    method.durable = true;
    method.arguments = wire::FieldTableView::trusted(kept.back());
    return method;
  }
  void refused(const wire::QueueDeclare& method, ReplyCode code, std::string_view text) {
    client.send(1, method);
    client.expect_channel_close(1, code, text);
    client.open_channel(1);
  }
  void append(std::size_t partition, const std::string& key, const std::string& value) {
    const catalog::Partition at = world.broker.shard(0).catalog().find_topic(topic)->partitions.at(partition);
    model::BatchBuilder builder;
    builder.start({});
    const bytes::ByteView part = bytes::as_bytes(value);
    bytes::ByteVector header;
    model::append_header(header, bytes::as_bytes(std::string_view("kind")), true,
                         bytes::as_bytes(std::string_view("event")));
    const bytes::ByteView header_parts[] = {header};
    model::BatchBuilder::Record record;
    record.timestamp = base::Timestamp(1'700'000'000'000);
    record.has_key = true;
    record.key = bytes::as_bytes(key);
    record.value_parts = {&part, 1};
    record.header_count = 1;
    record.header_parts = header_parts;
    builder.add(record);
    std::vector<bytes::Slab> batches;
    batches.push_back(builder.finish());
    const auto reply = world.broker.wait<broker::AppendReply>([&](auto done) {
      world.broker.shard(0).logs().append({at.log, at.shard}, std::move(batches), std::move(done));
      world.broker.shard(0).loop().post([] {});
    });
    ASSERT_TRUE(reply.has_value());
  }

  GatewayWorld world;
  TestClient client;
  model::ObjectId topic;
  std::deque<bytes::ByteVector> kept;
};

TEST_F(QueuesOverTopics, WhatTheyMayBeDeclaredWith) {
  const std::string failed = "PRECONDITION_FAILED - invalid arg '";
  refused(queue("q", {{"x-source-topic", "none"}}), ReplyCode::not_found, "NOT_FOUND - no topic 'none' in vhost '/'");
  refused(queue("q", {{"x-source-topic", std::int32_t{5}}}), ReplyCode::precondition_failed,
          failed + "x-source-topic' for queue 'q' in vhost '/': {unacceptable_type,signedint}");
  refused(queue("q", {{"x-source-offset", "first"}}), ReplyCode::precondition_failed,
          failed + "x-source-offset' for queue 'q' in vhost '/': source_offset_but_no_source_topic_defined");
  refused(queue("q", {{"x-source-topic", "t"}, {"x-source-offset", "yesterday"}}), ReplyCode::precondition_failed,
          failed + "x-source-offset' for queue 'q' in vhost '/': invalid_max_age");
  for (const std::string name : {"x-max-length", "x-max-length-bytes", "x-max-priority"}) {
    refused(queue("q", {{"x-source-topic", "t"}, {name, std::int32_t{5}}}), ReplyCode::precondition_failed,
            failed + name + "' for queue 'q' in vhost '/': the queue is over a topic");
  }
  refused(queue("q", {{"x-source-topic", "t"}, {"x-queue-type", "stream"}}), ReplyCode::precondition_failed,
          failed + "x-source-topic' for queue 'q' in vhost '/' of queue type rabbit_stream_queue");
  const wire::FieldTable right{{"x-source-topic", "t"}, {"x-source-offset", "first"}};
  for (int i = 0; i < 2; ++i) {
    client.send(1, queue("q", right));
    EXPECT_EQ(client.expect<wire::QueueDeclareOk>(1).queue, "q");
  }
  refused(queue("q", {{"x-source-topic", "t"}}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - inequivalent arg 'x-source-offset' for queue 'q' in vhost '/': received none but "
          "current is the value 'first' of type 'longstr'");
  refused(queue("q", {}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - inequivalent arg 'x-source-topic' for queue 'q' in vhost '/': received none but "
          "current is the value 't' of type 'longstr'");
}

TEST_F(QueuesOverTopics, OneMustBeAllowedToReadTheTopic) {
  world.put_user("limited", "secret");
  world.permit("limited", ".*", ".*", "q.*");
  TestClient limited(world);
  limited.open("limited");
  limited.open_channel(1);
  limited.send(1, queue("q", {{"x-source-topic", "t"}}));
  limited.expect_channel_close(1, ReplyCode::access_refused,
                               "ACCESS_REFUSED - read access to topic 't' in vhost '/' refused for user 'limited'");
}

TEST_F(QueuesOverTopics, RecordsArriveAsMessages) {
  append(0, "k0", "a");
  append(1, "k1", "b");
  client.send(1, queue("q", {{"x-source-topic", "t"}, {"x-source-offset", "first"}, {"x-queue-type", "quorum"}}));
  EXPECT_EQ(client.expect<wire::QueueDeclareOk>(1).message_count, 2U);
  client.send(1, wire::BasicQos{0, 1, false});
  client.expect<wire::BasicQosOk>(1);
  wire::BasicConsume consume;
  consume.queue = "q";
  consume.consumer_tag = "c";
  client.send(1, consume);
  client.expect<wire::BasicConsumeOk>(1);
  auto deliver = client.expect<wire::BasicDeliver>(1);
  EXPECT_EQ(deliver.exchange, "");
  EXPECT_EQ(deliver.routing_key, "q");
  const ReceivedMessage first = client.expect_content(1);
  const auto properties = wire::BasicProperties::decode(bytes::as_bytes(first.properties));
  ASSERT_TRUE(properties.has_value() && properties->headers.has_value());
  EXPECT_EQ(properties->timestamp, 1'700'000'000U);
  EXPECT_EQ(properties->headers->find("kind")->as_text(), "event");
  EXPECT_TRUE(properties->headers->find("x-record-key")->as_text()->starts_with("k"));
  EXPECT_TRUE(client.silent()) << "one at a time, from all partitions";
  client.send(1, wire::BasicReject{deliver.delivery_tag, true});
  std::set<std::string> bodies;
  for (int i = 0; i < 3; ++i) {
    deliver = client.expect<wire::BasicDeliver>(1);
    bodies.insert(client.expect_content(1).body);
    client.send(1, wire::BasicAck{deliver.delivery_tag, false});
    if (bodies.size() == 2) break;
  }
  EXPECT_EQ(bodies, (std::set<std::string>{"a", "b"}));
  wire::QueueDeclare passive;
  passive.queue = "q";
  passive.passive = true;
  world.broker.world.settle();
  client.send(1, passive);
  const auto left = client.expect<wire::QueueDeclareOk>(1);
  EXPECT_EQ(left.message_count, 0U);
  EXPECT_EQ(left.consumer_count, 1U);
  client.send(1, wire::BasicCancel{"c", false});
  client.expect<wire::BasicCancelOk>(1);
  append(0, "k0", "c");
  wire::BasicGet get;
  get.queue = "q";
  client.send(1, get);
  const auto got = client.expect<wire::BasicGetOk>(1);
  EXPECT_EQ(client.expect_content(1).body, "c");
  client.send(1, wire::BasicAck{got.delivery_tag, false});
  wire::QueueDelete gone;
  gone.queue = "q";
  client.send(1, gone);
  EXPECT_EQ(client.expect<wire::QueueDeleteOk>(1).message_count, 0U);
}

class ExchangesBoundToTopics : public QueuesOverTopics {
 protected:
  struct Record {
    std::size_t partition = 0;
    std::optional<std::string> key;
    std::string value;
  };
  std::vector<Record> records() {
    std::vector<Record> found;
    const catalog::Topic made = *world.broker.shard(0).catalog().find_topic(topic);
    for (std::size_t p = 0; p < made.partitions.size(); ++p) {
      const auto reply = world.broker.wait<broker::ReadReply>([&](auto done) {
        world.broker.shard(0).logs().read({made.partitions[p].log, made.partitions[p].shard}, model::Offset(0),
                                          base::mib(1), std::move(done));
        world.broker.shard(0).loop().post([] {});
      });
      if (!reply.has_value()) continue;
      for (const broker::BatchRef& batch : reply->batches) {
        const auto header = model::parse_batch_header(batch.bytes.view);
        bytes::ByteVector scratch;
        const auto plain = model::records_of(*header, batch.bytes.view, scratch, base::mib(1));
        model::RecordCursor cursor(*plain, header->record_count);
        model::RecordView record;
        while (cursor.next(record)) {
          found.push_back({p, record.has_key ? std::optional(bytes::to_string(record.key)) : std::nullopt,
                           bytes::to_string(record.value)});
        }
      }
    }
    return found;
  }
  void bind(std::string_view destination, std::string_view key) {
    wire::QueueBind method;
    method.queue = destination;
    method.exchange = "amq.topic";
    method.routing_key = key;
    client.send(1, method);
    client.expect<wire::QueueBindOk>(1);
  }
  void publish(std::string_view exchange, std::string_view key, std::string_view body,
               std::string_view record_key = {}) {
    wire::BasicProperties properties;
    if (!record_key.empty()) {
      kept.push_back(wire::FieldTable{{"x-record-key", record_key}}.content());
      properties.headers = wire::FieldTableView::trusted(kept.back());
    }
    client.publish(1, {0, exchange, key, true}, body, properties);
  }
};

TEST_F(ExchangesBoundToTopics, WhatIsRoutedIsAppendedWithItsKeyAndConfirmed) {
  bind("t", "order.*");
  client.send(1, wire::ConfirmSelect{});
  client.expect<wire::ConfirmSelectOk>(1);
  publish("amq.topic", "order.new", "a", "customer");
  publish("amq.topic", "order.paid", "b", "customer");
  publish("amq.topic", "order.new", "c");
  while (client.expect<wire::BasicAck>(1).delivery_tag < 3) {
  }
  const std::vector<Record> stored = records();
  ASSERT_EQ(stored.size(), 3U);
  std::set<std::size_t> partitions;
  for (const Record& each : stored) {
    if (each.value != "c") partitions.insert(each.partition);
    EXPECT_EQ(each.key, each.value == "c" ? std::nullopt : std::optional<std::string>("customer"));
  }
  EXPECT_EQ(partitions.size(), 1U) << "one key, one partition";
  publish("amq.topic", "other", "nowhere");
  EXPECT_EQ(client.expect<wire::BasicReturn>(1).routing_key, "other");
  client.expect_content(1);
  client.expect<wire::BasicAck>(1);
  wire::QueueUnbind unbind;
  unbind.queue = "t";
  unbind.exchange = "amq.topic";
  unbind.routing_key = "order.*";
  client.send(1, unbind);
  client.expect<wire::QueueUnbindOk>(1);
  publish("amq.topic", "order.new", "late");
  client.expect<wire::BasicReturn>(1);
  client.expect_content(1);
  client.expect<wire::BasicAck>(1);
  EXPECT_EQ(records().size(), 3U);
}

TEST_F(ExchangesBoundToTopics, AQueueOverTheTopicIsANameForIt) {
  client.send(1, queue("q", {{"x-source-topic", "t"}}));
  client.expect<wire::QueueDeclareOk>(1);
  bind("q", "a");
  publish("amq.topic", "a", "bound");
  publish("", "q", "named");
  publish("", "t", "by topic");
  std::set<std::string> bodies;
  while (bodies.size() < 3) {
    const std::string body = client.get(1, "q");
    if (body != "(none)") bodies.insert(body);
  }
  EXPECT_EQ(bodies, (std::set<std::string>{"bound", "named", "by topic"}));
  EXPECT_EQ(records().size(), 3U) << "each is stored once";
}

TEST_F(ExchangesBoundToTopics, OneMustBeAllowedToWriteToTheTopic) {
  client.send(1, queue("q", {{"x-source-topic", "t"}}));
  client.expect<wire::QueueDeclareOk>(1);
  world.put_user("limited", "secret");
  world.permit("limited", ".*", "q|amq.*", ".*");
  TestClient limited(world);
  limited.open("limited");
  const std::string refusal = "ACCESS_REFUSED - write access to topic 't' in vhost '/' refused for user 'limited'";
  for (const std::string_view name : {"q", "t"}) {
    limited.open_channel(1);
    limited.publish(1, {0, "", name}, "x");
    limited.expect_channel_close(1, ReplyCode::access_refused, refusal);
  }
  limited.open_channel(1);
  wire::QueueBind method;
  method.queue = "q";
  method.exchange = "amq.topic";
  limited.send(1, method);
  limited.expect_channel_close(1, ReplyCode::access_refused, refusal);
  EXPECT_TRUE(records().empty());
}

}  // namespace
}  // namespace millrace::gateway::amqp091

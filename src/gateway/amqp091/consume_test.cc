#include <gtest/gtest.h>

#include "gateway/amqp091/test_client_test.h"

namespace millrace::gateway::amqp091 {
namespace {

using wire::ReplyCode;

class Consuming : public ::testing::Test {
 protected:
  Consuming() : world(200), client(world) {
    client.open();
    client.open_channel(1);
    client.declare(1, "q");
  }
  void publish(int count) {
    for (int i = 0; i < count; ++i) client.publish(1, {0, "", "q"}, std::to_string(i));
  }
  void consume(TestClient& by, std::uint16_t channel, std::string_view tag, bool no_ack = false,
               std::uint16_t prefetch = 0) {
    by.send(channel, wire::BasicQos{0, prefetch, false});
    by.expect<wire::BasicQosOk>(channel);
    by.send(channel, wire::BasicConsume{0, "q", tag, false, no_ack});
    EXPECT_EQ(by.expect<wire::BasicConsumeOk>(channel).consumer_tag, tag);
  }
  static std::string next(TestClient& by, std::uint16_t channel, std::uint64_t tag, bool redelivered = false) {
    const auto deliver = by.expect<wire::BasicDeliver>(channel);
    EXPECT_EQ(deliver.delivery_tag, tag);
    EXPECT_EQ(deliver.redelivered, redelivered);
    return by.expect_content(channel).body;
  }

  GatewayWorld world;
  TestClient client;
};

TEST_F(Consuming, DeliversInOrderAndTakesAcknowledgements) {
  publish(10);
  consume(client, 1, "tag");
  for (std::uint64_t i = 0; i < 10; ++i) EXPECT_EQ(next(client, 1, i + 1), std::to_string(i));
  client.send(1, wire::BasicAck{4, true});
  client.send(1, wire::BasicAck{6, false});
  client.send(1, wire::BasicCancel{"tag"});
  client.expect<wire::BasicCancelOk>(1);
  client.send(1, wire::BasicRecover{true});
  client.expect<wire::BasicRecoverOk>(1);
  EXPECT_EQ(client.count(1, "q"), 5U);
  for (const int left : {4, 6, 7, 8, 9}) {
    EXPECT_EQ(client.get(1, "q"), std::to_string(left));
    EXPECT_TRUE(client.last_get.redelivered);
  }
}

TEST_F(Consuming, PrefetchLimitsWhatIsUnsettled) {
  publish(10);
  consume(client, 1, "tag", false, 3);
  for (std::uint64_t tag = 1; tag <= 3; ++tag) next(client, 1, tag);
  EXPECT_TRUE(client.silent());
  client.send(1, wire::BasicAck{2, true});
  for (std::uint64_t tag = 4; tag <= 5; ++tag) next(client, 1, tag);
  EXPECT_TRUE(client.silent());
}

TEST_F(Consuming, RequeuedMessagesComeAgainMarked) {
  publish(2);
  consume(client, 1, "tag", false, 1);
  EXPECT_EQ(next(client, 1, 1), "0");
  client.send(1, wire::BasicNack{1, false, true});
  EXPECT_EQ(next(client, 1, 2, true), "0");
  client.send(1, wire::BasicReject{2, false});
  EXPECT_EQ(next(client, 1, 3), "1");
}

TEST_F(Consuming, UnknownTagsCloseTheChannelAndRequeueTheRest) {
  publish(1);
  consume(client, 1, "tag");
  next(client, 1, 1);
  client.send(1, wire::BasicAck{7, false});
  client.expect_channel_close(1, ReplyCode::precondition_failed, "PRECONDITION_FAILED - unknown delivery tag 7");
  client.open_channel(1);
  EXPECT_EQ(client.get(1, "q", false), "0");
  EXPECT_TRUE(client.last_get.redelivered);
  client.send(1, wire::BasicAck{1, false});
  client.send(1, wire::BasicAck{1, false});  // a second time
  client.expect_channel_close(1, ReplyCode::precondition_failed, "PRECONDITION_FAILED - unknown delivery tag 1");
}

TEST_F(Consuming, AutomaticallyAcknowledgedOnesHaveTagsThatCannotBeSettled) {
  publish(3);
  consume(client, 1, "tag", true);
  for (std::uint64_t tag = 1; tag <= 3; ++tag) next(client, 1, tag);
  EXPECT_EQ(client.count(1, "q"), 0U);
  client.send(1, wire::BasicAck{2, false});
  client.expect_channel_close(1, ReplyCode::precondition_failed);
}

TEST_F(Consuming, LostConnectionsGiveBackWhatTheyHeld) {
  publish(5);
  {
    TestClient lost(world);
    lost.open();
    lost.open_channel(3);
    consume(lost, 3, "tag");
    for (std::uint64_t tag = 1; tag <= 5; ++tag) next(lost, 3, tag);
    lost.send(3, wire::BasicAck{1, false});
    world.broker.world.run_for(base::to_nanos(base::Millis(20)));
    lost.socket().reset();
    EXPECT_TRUE(world.broker.world.run_until([&] { return world.connections() == 1; }));
  }
  consume(client, 1, "mine");
  for (std::uint64_t tag = 1; tag <= 4; ++tag) EXPECT_EQ(next(client, 1, tag, true), std::to_string(tag));
}

TEST_F(Consuming, TagsAreUniqueOnTheirChannel) {
  consume(client, 1, "tag");
  client.open_channel(2);
  consume(client, 2, "tag");
  client.send(1, wire::BasicConsume{0, "q", ""});
  EXPECT_TRUE(client.expect<wire::BasicConsumeOk>(1).consumer_tag.starts_with("amq.ctag-"));
  client.send(1, wire::BasicConsume{0, "q", "tag"});
  client.expect_connection_close(ReplyCode::not_allowed, "NOT_ALLOWED - attempt to reuse consumer tag 'tag'");
}

TEST_F(Consuming, ExclusiveConsumersRefuseOthers) {
  client.send(1, wire::BasicConsume{0, "q", "only", false, false, true});
  client.expect<wire::BasicConsumeOk>(1);
  client.open_channel(2);
  client.send(2, wire::BasicConsume{0, "q", "second"});
  client.expect_channel_close(2, ReplyCode::access_refused, "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use");
}

TEST_F(Consuming, OneActiveConsumerIsFollowedByTheNext) {
  const bytes::ByteVector arguments = wire::FieldTable{{"x-single-active-consumer", true}}.content();
  wire::QueueDeclare declare;
  declare.queue = "single";
  declare.durable = true;
  declare.arguments = wire::FieldTableView::trusted(arguments);
  client.send(1, declare);
  client.expect<wire::QueueDeclareOk>(1);
  TestClient second(world);
  second.open();
  second.open_channel(1);
  for (TestClient* each : {&client, &second}) {
    each->send(1, wire::BasicConsume{0, "single", "tag"});
    each->expect<wire::BasicConsumeOk>(1);
  }
  client.open_channel(2);
  client.send(2, wire::BasicConsume{0, "single", "only", false, false, true});
  client.expect_channel_close(2, ReplyCode::access_refused,
                              "ACCESS_REFUSED - queue 'single' in vhost '/' in exclusive use");
  for (const char* body : {"0", "1"}) client.publish(1, {0, "", "single"}, body);
  EXPECT_EQ(next(client, 1, 1), "0");
  EXPECT_EQ(next(client, 1, 2), "1");
  EXPECT_TRUE(second.silent());
  client.send(1, wire::BasicAck{1, false});
  // The second gets what the first gives up, in its order, and everything from then on.
  client.send(1, wire::BasicCancel{"tag"});
  client.expect<wire::BasicCancelOk>(1);
  client.send(1, wire::BasicNack{2, false, true});
  EXPECT_EQ(next(second, 1, 1, true), "1");
  client.publish(1, {0, "", "single"}, "2");
  EXPECT_EQ(next(second, 1, 2), "2");
}

TEST_F(Consuming, WhoDoesNotAcknowledgeInTimeLosesTheChannel) {
  const bytes::ByteVector arguments = wire::FieldTable{{"x-consumer-timeout", std::int32_t{10'000}}}.content();
  wire::QueueDeclare declare;
  declare.queue = "timed";
  declare.durable = true;
  declare.arguments = wire::FieldTableView::trusted(arguments);
  client.send(1, declare);
  client.expect<wire::QueueDeclareOk>(1);
  const auto pass = [this](std::int64_t seconds) {
    world.broker.world.run_for(base::to_nanos(base::Millis(seconds * 1000)));
  };
  for (const char* body : {"0", "1"}) client.publish(1, {0, "", "timed"}, body);
  client.send(1, wire::BasicQos{0, 1, false});
  client.expect<wire::BasicQosOk>(1);
  client.send(1, wire::BasicConsume{0, "timed", "tag"});
  client.expect<wire::BasicConsumeOk>(1);
  EXPECT_EQ(next(client, 1, 1), "0");
  pass(9);
  client.send(1, wire::BasicAck{1, false});
  EXPECT_EQ(next(client, 1, 2), "1");
  pass(9);
  EXPECT_EQ(world.broker.stats(world.broker.find("timed")).unacknowledged, 1U);
  pass(3);
  client.expect_channel_close(
      1, ReplyCode::precondition_failed,
      "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 10000 ms. This "
      "timeout value can be configured, see consumers doc guide to learn more");
  client.open_channel(1);
  EXPECT_EQ(client.get(1, "timed", false), "1");
  EXPECT_TRUE(client.last_get.redelivered);
  pass(12);
  client.expect_channel_close(1, ReplyCode::precondition_failed);
  client.open_channel(1);
  // Automatic acknowledgement has nothing to wait for.
  EXPECT_EQ(client.get(1, "timed"), "1");
  pass(30);
  EXPECT_EQ(client.count(1, "timed"), 0U);
}

TEST_F(Consuming, AConsumerMayHaveATimeoutOfItsOwn) {
  publish(1);
  const bytes::ByteVector arguments = wire::FieldTable{{"x-consumer-timeout", std::int32_t{20'000}}}.content();
  wire::BasicConsume method{0, "q", "tag"};
  method.arguments = wire::FieldTableView::trusted(arguments);
  client.send(1, method);
  client.expect<wire::BasicConsumeOk>(1);
  EXPECT_EQ(next(client, 1, 1), "0");
  EXPECT_TRUE(client.silent(19'000));
  world.broker.world.run_for(base::to_nanos(base::Millis(4'000)));
  client.expect_channel_close(1, ReplyCode::precondition_failed);
  client.open_channel(1);
  const bytes::ByteVector bad = wire::FieldTable{{"x-consumer-timeout", "soon"}}.content();
  method.arguments = wire::FieldTableView::trusted(bad);
  client.send(1, method);
  client.expect_channel_close(1, ReplyCode::precondition_failed);
}

TEST_F(Consuming, ADeliveryWithoutTimeoutHidesNoneBehindIt) {
  const auto consume_with = [&](std::string_view tag, std::int32_t timeout, std::uint16_t prefetch) {
    client.send(1, wire::BasicQos{0, prefetch, false});
    client.expect<wire::BasicQosOk>(1);
    const bytes::ByteVector arguments = wire::FieldTable{{"x-consumer-timeout", timeout}}.content();
    wire::BasicConsume method{0, "q", tag};
    method.arguments = wire::FieldTableView::trusted(arguments);
    client.send(1, method);
    client.expect<wire::BasicConsumeOk>(1);
  };
  publish(2);
  consume_with("patient", 0, 1);
  EXPECT_EQ(next(client, 1, 1), "0");
  consume_with("impatient", 20'000, 1);
  EXPECT_EQ(next(client, 1, 2), "1");
  EXPECT_TRUE(client.silent(19'000));
  world.broker.world.run_for(base::to_nanos(base::Millis(4'000)));
  client.expect_channel_close(1, ReplyCode::precondition_failed);
}

TEST_F(Consuming, APolicyMayHaveATimeout) {
  catalog::Policy policy;
  policy.vhost = world.broker.vhost();
  policy.name = "impatient";
  policy.definition.consumer_timeout_ms = 20'000;
  world.execute({.commands = {catalog::PutPolicy{policy}}});
  publish(1);
  consume(client, 1, "tag");
  EXPECT_EQ(next(client, 1, 1), "0");
  world.broker.world.run_for(base::to_nanos(base::Millis(24'000)));
  client.expect_channel_close(1, ReplyCode::precondition_failed);
}

// The others of its channel go on, and what it acknowledges too late is no error.
TEST_F(Consuming, OfAQuorumQueueOnlyTheConsumerIsCancelled) {
  client.declare(1, "quorum", {{"x-queue-type", "quorum"}, {"x-consumer-timeout", std::int32_t{10'000}}});
  for (const char* body : {"0", "1", "2"}) client.publish(1, {0, "", "quorum"}, body);
  publish(2);
  consume(client, 1, "other");  // of "q", which has the server's time-out
  EXPECT_EQ(next(client, 1, 1), "0");
  EXPECT_EQ(next(client, 1, 2), "1");
  client.send(1, wire::BasicQos{0, 2, false});
  client.expect<wire::BasicQosOk>(1);
  client.send(1, wire::BasicConsume{0, "quorum", "stuck"});
  client.expect<wire::BasicConsumeOk>(1);
  EXPECT_EQ(next(client, 1, 3), "0");
  EXPECT_EQ(next(client, 1, 4), "1");
  world.broker.world.run_for(base::to_nanos(base::Millis(12'000)));
  EXPECT_EQ(client.expect<wire::BasicCancel>(1).consumer_tag, "stuck");
  const auto stats = [this] { return world.broker.stats(world.broker.find("quorum")); };
  EXPECT_EQ(stats().ready, 3U);
  EXPECT_EQ(stats().unacknowledged, 0U);
  client.send(1, wire::BasicAck{3, false});
  EXPECT_EQ(client.count(1, "quorum"), 3U);
  client.send(1, wire::BasicAck{4, true});  // that is also about 1 and 2
  EXPECT_EQ(client.count(1, "q"), 0U);
  EXPECT_EQ(client.get(1, "quorum"), "0");
  EXPECT_TRUE(client.last_get.redelivered);
  EXPECT_EQ(world.broker.stats(world.broker.find("q")).unacknowledged, 0U);
  client.send(1, wire::BasicAck{4, false});  // that was told already
  client.expect_channel_close(1, ReplyCode::precondition_failed, "PRECONDITION_FAILED - unknown delivery tag 4");
}

TEST_F(Consuming, ASharedLimitIsForAllConsumersOfTheChannel) {
  client.declare(1, "other");
  for (const char* queue : {"q", "other"}) {
    for (int i = 0; i < 5; ++i) client.publish(1, {0, "", queue}, queue);
  }
  constexpr bool kGlobal = true;
  client.send(1, wire::BasicQos{0, 3, kGlobal});
  client.expect<wire::BasicQosOk>(1);
  for (const char* queue : {"q", "other"}) {
    client.send(1, wire::BasicConsume{0, queue, queue});
    while (!client.next_is(wire::BasicConsumeOk{})) {
      client.expect<wire::BasicDeliver>(1);
      client.expect_content(1);
    }
    client.expect<wire::BasicConsumeOk>(1);
  }
  world.broker.world.settle();
  const auto held = [this] {
    return world.broker.stats(world.broker.find("q")).unacknowledged +
           world.broker.stats(world.broker.find("other")).unacknowledged;
  };
  EXPECT_EQ(held(), 3U);
  // One by one everything comes, and never more than three are held.
  for (std::uint64_t tag = 1; tag <= 10; ++tag) {
    client.send(1, wire::BasicAck{tag, false});
    world.broker.world.settle();
    EXPECT_EQ(held(), std::min<std::uint64_t>(3, 10 - tag)) << tag;
  }
  EXPECT_EQ(world.broker.stats(world.broker.find("q")).ready, 0U);
}

TEST_F(Consuming, ASharedLimitConcernsConsumersThatAreThere) {
  consume(client, 1, "tag");
  constexpr bool kGlobal = true;
  client.send(1, wire::BasicQos{0, 2, kGlobal});
  client.expect<wire::BasicQosOk>(1);
  publish(5);
  for (std::uint64_t tag = 1; tag <= 2; ++tag) EXPECT_EQ(next(client, 1, tag), std::to_string(tag - 1));
  EXPECT_TRUE(client.silent());
  client.send(1, wire::BasicNack{1, false, true});
  EXPECT_EQ(next(client, 1, 3, true), "0");
  EXPECT_TRUE(client.silent());
  client.send(1, wire::BasicQos{0, 0, kGlobal});
  client.expect<wire::BasicQosOk>(1);
  for (std::uint64_t tag = 4; tag <= 6; ++tag) next(client, 1, tag);
}

TEST_F(Consuming, WhatBeganUnderASharedLimitIsFreeWithoutIt) {
  constexpr bool kGlobal = true;
  publish(6);
  client.send(1, wire::BasicQos{0, 1, kGlobal});
  client.expect<wire::BasicQosOk>(1);
  consume(client, 1, "tag");
  EXPECT_EQ(next(client, 1, 1), "0");
  EXPECT_TRUE(client.silent());
  client.send(1, wire::BasicQos{0, 3, kGlobal});
  client.expect<wire::BasicQosOk>(1);
  for (std::uint64_t tag = 2; tag <= 3; ++tag) EXPECT_EQ(next(client, 1, tag), std::to_string(tag - 1));
  EXPECT_TRUE(client.silent());
  client.send(1, wire::BasicQos{0, 0, kGlobal});
  client.expect<wire::BasicQosOk>(1);
  for (std::uint64_t tag = 4; tag <= 6; ++tag) EXPECT_EQ(next(client, 1, tag), std::to_string(tag - 1));
}

TEST_F(Consuming, OnlyClassicQueuesKnowASharedLimit) {
  const bytes::ByteVector arguments = wire::FieldTable{{"x-queue-type", "quorum"}}.content();
  wire::QueueDeclare declare;
  declare.queue = "counting";
  declare.durable = true;
  declare.arguments = wire::FieldTableView::trusted(arguments);
  client.send(1, declare);
  client.expect<wire::QueueDeclareOk>(1);
  constexpr bool kGlobal = true;
  client.send(1, wire::BasicQos{0, 2, kGlobal});
  client.expect<wire::BasicQosOk>(1);
  client.send(1, wire::BasicConsume{0, "counting", "tag"});
  client.expect_connection_close(ReplyCode::not_implemented,
                                 "NOT_IMPLEMENTED - queue 'counting' in vhost '/' does not support global qos");
}

TEST_F(Consuming, RejectedMessagesWaitBeforeTheyComeAgain) {
  const bytes::ByteVector arguments = wire::FieldTable{
      {"x-queue-type", "quorum"},
      {"x-delayed-retry-type", "all"},
      {"x-delayed-retry-min", std::int32_t{10'000}},
      {"x-delayed-retry-max",
       std::int32_t{15'000}}}.content();
  wire::QueueDeclare declare;
  declare.queue = "patient";
  declare.durable = true;
  declare.arguments = wire::FieldTableView::trusted(arguments);
  client.send(1, declare);
  client.expect<wire::QueueDeclareOk>(1);
  client.publish(1, {0, "", "patient"}, "body");
  client.send(1, wire::BasicConsume{0, "patient", "tag"});
  client.expect<wire::BasicConsumeOk>(1);
  EXPECT_EQ(next(client, 1, 1), "body");
  client.send(1, wire::BasicReject{1, true});
  EXPECT_TRUE(client.silent(9'000));
  world.broker.world.run_for(base::to_nanos(base::Millis(2'000)));
  EXPECT_EQ(next(client, 1, 2, true), "body");
  client.send(1, wire::BasicReject{2, true});
  EXPECT_TRUE(client.silent(14'000)) << "twice as long, and no longer than the most";
  world.broker.world.run_for(base::to_nanos(base::Millis(2'000)));
  EXPECT_EQ(next(client, 1, 3, true), "body");
  client.send(1, wire::BasicNack{3, false, true});
  EXPECT_TRUE(client.silent(14'000)) << "that is no failure, but waits";
  world.broker.world.run_for(base::to_nanos(base::Millis(2'000)));
  EXPECT_EQ(next(client, 1, 4, true), "body");
}

TEST_F(Consuming, ConsumerArgumentsAreChecked) {
  const bytes::ByteVector arguments = wire::FieldTable{{"x-priority", "high"}}.content();
  wire::BasicConsume method{0, "q", "tag"};
  method.arguments = wire::FieldTableView::trusted(arguments);
  client.send(1, method);
  client.expect_channel_close(
      1, ReplyCode::precondition_failed,
      "PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'q' in vhost '/': \"expected integer, got longstr\"");
}

TEST_F(Consuming, QuorumQueuesTellHowOftenAMessageCameBack) {
  const auto count_in = [](const ReceivedMessage& message,
                           std::string_view name = "x-delivery-count") -> std::optional<std::int64_t> {
    const auto properties = wire::BasicProperties::decode(bytes::as_bytes(message.properties));
    if (!properties.has_value() || !properties->headers.has_value()) return std::nullopt;
    const auto found = properties->headers->find(name);
    return found.has_value() ? found->as_int() : std::nullopt;
  };
  const bytes::ByteVector arguments = wire::FieldTable{{"x-queue-type", "quorum"}}.content();
  wire::QueueDeclare declare;
  declare.queue = "counting";
  declare.durable = true;
  declare.arguments = wire::FieldTableView::trusted(arguments);
  client.send(1, declare);
  client.expect<wire::QueueDeclareOk>(1);
  wire::BasicProperties properties;
  const bytes::ByteVector headers = wire::FieldTable{{"mine", "kept"}}.content();
  properties.headers = wire::FieldTableView::trusted(headers);
  properties.message_id = "id";
  client.publish(1, {0, "", "counting"}, "body", properties);
  client.get(1, "counting", false);
  EXPECT_EQ(count_in(client.last_message), std::nullopt);
  client.send(1, wire::BasicReject{1, true});
  client.send(1, wire::BasicConsume{0, "counting", "tag"});
  client.expect<wire::BasicConsumeOk>(1);
  // What basic.nack gives back is no failed delivery; what basic.reject gives back is one, and there may be 20.
  for (std::uint64_t n = 1; n <= 40; ++n) {
    EXPECT_EQ(client.expect<wire::BasicDeliver>(1).delivery_tag, n + 1);
    const ReceivedMessage message = client.expect_content(1);
    EXPECT_EQ(message.body, "body");
    EXPECT_EQ(count_in(message, "x-acquired-count"), n);
    EXPECT_EQ(count_in(message), (n + 1) / 2);
    const auto got = wire::BasicProperties::decode(bytes::as_bytes(message.properties));
    EXPECT_EQ(got->message_id, "id");
    EXPECT_EQ(got->headers->find("mine")->as_text(), "kept");
    if (n % 2 == 0) {
      client.send(1, wire::BasicReject{n + 1, true});
    } else {
      client.send(1, wire::BasicNack{n + 1, false, true});
    }
  }
  EXPECT_TRUE(client.silent());
  EXPECT_EQ(client.count(1, "counting"), 0U);
}

TEST_F(Consuming, QuorumQueuesHaveLevels) {
  const bytes::ByteVector arguments = wire::FieldTable{{"x-queue-type", "quorum"}}.content();
  wire::QueueDeclare declare;
  declare.queue = "leveled";
  declare.durable = true;
  declare.arguments = wire::FieldTableView::trusted(arguments);
  client.send(1, declare);
  client.expect<wire::QueueDeclareOk>(1);
  const std::optional<std::uint8_t> priorities[] = {0, 3, std::nullopt, 4, 5, 31, 200, 31};
  for (std::size_t i = 0; i < std::size(priorities); ++i) {
    wire::BasicProperties properties;
    properties.priority = priorities[i];
    client.publish(1, {0, "", "leveled"}, std::to_string(i), properties);
  }
  EXPECT_EQ(client.count(1, "leveled"), 8U);
  std::string order;
  for (int i = 0; i < 8; ++i) order += client.get(1, "leveled");
  EXPECT_EQ(order, "56742310");
}

TEST_F(Consuming, DeletedQueuesTellTheirConsumers) {
  consume(client, 1, "tag");
  TestClient other(world);
  other.open();
  other.open_channel(1);
  other.send(1, wire::QueueDelete{0, "q"});
  other.expect<wire::QueueDeleteOk>(1);
  EXPECT_EQ(client.expect<wire::BasicCancel>(1).consumer_tag, "tag");
  client.send(1, wire::BasicCancel{"tag"});  // crosses, or comes late
  client.expect<wire::BasicCancelOk>(1);
  client.declare(1, "q");
}

TEST(AutoDelete, QueuesAreGoneWhenTheEndOfTheirLastConsumerIsAnswered) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    GatewayWorld world(seed, 3);
    TestClient client(world);
    client.open();
    const auto consume = [&] {
      client.open_channel(1);
      client.send(1, wire::QueueDeclare{.queue = "q", .auto_delete = true});
      client.expect<wire::QueueDeclareOk>(1);
      client.send(1, wire::BasicConsume{0, "q", "tag"});
      client.expect<wire::BasicConsumeOk>(1);
    };
    const auto gone = [&] { return world.broker.find("q").queue == broker::ObjectId(0); };
    consume();
    client.send(1, wire::BasicCancel{"tag", false});
    client.expect<wire::BasicCancelOk>(1);
    EXPECT_TRUE(gone()) << "cancel-ok, seed " << seed;
    client.send(1, wire::ChannelClose{200, "bye"});
    client.expect<wire::ChannelCloseOk>(1);
    consume();
    client.send(1, wire::ChannelClose{200, "bye"});
    client.expect<wire::ChannelCloseOk>(1);
    EXPECT_TRUE(gone()) << "channel.close-ok, seed " << seed;
    consume();
    client.send(0, wire::ConnectionClose{200, "bye"});
    client.expect<wire::ConnectionCloseOk>(0);
    EXPECT_TRUE(gone()) << "connection.close-ok, seed " << seed;
  }
}

TEST_F(Consuming, GetReportsWhatIsLeft) {
  EXPECT_EQ(client.get(1, "q"), "(none)");
  publish(3);
  EXPECT_EQ(client.get(1, "q", false), "0");
  EXPECT_EQ(client.last_get.message_count, 2U);
  EXPECT_EQ(client.last_get.delivery_tag, 1U);
  EXPECT_EQ(client.get(1, "q", true), "1");
  EXPECT_EQ(client.last_get.delivery_tag, 2U);
  client.send(1, wire::BasicNack{0, true, true});
  EXPECT_EQ(client.get(1, "q"), "0");
}

TEST_F(Consuming, SlowReadersStopTheirOwnDeliveriesOnly) {
  const std::string body(100'000, 'b');
  constexpr int kMessages = 100;
  for (int i = 0; i < kMessages; ++i) client.publish(1, {0, "", "q"}, body);
  EXPECT_EQ(client.count(1, "q"), static_cast<std::uint32_t>(kMessages));
  TestClient slow(world);
  slow.open();
  slow.open_channel(1);
  consume(slow, 1, "slow", true);
  slow.socket().pause();
  world.broker.world.run_for(base::to_nanos(base::Millis(2'000)));
  const std::uint32_t left = client.count(1, "q");
  EXPECT_GT(left, 60U);  // some megabytes at most went out
  EXPECT_LT(left, 100U);
  EXPECT_EQ(client.get(1, "q"), body);
  slow.socket().resume();
  for (std::uint64_t tag = 1; tag < kMessages; ++tag) EXPECT_EQ(next(slow, 1, tag).size(), body.size());
}

TEST_F(Consuming, UnservedMethodsSaySo) {
  client.send(1, wire::BasicRecover{false});
  client.expect_connection_close(ReplyCode::not_implemented);
}

TEST(DirectReply, AddressesAreNames) {
  const ReplyAddress address{broker::ShardId(3), 0xabcdef0123456789};
  const auto parsed = ReplyAddress::parse(address.name());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->shard, address.shard);
  EXPECT_EQ(parsed->key, address.key);
  for (const std::string_view bad :
       {"amq.rabbitmq.reply-to", "amq.rabbitmq.reply-to.", "amq.rabbitmq.reply-to.1", "amq.rabbitmq.reply-to.1.",
        "amq.rabbitmq.reply-to.1.2x", "amq.rabbitmq.reply-to.64.1", "amq.rabbitmq.reply-to.-1.1", "other.1.2"}) {
    EXPECT_FALSE(ReplyAddress::parse(bad).has_value()) << bad;
  }
}

TEST_F(Consuming, RepliesFindTheirChannelOnAnyShard) {
  for (int round = 0; round < 2; ++round) {  // connections alternate between the shards
    TestClient server(world);
    server.open();
    server.open_channel(1);
    client.send(1, wire::BasicConsume{0, kReplyTo, "replies", false, true});
    client.expect<wire::BasicConsumeOk>(1);
    wire::BasicProperties request;
    request.reply_to = kReplyTo;
    request.correlation_id = "7";
    client.publish(1, {0, "", "q"}, "question", request);
    EXPECT_EQ(client.count(1, "q"), 1U);
    EXPECT_EQ(server.get(1, "q"), "question");
    const auto asked = wire::BasicProperties::decode(bytes::as_bytes(server.last_message.properties));
    ASSERT_TRUE(asked.has_value() && asked->reply_to.has_value());
    const std::string to(*asked->reply_to);
    EXPECT_TRUE(ReplyAddress::parse(to).has_value());
    EXPECT_EQ(asked->correlation_id, "7");
    wire::QueueDeclare probe;
    probe.queue = to;
    probe.passive = true;
    server.send(1, probe);
    EXPECT_EQ(server.expect<wire::QueueDeclareOk>(1).consumer_count, 1U);
    const std::string answer(20'000, 'a');
    server.publish(1, {0, "", to, true}, answer);
    const auto deliver = client.expect<wire::BasicDeliver>(1);
    EXPECT_EQ(deliver.consumer_tag, "replies");
    EXPECT_EQ(deliver.routing_key, to);
    EXPECT_EQ(client.expect_content(1).body, answer);
    client.send(1, wire::BasicCancel{"replies"});
    client.expect<wire::BasicCancelOk>(1);
    server.send(1, probe);
    server.expect_channel_close(1, ReplyCode::not_found);
  }
}

TEST_F(Consuming, ReplyConsumersHaveRules) {
  client.send(1, wire::BasicConsume{0, kReplyTo, "r"});
  client.expect_channel_close(1, ReplyCode::precondition_failed,
                              "PRECONDITION_FAILED - reply consumer cannot acknowledge");
  client.open_channel(1);
  wire::BasicProperties request;
  request.reply_to = kReplyTo;
  client.publish(1, {0, "", "q"}, "question", request);
  client.expect_channel_close(1, ReplyCode::precondition_failed,
                              "PRECONDITION_FAILED - fast reply consumer does not exist");
  client.open_channel(1);
  client.send(1, wire::BasicConsume{0, kReplyTo, "r", false, true});
  client.expect<wire::BasicConsumeOk>(1);
  client.send(1, wire::BasicConsume{0, kReplyTo, "s", false, true});
  client.expect_channel_close(1, ReplyCode::precondition_failed, "PRECONDITION_FAILED - reply consumer already set");
  client.open_channel(1);
  client.publish(1, {0, "", "amq.rabbitmq.reply-to.nobody", true}, "lost");
  client.expect<wire::BasicReturn>(1);
  EXPECT_EQ(client.expect_content(1).body, "lost");
}

// Before it is confirmed, on whichever shard its receiver was.
TEST_F(Consuming, AMandatoryReplyThatNobodyWaitsForComesBack) {
  for (int round = 0; round < 2; ++round) {  // connections alternate between the shards
    TestClient server(world);
    server.open();
    server.open_channel(1);
    server.send(1, wire::ConfirmSelect{});
    server.expect<wire::ConfirmSelectOk>(1);
    client.send(1, wire::BasicConsume{0, kReplyTo, "replies", false, true});
    client.expect<wire::BasicConsumeOk>(1);
    wire::BasicProperties request;
    request.reply_to = kReplyTo;
    client.publish(1, {0, "", "q"}, "question", request);
    EXPECT_EQ(client.count(1, "q"), 1U);
    EXPECT_EQ(server.get(1, "q"), "question");
    const std::string to(*wire::BasicProperties::decode(bytes::as_bytes(server.last_message.properties))->reply_to);
    server.publish(1, {0, "", to, true}, "answer");
    client.expect<wire::BasicDeliver>(1);
    EXPECT_EQ(client.expect_content(1).body, "answer");
    EXPECT_EQ(server.expect<wire::BasicAck>(1).delivery_tag, 1U);
    client.send(1, wire::BasicCancel{"replies"});
    client.expect<wire::BasicCancelOk>(1);
    wire::BasicProperties properties;
    properties.correlation_id = "7";
    server.publish(1, {0, "", to, true}, "too late", properties);
    server.publish(1, {0, "", "q"}, "next");
    const auto returned = server.expect<wire::BasicReturn>(1);
    EXPECT_EQ(returned.reply_code, 312);
    EXPECT_EQ(returned.routing_key, to);
    const ReceivedMessage back = server.expect_content(1);
    EXPECT_EQ(back.body, "too late");
    EXPECT_EQ(wire::BasicProperties::decode(bytes::as_bytes(back.properties))->correlation_id, "7");
    for (std::uint64_t confirmed = 0; confirmed < 3;) {
      const std::uint64_t tag = server.expect<wire::BasicAck>(1).delivery_tag;
      ASSERT_GT(tag, confirmed);
      confirmed = tag;
    }
    EXPECT_EQ(client.get(1, "q"), "next");
    server.close();
  }
}

TEST_F(Consuming, RejectedMessagesCarryTheirHistory) {
  wire::QueueDeclare declare;
  const bytes::ByteVector arguments =
      wire::FieldTable{{"x-dead-letter-exchange", ""}, {"x-dead-letter-routing-key", "q"}}.content();
  declare.queue = "dying";
  declare.durable = true;
  declare.arguments = wire::FieldTableView::trusted(arguments);
  client.send(1, declare);
  client.expect<wire::QueueDeclareOk>(1);
  client.publish(1, {0, "", "dying"}, "body");
  client.get(1, "dying", false);
  client.send(1, wire::BasicReject{1, false});
  ASSERT_TRUE(world.broker.world.run_until([&] { return world.broker.stats(world.broker.find("q")).ready == 1; }));
  EXPECT_EQ(client.get(1, "q"), "body");
  const auto properties = wire::BasicProperties::decode(bytes::as_bytes(client.last_message.properties));
  ASSERT_TRUE(properties.has_value() && properties->headers.has_value());
  EXPECT_EQ(properties->headers->find("x-first-death-queue")->as_text(), "dying");
  EXPECT_EQ(properties->headers->find("x-last-death-reason")->as_text(), "rejected");
}

}  // namespace
}  // namespace millrace::gateway::amqp091

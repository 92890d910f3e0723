#include <fmt/core.h>
#include <gtest/gtest.h>

#include "gateway/amqp091/test_client_test.h"

namespace millrace::gateway::amqp091 {
namespace {

using wire::ReplyCode;

bytes::ByteVector properties_block(const wire::BasicProperties& properties) {
  bytes::ByteVector block;
  bytes::Writer writer(block);
  properties.encode(writer);
  return block;
}

/// Frames of a publish whose parts the test sends as it likes.
struct Pieces {
  bytes::ByteVector method;
  bytes::ByteVector header;
  std::vector<bytes::ByteVector> bodies;

  Pieces(std::uint16_t channel, std::string_view key, const std::vector<std::string>& parts, std::uint64_t announced) {
    wire::append_method(method, channel, wire::BasicPublish{0, "", key});
    wire::append_header(header, channel, announced, wire::kEmptyPropertyBlock);
    for (const std::string& part : parts) {
      bodies.emplace_back();
      wire::append_body(bodies.back(), channel, bytes::as_bytes(part), 0);
    }
  }
};

TEST(Publish, MessagesComeBackByteForByte) {
  for (std::uint64_t seed = 30; seed < 36; ++seed) {
    GatewayWorld world(seed);
    world.wire.settings().chunk_max = seed % 2 == 0 ? 13 : 4096;
    TestClient client(world);
    client.open();
    client.open_channel(1);
    client.declare(1, "q");
    const bytes::ByteVector headers = wire::FieldTable{{"n", std::int32_t{1}}, {"n", "twice"}}.content();
    wire::BasicProperties properties;
    properties.content_type = "text/plain";
    properties.headers = wire::FieldTableView::trusted(headers);
    properties.delivery_mode = wire::kDeliveryModePersistent;
    properties.priority = 3;
    properties.expiration = "60000";
    properties.timestamp = 1;
    std::string large(40'000, '\0');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31);
    const std::string bodies[] = {"small", "", large.substr(0, 9000), large};
    for (const std::string& body : bodies) client.publish(1, {0, "", "q"}, body, properties);
    for (const std::string& body : bodies) {
      EXPECT_EQ(client.get(1, "q"), body);
      EXPECT_EQ(bytes::as_bytes(client.last_message.properties).size(), properties_block(properties).size());
      EXPECT_EQ(client.last_message.properties, bytes::as_text(properties_block(properties)));
      EXPECT_EQ(client.last_get.routing_key, "q");
      EXPECT_EQ(client.last_get.exchange, "");
    }
    EXPECT_EQ(client.get(1, "q"), "(none)");
  }
}

TEST(Publish, CopiesGoToFurtherQueuesAndBlindOnesAreNotSeen) {
  GatewayWorld world(42);
  TestClient client(world);
  client.open();
  client.open_channel(1);
  for (const char* queue : {"a", "b", "c"}) client.declare(1, queue);
  client.send(1, wire::ConfirmSelect{});
  client.expect<wire::ConfirmSelectOk>(1);
  const wire::FieldTable seen{{"n", std::int32_t{1}}, {"CC", wire::FieldArray{"b", std::int32_t{7}, "a"}}};
  const wire::FieldTable sent{
      {"n", std::int32_t{1}}, {"BCC", wire::FieldArray{"c"}}, {"CC", wire::FieldArray{"b", std::int32_t{7}, "a"}}};
  const bytes::ByteVector headers = sent.content();
  wire::BasicProperties properties;
  properties.headers = wire::FieldTableView::trusted(headers);
  client.publish(1, {0, "", "a", true}, "body", properties);
  EXPECT_EQ(client.expect<wire::BasicAck>(1).delivery_tag, 1U);
  for (const char* queue : {"a", "b", "c"}) {
    EXPECT_EQ(client.get(1, queue), "body");
    EXPECT_EQ(client.last_get.routing_key, "a");
    const auto got = wire::BasicProperties::decode(bytes::as_bytes(client.last_message.properties));
    ASSERT_TRUE(got.has_value() && got->headers.has_value());
    EXPECT_EQ(wire::FieldTable::decode(*got->headers), seen);
    EXPECT_EQ(client.get(1, queue), "(none)");
  }
  // Only copies are routable: not returned. None is: returned, once, without the blind ones.
  client.publish(1, {0, "", "nowhere", true}, "copy", properties);
  client.expect<wire::BasicAck>(1);
  const bytes::ByteVector lost = wire::FieldTable{{"BCC", wire::FieldArray{"nobody"}}}.content();
  properties.headers = wire::FieldTableView::trusted(lost);
  client.publish(1, {0, "", "nowhere", true}, "lost", properties);
  client.expect<wire::BasicReturn>(1);
  const auto returned = wire::BasicProperties::decode(bytes::as_bytes(client.expect_content(1).properties));
  ASSERT_TRUE(returned.has_value() && returned->headers.has_value());
  EXPECT_TRUE(returned->headers->empty());
  client.expect<wire::BasicAck>(1);
}

TEST(Publish, CopiesThatAreNoListAreRefused) {
  GatewayWorld world(43);
  TestClient client(world);
  client.open();
  for (const char* header : {"CC", "BCC"}) {
    client.open_channel(1);
    const bytes::ByteVector headers = wire::FieldTable{{header, "q"}}.content();
    wire::BasicProperties properties;
    properties.headers = wire::FieldTableView::trusted(headers);
    client.publish(1, {0, "", "q"}, "body", properties);
    client.expect_channel_close(1, ReplyCode::precondition_failed,
                                fmt::format("PRECONDITION_FAILED - invalid message: "
                                            "{{unacceptable_type_in_header,\"{}\",longstr}}",
                                            header));
  }
}

TEST(Publish, FramesOfChannelsMayInterleave) {
  GatewayWorld world(41);
  TestClient client(world);
  client.open();
  client.open_channel(1);
  client.open_channel(2);
  client.declare(1, "one");
  client.declare(1, "two");
  const Pieces a(1, "one", {"aa", "AA"}, 4);
  const Pieces b(2, "two", {"bb"}, 2);
  for (const auto* part : {&a.method, &b.method, &a.header, &a.bodies[0], &b.header, &b.bodies[0], &a.bodies[1]}) {
    client.send_raw(*part);
  }
  EXPECT_EQ(client.count(2, "two"), 1U);
  EXPECT_EQ(client.get(1, "one"), "aaAA");
  EXPECT_EQ(client.get(1, "two"), "bb");
}

TEST(Publish, FramesOutOfOrderCloseTheConnection) {
  GatewayWorld world(42);
  const Pieces good(1, "q", {"1234"}, 4);
  const Pieces more(1, "q", {"12345"}, 4);
  bytes::ByteVector ack;
  wire::append_method(ack, 1, wire::BasicAck{1, false});
  const struct {
    std::vector<const bytes::ByteVector*> frames;
    ReplyCode code;
  } cases[] = {
      {{&good.header}, ReplyCode::unexpected_frame},
      {{&good.bodies[0]}, ReplyCode::unexpected_frame},
      {{&good.method, &good.bodies[0]}, ReplyCode::unexpected_frame},
      {{&good.method, &ack}, ReplyCode::unexpected_frame},
      {{&good.method, &good.header, &good.header}, ReplyCode::unexpected_frame},
      {{&good.method, &good.header, &ack}, ReplyCode::unexpected_frame},
      {{&more.method, &more.header, &more.bodies[0]}, ReplyCode::frame_error},
  };
  for (const auto& each : cases) {
    TestClient client(world);
    client.open();
    client.open_channel(1);
    for (const auto* frame : each.frames) client.send_raw(*frame);
    client.expect_connection_close(each.code);
  }
}

TEST(Publish, TooLargeMessagesCloseTheChannelBeforeTheirBody) {
  GatewayWorld world(43);
  for (auto& gateway : world.gateways) gateway.reset();
  world.options.max_message_bytes = 1000;
  for (std::size_t i = 0; i < 2; ++i)
    world.gateways[i] = std::make_unique<Gateway>(world.broker.shard(i), world.options);
  TestClient client(world);
  client.open();
  client.open_channel(1);
  client.declare(1, "q");
  client.publish(1, {0, "", "q"}, std::string(1001, 'x'));
  client.publish(1, {0, "", "q"}, "dropped: its channel is closing");
  client.expect_channel_close(1, ReplyCode::precondition_failed,
                              "PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000");
  client.open_channel(1);
  client.publish(1, {0, "", "q"}, std::string(1000, 'y'));
  EXPECT_EQ(client.get(1, "q").size(), 1000U);
  EXPECT_EQ(client.get(1, "q"), "(none)");
}

TEST(Publish, WrongTargetsAndPropertiesCloseTheChannel) {
  GatewayWorld world(44);
  TestClient client(world);
  client.open();
  client.open_channel(1);
  wire::ExchangeDeclare internal;
  internal.exchange = "inner";
  internal.internal = true;
  client.send(1, internal);
  client.expect<wire::ExchangeDeclareOk>(1);
  const auto refused = [&client](const wire::BasicPublish& method, const wire::BasicProperties& properties,
                                 ReplyCode code, std::string_view text) {
    client.publish(1, method, "m", properties);
    client.expect_channel_close(1, code, text);
    client.open_channel(1);
  };
  refused({0, "absent", "k"}, {}, ReplyCode::not_found, "NOT_FOUND - no exchange 'absent' in vhost '/'");
  refused({0, "inner", "k"}, {}, ReplyCode::access_refused,
          "ACCESS_REFUSED - cannot publish to internal exchange 'inner' in vhost '/'");
  wire::BasicProperties other_user;
  other_user.user_id = "somebody";
  refused({0, "", "k"}, other_user, ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - user_id property set to 'somebody' but authenticated user was 'test'");
  wire::BasicProperties expiring;
  expiring.expiration = "soon";
  refused({0, "", "k"}, expiring, ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - invalid expiration 'soon': no_integer");
  world.put_user("test", "secret", {"impersonator"});
  client.publish(1, {0, "", "k"}, "m", other_user);
  client.declare(1, "still-open");
  client.publish(1, {0, "", "k", false, true}, "m");
  client.expect_connection_close(ReplyCode::not_implemented, "NOT_IMPLEMENTED - immediate=true");
}

TEST(Publish, UnroutableMandatoryMessagesComeBackBeforeTheirConfirm) {
  GatewayWorld world(45);
  TestClient client(world);
  client.open();
  client.open_channel(1);
  client.send(1, wire::ConfirmSelect{});
  client.expect<wire::ConfirmSelectOk>(1);
  const std::string body(20'000, 'r');
  wire::BasicProperties properties;
  properties.message_id = "id";
  client.publish(1, {0, "amq.direct", "nowhere", true}, body, properties);
  const auto back = client.expect<wire::BasicReturn>(1);
  EXPECT_EQ(back.reply_code, 312);
  EXPECT_EQ(back.reply_text, "NO_ROUTE");
  EXPECT_EQ(back.exchange, "amq.direct");
  EXPECT_EQ(back.routing_key, "nowhere");
  const ReceivedMessage returned = client.expect_content(1);
  EXPECT_EQ(returned.body, body);
  EXPECT_EQ(returned.properties, bytes::as_text(properties_block(properties)));
  EXPECT_EQ(client.expect<wire::BasicAck>(1).delivery_tag, 1U);
  client.publish(1, {0, "amq.direct", "nowhere", false}, "dropped");
  EXPECT_EQ(client.expect<wire::BasicAck>(1).delivery_tag, 2U);
}

TEST(Publish, ConfirmsCoverEveryPublishOnce) {
  for (std::uint64_t seed = 50; seed < 55; ++seed) {
    GatewayWorld world(seed);
    TestClient client(world);
    client.open();
    client.open_channel(1);
    client.declare(1, "a");
    client.declare(1, "b");
    client.publish(1, {0, "", "a"}, "before select");
    client.send(1, wire::ConfirmSelect{});
    client.expect<wire::ConfirmSelectOk>(1);
    constexpr std::uint64_t kCount = 200;
    for (std::uint64_t i = 0; i < kCount; ++i) client.publish(1, {0, "", i % 3 == 0 ? "a" : "b"}, std::to_string(i));
    std::uint64_t confirmed = 0;
    while (confirmed < kCount) {
      const auto ack = client.expect<wire::BasicAck>(1);
      ASSERT_GT(ack.delivery_tag, confirmed);
      EXPECT_EQ(ack.multiple, ack.delivery_tag > confirmed + 1);
      confirmed = ack.delivery_tag;
    }
    EXPECT_EQ(confirmed, kCount);
    EXPECT_EQ(client.count(1, "a") + client.count(1, "b"), kCount + 1);
  }
}

TEST(Publish, RefusedPublishesAreNotAcknowledged) {
  GatewayWorld world(61);
  TestClient client(world);
  client.open();
  client.open_channel(1);
  client.declare(1, "q", wire::FieldTable{{"x-max-length", std::int32_t{2}}, {"x-overflow", "reject-publish"}});
  client.send(1, wire::ConfirmSelect{});
  client.expect<wire::ConfirmSelectOk>(1);
  for (std::uint64_t tag = 1; tag <= 2; ++tag) {
    client.publish(1, {0, "", "q"}, "fits");
    EXPECT_EQ(client.expect<wire::BasicAck>(1).delivery_tag, tag);
  }
  client.publish(1, {0, "", "q"}, "too many");
  EXPECT_EQ(client.expect<wire::BasicNack>(1).delivery_tag, 3U);
  EXPECT_TRUE(client.silent());
  EXPECT_EQ(client.get(1, "q"), "fits");
  client.publish(1, {0, "", "q"}, "fits again");
  EXPECT_EQ(client.expect<wire::BasicAck>(1).delivery_tag, 4U);
}

// A client may take an acknowledgement of several as the answer to each of them, rejected before or not.
TEST(Publish, NoAcknowledgementCoversWhatWasRejected) {
  GatewayWorld world(63);
  TestClient client(world);
  client.open();
  client.open_channel(1);
  client.declare(1, "full", wire::FieldTable{{"x-max-length", std::int32_t{0}}, {"x-overflow", "reject-publish"}});
  client.declare(1, "q");
  client.send(1, wire::ConfirmSelect{});
  client.expect<wire::ConfirmSelectOk>(1);
  constexpr std::uint64_t kMessages = 40;
  const auto rejected = [](std::uint64_t tag) { return tag % 7 == 2 || tag % 7 == 3 || tag == kMessages; };
  for (std::uint64_t tag = 1; tag <= kMessages; ++tag) client.publish(1, {0, "", rejected(tag) ? "full" : "q"}, "m");
  std::vector<int> told(kMessages + 1);
  std::uint64_t acknowledged = 0;
  for (std::uint64_t answered = 0; answered < kMessages;) {
    if (client.next_is(wire::BasicNack{})) {
      const auto nack = client.expect<wire::BasicNack>(1);
      ASSERT_FALSE(nack.multiple);
      ASSERT_TRUE(rejected(nack.delivery_tag));
      ++told[nack.delivery_tag];
      ++answered;
      continue;
    }
    const auto ack = client.expect<wire::BasicAck>(1);
    std::uint64_t first = ack.delivery_tag;
    while (ack.multiple && first > acknowledged + 1 && told[first - 1] == 0) --first;
    for (std::uint64_t tag = ack.multiple ? first : ack.delivery_tag; tag <= ack.delivery_tag; ++tag, ++answered) {
      EXPECT_FALSE(rejected(tag)) << tag;
      ++told[tag];
    }
    acknowledged = ack.delivery_tag;
  }
  for (std::uint64_t tag = 1; tag <= kMessages; ++tag) EXPECT_EQ(told[tag], 1) << tag;
}

TEST(Publish, ChannelsThatFailLeaveNothingCounted) {
  GatewayWorld world(62);
  TestClient client(world);
  client.open();
  client.open_channel(1);
  client.declare(1, "q");
  // More than a connection may have under way, if what fails stayed counted.
  const std::string body(1'000'000, 'x');
  for (int round = 0; round < 20; ++round) {
    client.publish(1, {0, "", "q"}, body);
    client.publish(1, {0, "absent", "q"}, "");
    client.expect_channel_close(1, ReplyCode::not_found);
    client.open_channel(1);
  }
  EXPECT_EQ(client.count(1, "q"), 20U);
}

TEST(Publish, RequestsSeeThePublishesBeforeThem) {
  for (std::uint64_t seed = 70; seed < 76; ++seed) {
    GatewayWorld world(seed);
    TestClient client(world);
    client.open();
    client.open_channel(1);
    client.declare(1, "q");
    // All in one go: every request is sent before the first answer.
    bytes::ByteVector all;
    const wire::Content content{wire::kEmptyPropertyBlock, bytes::as_bytes("m")};
    wire::QueueDeclare passive;
    passive.queue = "q";
    passive.passive = true;
    constexpr std::uint32_t kRounds = 20;
    for (std::uint32_t i = 0; i < kRounds; ++i) {
      wire::append_with_content(all, 1, wire::BasicPublish{0, "", "q"}, content, client.frame_max);
      wire::append_method(all, 1, passive);
    }
    client.send_raw(all);
    for (std::uint32_t i = 0; i < kRounds; ++i) {
      EXPECT_EQ(client.expect<wire::QueueDeclareOk>(1).message_count, i + 1);
    }
  }
}

TEST(Publish, ClosingKeepsWhatWasPublished) {
  for (std::uint64_t seed = 90; seed < 100; ++seed) {
    GatewayWorld world(seed);
    TestClient client(world);
    client.open();
    client.open_channel(1);
    client.declare(1, "q");
    for (int i = 0; i < 50; ++i) client.publish(1, {0, "", "q"}, std::to_string(i));
    client.close();
    TestClient other(world);
    other.open();
    other.open_channel(1);
    EXPECT_EQ(other.count(1, "q"), 50U);
  }
}

}  // namespace
}  // namespace millrace::gateway::amqp091

#include <gtest/gtest.h>

#include "gateway/amqp091/test_client_test.h"

namespace millrace::gateway::amqp091 {
namespace {

using wire::ReplyCode;

class Exchanges : public ::testing::Test {
 protected:
  Exchanges() : world(31), client(world) {
    client.open();
    client.open_channel(1);
  }
  template <class M>
  void refused(const M& method, ReplyCode code, std::string_view text) {
    client.send(1, method);
    client.expect_channel_close(1, code, text);
    client.open_channel(1);
  }
  template <class Ok, class M>
  void accepted(const M& method) {
    client.send(1, method);
    client.expect<Ok>(1);
  }
  wire::ExchangeDeclare exchange(std::string_view name, std::string_view type, const wire::FieldTable& arguments = {}) {
    wire::ExchangeDeclare method;
    method.exchange = name;
    method.type = type;
    method.durable = true;
    kept.push_back(arguments.content());
    method.arguments = wire::FieldTableView::trusted(kept.back());
    return method;
  }
  void bind_exchanges(std::string_view destination, std::string_view source) {
    accepted<wire::ExchangeBindOk>(wire::ExchangeBind{0, destination, source, ""});
  }

  GatewayWorld world;
  TestClient client;
  std::deque<bytes::ByteVector> kept;
};

TEST_F(Exchanges, WhatIsNotThereCanBeUnboundButNotBound) {
  client.declare(1, "q");
  accepted<wire::ExchangeDeclareOk>(exchange("x", "direct"));
  accepted<wire::QueueUnbindOk>(wire::QueueUnbind{0, "none", "nothing", "k"});
  accepted<wire::QueueUnbindOk>(wire::QueueUnbind{0, "none", "x", "k"});
  accepted<wire::QueueUnbindOk>(wire::QueueUnbind{0, "q", "x", "k"});
  accepted<wire::ExchangeUnbindOk>(wire::ExchangeUnbind{0, "nothing", "x", "k"});
  refused(wire::QueueBind{0, "none", "nothing", "k"}, ReplyCode::not_found,
          "NOT_FOUND - no exchange 'nothing' in vhost '/'");
  refused(wire::QueueBind{0, "none", "x", "k"}, ReplyCode::not_found, "NOT_FOUND - no queue 'none' in vhost '/'");
  refused(wire::ExchangeBind{0, "nothing", "x", "k"}, ReplyCode::not_found,
          "NOT_FOUND - no exchange 'nothing' in vhost '/'");
  refused(wire::QueueBind{0, "q", "", "k"}, ReplyCode::access_refused,
          "ACCESS_REFUSED - operation not permitted on the default exchange");
  refused(wire::ExchangeBind{0, "", "x", "k"}, ReplyCode::access_refused,
          "ACCESS_REFUSED - operation not permitted on the default exchange");
}

TEST_F(Exchanges, ArgumentsOfTheWrongTypeAreNamed) {
  refused(exchange("x", "direct", {{"alternate-exchange", std::int32_t{5}}}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in exchange 'x' in vhost '/'");
  kept.push_back(wire::FieldTable{{"x-dead-letter-exchange", true}}.content());
  wire::QueueDeclare queue;
  queue.queue = "q";
  queue.arguments = wire::FieldTableView::trusted(kept.back());
  refused(queue, ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - invalid type 'bool' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'");
  accepted<wire::ExchangeDeclareOk>(exchange("x", "direct", {{"alternate-exchange", "y"}}));
  refused(exchange("x", "direct"), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': received none "
          "but current is the value 'y' of type 'longstr'");
  refused(exchange("x", "direct", {{"alternate-exchange", "z"}}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': received 'z' but "
          "current is 'y'");
}

TEST_F(Exchanges, DeclarationsAtTheSameTimeAreComparedToo) {
  for (int round = 0; round < 20; ++round) {
    TestClient other(world);
    other.open();
    other.open_channel(1);
    const std::string name = "race" + std::to_string(round);
    client.send(1, exchange(name, "direct"));
    other.send(1, exchange(name, round % 2 == 0 ? "fanout" : "direct"));
    world.broker.world.settle();
    const bool first = world.broker.shard(0).catalog().find_exchange(world.broker.vhost(), name)->type ==
                       catalog::ExchangeType::direct;
    if (round % 2 != 0) {
      client.expect<wire::ExchangeDeclareOk>(1);
      other.expect<wire::ExchangeDeclareOk>(1);
      continue;
    }
    (first ? client : other).expect<wire::ExchangeDeclareOk>(1);
    (first ? other : client).expect_channel_close(1, ReplyCode::precondition_failed);
    if (!first) client.open_channel(1);
  }
}

TEST_F(Exchanges, HashesAndChoicesHaveRules) {
  refused(exchange("x", "x-consistent-hash", {{"hash-header", "h"}, {"hash-property", "message_id"}}),
          ReplyCode::precondition_failed, "PRECONDITION_FAILED - hash-header and hash-property are mutually exclusive");
  refused(exchange("x", "x-consistent-hash", {{"hash-property", "type"}}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - Unsupported property: type");
  accepted<wire::ExchangeDeclareOk>(exchange("x", "x-consistent-hash", {{"hash-property", "message_id"}}));
  client.declare(1, "q");
  refused(wire::QueueBind{0, "q", "x", "heavy"}, ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - The binding key must be an integer: <<\"heavy\">>");
  for (const char* weight : {"0", "-3"}) {
    refused(wire::QueueBind{0, "q", "x", weight}, ReplyCode::precondition_failed,
            "PRECONDITION_FAILED - The binding key must be greater than 0");
  }
  accepted<wire::QueueBindOk>(wire::QueueBind{0, "q", "x", "3"});
  accepted<wire::ExchangeDeclareOk>(exchange("r", "x-local-random"));
  refused(wire::QueueBind{0, "q", "r", "key"}, ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - Non empty binding 'key' key not permitted");
  accepted<wire::QueueBindOk>(wire::QueueBind{0, "q", "r", ""});
  for (const char* type : {"x-random", "x-modulus-hash"}) accepted<wire::ExchangeDeclareOk>(exchange(type, type));
  client.publish(1, {0, "x", "any"}, "hashed");
  client.publish(1, {0, "r", "any"}, "chosen");
  EXPECT_EQ(client.get(1, "q"), "hashed");
  EXPECT_EQ(client.get(1, "q"), "chosen");
}

TEST_F(Exchanges, AnAutoDeleteHeadersExchangeGoesWithItsLastBinding) {
  auto method = exchange("h", "headers");
  method.auto_delete = true;
  accepted<wire::ExchangeDeclareOk>(method);
  client.declare(1, "q");
  kept.push_back(wire::FieldTable{{"x-match", "any"}, {"kind", "a"}}.content());
  const auto arguments = wire::FieldTableView::trusted(kept.back());
  accepted<wire::QueueBindOk>(wire::QueueBind{0, "q", "h", "", false, arguments});
  kept.push_back(wire::FieldTable{{"x-match", "odd"}}.content());
  accepted<wire::QueueUnbindOk>(wire::QueueUnbind{0, "q", "h", "", wire::FieldTableView::trusted(kept.back())});
  EXPECT_NE(world.broker.shard(0).catalog().find_exchange(world.broker.vhost(), "h"), nullptr);
  accepted<wire::QueueUnbindOk>(wire::QueueUnbind{0, "q", "h", "", arguments});
  EXPECT_EQ(world.broker.shard(0).catalog().find_exchange(world.broker.vhost(), "h"), nullptr);
}

TEST_F(Exchanges, InternalOnesTakeMessagesFromExchangesOnly) {
  auto internal = exchange("inner", "fanout");
  internal.internal = true;
  accepted<wire::ExchangeDeclareOk>(internal);
  accepted<wire::ExchangeDeclareOk>(exchange("outer", "fanout"));
  client.declare(1, "q");
  accepted<wire::QueueBindOk>(wire::QueueBind{0, "q", "inner", ""});
  bind_exchanges("inner", "outer");
  client.publish(1, {0, "outer", "k"}, "through");
  EXPECT_EQ(client.get(1, "q"), "through");
  client.publish(1, {0, "inner", "k"}, "refused");
  client.expect_channel_close(1, ReplyCode::access_refused,
                              "ACCESS_REFUSED - cannot publish to internal exchange 'inner' in vhost '/'");
}

TEST_F(Exchanges, TopicPermissionsLimitRoutingKeys) {
  world.put_user("ann", "pw");
  world.permit("ann", ".*", ".*", ".*");
  world.execute({.commands = {catalog::PutTopicPermission{{.user = "ann",
                                                           .vhost = world.broker.vhost(),
                                                           .exchange = "amq.topic",
                                                           .write = "^{username}[.]",
                                                           .read = "^news[.]"}}}});
  TestClient ann(world);
  ann.open("ann", "pw");
  ann.open_channel(1);
  ann.declare(1, "q");
  ann.send(1, wire::QueueBind{0, "q", "amq.topic", "news.#"});
  ann.expect<wire::QueueBindOk>(1);
  ann.publish(1, {0, "amq.topic", "ann.says"}, "unrouted");
  ann.publish(1, {0, "amq.direct", "anything"}, "unrouted");
  EXPECT_EQ(ann.get(1, "q"), "(none)");
  ann.send(1, wire::QueueBind{0, "q", "amq.topic", "#"});
  ann.expect_channel_close(1, ReplyCode::access_refused,
                           "ACCESS_REFUSED - access to topic '#' in exchange 'amq.topic' in vhost '/' refused for user "
                           "'ann'");
  ann.open_channel(1);
  ann.publish(1, {0, "amq.topic", "bob.says"}, "refused");
  ann.expect_channel_close(1, ReplyCode::access_refused,
                           "ACCESS_REFUSED - access to topic 'bob.says' in exchange 'amq.topic' in vhost '/' refused "
                           "for user 'ann'");
  ann.open_channel(1);
  world.execute({.commands = {catalog::DeleteTopicPermission{"ann", world.broker.vhost(), "amq.topic"}}});
  ann.publish(1, {0, "amq.topic", "news.bob"}, "allowed");
  EXPECT_EQ(ann.get(1, "q"), "allowed");
  // Others are not limited.
  client.publish(1, {0, "amq.topic", "news.test"}, "from test");
  EXPECT_EQ(client.count(1, "q"), 1U);
}

/// Whether `ann` may do it with these rights only; what it needs is made by the test's own user.
TEST_F(Exchanges, EachMethodAsksForItsRights) {
  world.put_user("ann", "pw");
  accepted<wire::ExchangeDeclareOk>(exchange("x", "fanout"));
  accepted<wire::ExchangeDeclareOk>(exchange("y", "fanout"));
  client.declare(1, "q");
  const auto allowed = [&](const char* configure, const char* write, const char* read, auto method, auto ok) {
    world.permit("ann", configure, write, read);
    TestClient ann(world);
    ann.open("ann", "pw");
    ann.open_channel(1);
    ann.send(1, method);
    world.broker.world.settle();
    ann.send(1, wire::ChannelClose{200, "bye"});
    return ann.next_is(ok);
  };
  const char* const none = "^$";
  const wire::ExchangeBindOk exchange_bound;
  const wire::QueueBindOk bound;
  const wire::ExchangeDeclareOk declared;
  const wire::QueueDeclareOk queue_declared;
  const wire::QueueBind bind{0, "q", "x", ""};
  EXPECT_TRUE(allowed(none, "^q$", "^x$", bind, bound));
  EXPECT_FALSE(allowed(none, "^x$", "^q$", bind, bound));
  EXPECT_FALSE(allowed(none, "^q$", none, bind, bound));
  const wire::ExchangeBind bind_exchange{0, "y", "x", ""};
  EXPECT_TRUE(allowed(none, "^y$", "^x$", bind_exchange, exchange_bound));
  EXPECT_FALSE(allowed(none, "^x$", "^y$", bind_exchange, exchange_bound));
  EXPECT_TRUE(allowed("^z$", none, none, exchange("z", "fanout"), declared));
  EXPECT_FALSE(allowed(none, ".*", ".*", exchange("z2", "fanout"), declared));
  const auto alternate = [&](const char* name) { return exchange(name, "fanout", {{"alternate-exchange", "x"}}); };
  EXPECT_TRUE(allowed("^a1$", "^x$", "^a1$", alternate("a1"), declared));
  EXPECT_FALSE(allowed("^a2$", none, "^a2$", alternate("a2"), declared));
  EXPECT_FALSE(allowed("^a3$", "^x$", none, alternate("a3"), declared));
  const auto dead_letters = [&](const char* name) {
    kept.push_back(wire::FieldTable{{"x-dead-letter-exchange", "x"}}.content());
    wire::QueueDeclare method;
    method.queue = name;
    method.durable = true;
    method.arguments = wire::FieldTableView::trusted(kept.back());
    return method;
  };
  EXPECT_TRUE(allowed("^d1$", "^x$", "^d1$", dead_letters("d1"), queue_declared));
  EXPECT_FALSE(allowed("^d2$", none, "^d2$", dead_letters("d2"), queue_declared));
  EXPECT_FALSE(allowed("^d3$", "^x$", none, dead_letters("d3"), queue_declared));
  EXPECT_TRUE(allowed(none, none, "^q$", wire::QueuePurge{0, "q"}, wire::QueuePurgeOk{}));
  EXPECT_FALSE(allowed(".*", ".*", none, wire::QueuePurge{0, "q"}, wire::QueuePurgeOk{}));
  EXPECT_TRUE(allowed(none, none, "^q$", wire::BasicConsume{0, "q"}, wire::BasicConsumeOk{}));
  EXPECT_FALSE(allowed(".*", ".*", none, wire::BasicConsume{0, "q"}, wire::BasicConsumeOk{}));
  EXPECT_TRUE(allowed("^y$", none, none, wire::ExchangeDelete{0, "y"}, wire::ExchangeDeleteOk{}));
  EXPECT_FALSE(allowed(none, ".*", ".*", wire::ExchangeDelete{0, "x"}, wire::ExchangeDeleteOk{}));
  EXPECT_FALSE(allowed(none, ".*", ".*", wire::QueueDelete{0, "q"}, wire::QueueDeleteOk{}));
  EXPECT_TRUE(allowed("^q$", none, none, wire::QueueDelete{0, "q"}, wire::QueueDeleteOk{}));
}

}  // namespace
}  // namespace millrace::gateway::amqp091

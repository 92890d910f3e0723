#include <gtest/gtest.h>

#include "gateway/amqp091/definitions.h"
#include "gateway/amqp091/delay.h"
#include "gateway/amqp091/test_client_test.h"

namespace millrace::gateway::amqp091 {
namespace {

using wire::ReplyCode;

class DelayedExchange : public ::testing::Test {
 protected:
  DelayedExchange() : world(91), client(world) {
    client.open();
    client.open_channel(1);
  }
  wire::ExchangeDeclare exchange(const wire::FieldTable& arguments, std::string_view type = "x-delayed-message") {
    kept.push_back(arguments.content());
    wire::ExchangeDeclare method;
    method.exchange = "later";
    method.type = type;
    method.durable = true;
    method.arguments = wire::FieldTableView::trusted(kept.back());
    return method;
  }
  void declare(std::string_view routes_as) {
    client.send(1, exchange({{"x-delayed-type", routes_as}}));
    client.expect<wire::ExchangeDeclareOk>(1);
  }
  void refused(const wire::ExchangeDeclare& method, ReplyCode code, std::string_view text) {
    client.send(1, method);
    client.expect_channel_close(1, code, text);
    client.open_channel(1);
  }
  void bind(std::string_view key) {
    client.send(1, wire::QueueBind{0, "q", "later", key});
    client.expect<wire::QueueBindOk>(1);
  }
  void publish(std::string_view key, std::string_view body, wire::FieldTable headers,
               std::optional<std::string_view> expiration = {}) {
    const bytes::ByteVector content = headers.content();
    wire::BasicProperties properties;
    properties.headers = wire::FieldTableView::trusted(content);
    properties.expiration = expiration;
    client.publish(1, {0, "later", key}, body, properties);
    client.count(1, "q");  // it is stored
  }
  void pass(std::int64_t time) { world.broker.world.run_for(base::to_nanos(base::Millis(time))); }

  GatewayWorld world;
  TestClient client;
  std::deque<bytes::ByteVector> kept;
};

TEST_F(DelayedExchange, MessagesAreRoutedWhenTheirDelayIsOver) {
  declare("topic");
  client.declare(1, "q");
  bind("a.*");
  publish("a.x", "second", {{"x-delay", std::int32_t{4000}}, {"kept", "yes"}}, "60000");
  publish("a.x", "first", {{"x-delay", "2000"}});
  publish("b.x", "nowhere", {{"x-delay", std::int32_t{2000}}});
  publish("a.x", "at once", {{"x-delay", std::int32_t{-5}}});
  EXPECT_EQ(client.get(1, "q"), "at once");
  EXPECT_EQ(client.get(1, "q"), "(none)");
  pass(2500);
  EXPECT_EQ(client.get(1, "q"), "first");
  EXPECT_EQ(client.last_get.exchange, "later");
  EXPECT_EQ(client.last_get.routing_key, "a.x");
  EXPECT_FALSE(client.last_get.redelivered);
  EXPECT_EQ(client.get(1, "q"), "(none)");
  pass(2000);
  EXPECT_EQ(client.get(1, "q"), "second");
  const auto properties = wire::BasicProperties::decode(bytes::as_bytes(client.last_message.properties));
  EXPECT_EQ(properties->headers->find("x-delay")->as_int(), -4000);
  EXPECT_EQ(properties->headers->find("kept")->as_text(), "yes");
  EXPECT_FALSE(properties->headers->find("x-death").has_value());
  EXPECT_EQ(properties->expiration, "60000");
}

TEST_F(DelayedExchange, DeclarationsSayHowItRoutes) {
  constexpr std::string_view kNoType =
      "PRECONDITION_FAILED - Invalid argument, 'x-delayed-type' must be an existing exchange type";
  refused(exchange({}), ReplyCode::precondition_failed, kNoType);
  refused(exchange({{"x-delayed-type", "x-delayed-message"}}), ReplyCode::precondition_failed, kNoType);
  declare("direct");
  declare("direct");
  refused(exchange({}, "direct"), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'later' in vhost '/': received 'direct' but "
          "current is 'x-delayed-message'");
  // What waits is nobody's queue.
  const catalog::Exchange* made = world.broker.shard(0).catalog().find_exchange(world.broker.vhost(), "later");
  const std::string name = world.broker.shard(0).catalog().find_queue(made->delay_queue)->name;
  client.send(1, wire::BasicGet{0, name});
  client.expect_channel_close(1, ReplyCode::resource_locked);
  client.open_channel(1);
  client.send(1, wire::QueueDelete{0, name});
  client.expect_channel_close(1, ReplyCode::resource_locked);
  client.open_channel(1);
  wire::QueueDeclare again;
  again.queue = name;
  again.durable = true;
  client.send(1, again);
  client.expect_channel_close(1, ReplyCode::resource_locked);
  client.open_channel(1);
  client.send(1, wire::ExchangeDelete{0, "later"});
  client.expect<wire::ExchangeDeleteOk>(1);
  EXPECT_EQ(world.broker.find(name), broker::QueueRef{});
  client.send(1, exchange({{"x-delayed-type", "odd"}}));
  client.expect_connection_close(ReplyCode::command_invalid, "COMMAND_INVALID - unknown exchange type 'odd'");
}

TEST_F(DelayedExchange, ConfirmsComeWhenTheMessageIsStored) {
  declare("fanout");
  client.declare(1, "q");
  bind("");
  client.send(1, wire::ConfirmSelect{});
  client.expect<wire::ConfirmSelectOk>(1);
  const bytes::ByteVector headers = wire::FieldTable{{"x-delay", std::int64_t{1000}}}.content();
  wire::BasicProperties properties;
  properties.headers = wire::FieldTableView::trusted(headers);
  client.publish(1, {0, "later", "", true}, "m", properties);
  client.expect<wire::BasicAck>(1);
  EXPECT_EQ(client.get(1, "q"), "(none)");
  pass(1500);
  EXPECT_EQ(client.get(1, "q"), "m");
}

TEST_F(DelayedExchange, ATransactionsMessagesAreDelayedToo) {
  declare("fanout");
  client.declare(1, "q");
  bind("");
  client.send(1, wire::TxSelect{});
  client.expect<wire::TxSelectOk>(1);
  publish("", "m", {{"x-delay", std::int64_t{1000}}});
  client.send(1, wire::TxCommit{});
  client.expect<wire::TxCommitOk>(1);
  EXPECT_EQ(client.get(1, "q"), "(none)");
  pass(1500);
  EXPECT_EQ(client.get(1, "q"), "m");
}

TEST(Delay, IsANumberOfMilliseconds) {
  const auto delay = [](wire::FieldValue value) {
    const bytes::ByteVector content = wire::FieldTable{{"x-delay", std::move(value)}}.content();
    const auto found = delay_of(wire::FieldTableView::trusted(content));
    return found.has_value() ? found->value : 0;
  };
  EXPECT_EQ(delay({std::int32_t{7}}), 7);
  EXPECT_EQ(delay({std::int64_t{4'294'967'295}}), 4'294'967'295);
  EXPECT_EQ(delay({std::int64_t{4'294'967'296}}), 0);
  EXPECT_EQ(delay({std::int32_t{0}}), 0);
  EXPECT_EQ(delay({std::int32_t{-7}}), 0);
  EXPECT_EQ(delay({"12"}), 12);
  EXPECT_EQ(delay({"12 s"}), 0);
  EXPECT_EQ(delay({7.9}), 7);
  EXPECT_EQ(delay({1e300}), 0);
  EXPECT_EQ(delay({true}), 0);
}

}  // namespace
}  // namespace millrace::gateway::amqp091

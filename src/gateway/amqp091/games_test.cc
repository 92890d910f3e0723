#include <gtest/gtest.h>

#include "gateway/amqp091/test_client_test.h"

// Clients that ask for far too much: they get an error of the protocol or what they asked for, and nobody else notices.
namespace millrace::gateway::amqp091 {
namespace {

using wire::ReplyCode;

/// Somebody whose messages go through whatever the others do.
class Bystander {
 public:
  explicit Bystander(GatewayWorld& world) : client_(world) {
    client_.open();
    client_.open_channel(1);
    client_.declare(1, "bystander");
  }
  void is_served() {
    const std::string body = "body" + std::to_string(++sent_);
    client_.publish(1, {0, "", "bystander"}, body);
    EXPECT_EQ(client_.get(1, "bystander"), body);
  }

 private:
  TestClient client_;
  int sent_ = 0;
};

class Games : public ::testing::Test {
 protected:
  explicit Games(const std::function<void(GatewayWorld&)>& prepare = {}) : world(99, 2, prepare) {
    client.open();
    client.open_channel(1);
  }
  /// The channel is closed with 406 and this text, and can be opened again.
  void refused(std::string_view text) {
    client.expect_channel_close(1, ReplyCode::precondition_failed, text);
    client.open_channel(1);
  }
  GatewayWorld world;
  TestClient client{world};
  Bystander bystander{world};
};

class FewObjects : public Games {
 protected:
  // The virtual host "/" has seven exchanges, and the bystander a queue.
  FewObjects()
      : Games([](GatewayWorld& at) {
          at.broker.options.object_limits = {
              .virtual_hosts = 1, .users = 2, .exchanges = 8, .queues = 3, .bindings = 2, .topics = 1, .partitions = 3};
        }) {}
  broker::BrokerErrc try_to(catalog::Command command) {
    const auto done = world.broker.wait<void>([&](auto callback) {
      world.broker.shard(0).topology().execute({.commands = {std::move(command)}}, std::move(callback));
      world.broker.shard(0).loop().post([] {});
    });
    return done.has_value() ? broker::BrokerErrc::unsupported : done.error().code;
  }
};

TEST_F(FewObjects, QueuesExchangesAndBindingsAreLimited) {
  client.declare(1, "a");
  client.declare(1, "b");
  client.send(1, wire::QueueDeclare{0, "c"});
  refused("PRECONDITION_FAILED - queue 'c' in vhost '/': queue limit of 3 is reached");
  client.declare(1, "b");
  client.send(1, wire::ExchangeDeclare{0, "x", "direct"});
  client.expect<wire::ExchangeDeclareOk>(1);
  client.send(1, wire::ExchangeDeclare{0, "y", "direct"});
  refused("PRECONDITION_FAILED - exchange 'y' in vhost '/': exchange limit of 8 is reached");
  for (const char* key : {"1", "2", "2"}) {
    client.send(1, wire::QueueBind{0, "a", "x", key});
    client.expect<wire::QueueBindOk>(1);
  }
  client.send(1, wire::QueueBind{0, "a", "x", "3"});
  refused("PRECONDITION_FAILED - exchange 'x' in vhost '/': binding limit of 2 is reached");
  bystander.is_served();
  // What goes makes room.
  client.send(1, wire::QueueDelete{0, "a"});
  client.expect<wire::QueueDeleteOk>(1);
  client.declare(1, "c");
  client.send(1, wire::QueueBind{0, "c", "x", "3"});
  client.expect<wire::QueueBindOk>(1);
  bystander.is_served();
}

TEST_F(FewObjects, SoAreUsersVirtualHostsAndTopics) {
  using broker::BrokerErrc;
  EXPECT_EQ(try_to(catalog::PutUser{{"another", "hash", {}}}), BrokerErrc::too_many);
  EXPECT_EQ(try_to(catalog::PutUser{{"guest", "other hash", {}}}), BrokerErrc::unsupported);  // it was there
  EXPECT_EQ(try_to(catalog::CreateVirtualHost{{model::ObjectId(5'000'000), "more", {}}}), BrokerErrc::too_many);
  const auto make = [this](const std::string& name, std::uint32_t partitions) {
    catalog::Topic topic;
    topic.vhost = world.broker.vhost();
    topic.name = name;
    const auto made = world.broker.wait<model::ObjectId>([&](auto callback) {
      world.broker.shard(0).topology().create_topic(std::move(topic), partitions, std::move(callback));
      world.broker.shard(0).loop().post([] {});
    });
    return made.has_value() ? "made" : made.error().detail;
  };
  EXPECT_EQ(make("t", 4), "partition limit of 3 is reached");
  EXPECT_EQ(make("t", 2), "made");
  EXPECT_EQ(make("u", 1), "topic limit of 1 is reached");
  const catalog::Topic* topic = world.broker.shard(0).catalog().find_topic(world.broker.vhost(), "t");
  const auto grow = [this, id = topic->id](std::uint32_t total) {
    const auto grown = world.broker.wait<void>([&](auto callback) {
      world.broker.shard(0).topology().add_partitions(id, total, std::move(callback));
      world.broker.shard(0).loop().post([] {});
    });
    return grown.has_value() ? BrokerErrc::unsupported : grown.error().code;
  };
  EXPECT_EQ(grow(4), BrokerErrc::too_many);
  EXPECT_EQ(grow(3), BrokerErrc::unsupported);
}

class AllChannels : public Games {
 protected:
  AllChannels() : Games([](GatewayWorld& at) { at.options.channel_max = 65535; }) {}
};

TEST_F(AllChannels, AConnectionMayHaveAllOfThem) {
  TestClient greedy(world);
  greedy.login();
  EXPECT_EQ(greedy.expect<wire::ConnectionTune>(0).channel_max, 65535);
  greedy.send(0, wire::ConnectionTuneOk{0, 8192, 0});
  greedy.send(0, wire::ConnectionOpen{"/"});
  greedy.expect<wire::ConnectionOpenOk>(0);
  for (std::uint32_t channel = 1; channel <= 65535; ++channel) {
    greedy.send(static_cast<std::uint16_t>(channel), wire::ChannelOpen{});
    if (channel % 1000 == 0) greedy.silent(1);
  }
  for (std::uint32_t channel = 1; channel <= 65535; ++channel) {
    greedy.expect<wire::ChannelOpenOk>(static_cast<std::uint16_t>(channel));
  }
  bystander.is_served();
  greedy.declare(65535, "q");
  greedy.publish(65535, {0, "", "q"}, "body");
  EXPECT_EQ(greedy.get(65535, "q"), "body");
  greedy.close();
  bystander.is_served();
}

// 64 levels are read. More are a syntax error, which ends the connection that sent them.
TEST_F(Games, TablesMayBeNestedSoDeep) {
  const auto nested = [](unsigned levels) {
    bytes::ByteVector content;
    for (unsigned i = 1; i < levels; ++i) {
      bytes::ByteVector outer;
      bytes::Writer writer(outer);
      writer.u8(1);
      writer.text("t");
      writer.u8(static_cast<std::uint8_t>(wire::FieldTag::table));
      writer.u32(static_cast<std::uint32_t>(content.size()));
      writer.raw(content);
      content = std::move(outer);
    }
    return content;
  };
  client.declare(1, "q");
  for (const unsigned levels : {64U, 65U, 1'000U}) {
    const bytes::ByteVector headers = nested(levels);
    wire::BasicProperties properties;
    properties.headers = wire::FieldTableView::trusted(headers);
    wire::QueueDeclare declare{0, "deep"};
    declare.arguments = wire::FieldTableView::trusted(headers);
    TestClient publisher(world);
    TestClient declarer(world);
    for (TestClient* each : {&publisher, &declarer}) {
      each->open();
      each->open_channel(1);
    }
    publisher.publish(1, {0, "", "q"}, "body", properties);
    declarer.send(1, declare);
    if (levels == 64) {
      EXPECT_EQ(publisher.get(1, "q"), "body");
      EXPECT_EQ(publisher.last_message.properties.size(), 2 + 4 + headers.size());
      declarer.expect<wire::QueueDeclareOk>(1);
    } else {
      publisher.expect_connection_close(ReplyCode::syntax_error);
      declarer.expect_connection_close(ReplyCode::syntax_error);
    }
    bystander.is_served();
  }
  EXPECT_EQ(client.get(1, "q"), "(none)");
}

// Two queues that hand each other what has expired: a message that has gone round without a rejection ends.
TEST_F(Games, DeadLettersDoNotGoRoundForEver) {
  const auto declare = [this](std::string_view name, const char* target) {
    const bytes::ByteVector arguments = wire::FieldTable{
        {"x-dead-letter-exchange", ""},
        {"x-dead-letter-routing-key", target},
        {"x-message-ttl", std::int32_t{1}}}.content();
    wire::QueueDeclare method{0, name};
    method.durable = true;
    method.arguments = wire::FieldTableView::trusted(arguments);
    client.send(1, method);
    client.expect<wire::QueueDeclareOk>(1);
  };
  declare("there", "back");
  declare("back", "there");
  declare("itself", "itself");
  for (int i = 0; i < 100; ++i) {
    client.publish(1, {0, "", i % 2 == 0 ? "there" : "itself"}, "body");
  }
  EXPECT_TRUE(client.silent(10'000));
  for (const char* queue : {"there", "back", "itself"}) EXPECT_EQ(client.count(1, queue), 0U) << queue;
  bystander.is_served();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(world.broker.shard(i).queues().remembered_moves(), 0U);
}

// Rings of exchanges, each with the next as its alternate as well: every queue gets the message once, or nobody does.
TEST_F(Games, ExchangesMayGoRoundInCircles) {
  constexpr int kLength = 300;
  const auto name = [](int i) { return "x" + std::to_string(i % kLength); };
  for (int i = 0; i < kLength; ++i) {
    const std::string alternate = name(i + 1);
    const bytes::ByteVector arguments = wire::FieldTable{{"alternate-exchange", alternate}}.content();
    const std::string own = name(i);
    wire::ExchangeDeclare method{0, own, i % 2 == 0 ? "fanout" : "direct"};
    method.arguments = wire::FieldTableView::trusted(arguments);
    client.send(1, method);
    client.expect<wire::ExchangeDeclareOk>(1);
  }
  for (int i = 0; i < kLength; i += 2) {
    for (const int to : {i + 1, i + 2, i}) {
      client.send(1, wire::ExchangeBind{0, name(to), name(i), "k"});
      client.expect<wire::ExchangeBindOk>(1);
    }
  }
  client.declare(1, "q");
  client.send(1, wire::ConfirmSelect{});
  client.expect<wire::ConfirmSelectOk>(1);
  wire::BasicPublish publish{0, "x0", "k"};
  publish.mandatory = true;
  client.publish(1, publish, "lost");
  EXPECT_EQ(client.expect<wire::BasicReturn>(1).reply_code, 312);
  client.expect_content(1);
  client.expect<wire::BasicAck>(1);
  for (const int from : {100, 150, 200}) {
    client.send(1, wire::QueueBind{0, "q", name(from), "k"});
    client.expect<wire::QueueBindOk>(1);
  }
  client.publish(1, publish, "found");
  client.expect<wire::BasicAck>(1);
  EXPECT_EQ(client.get(1, "q"), "found");
  EXPECT_EQ(client.get(1, "q"), "(none)");
  bystander.is_served();
}

// Consumers that acknowledge nothing hold what they have got, and the others get the rest; what they held comes back.
TEST_F(Games, ConsumersThatNeverAcknowledgeKeepWhatTheyGot) {
  client.declare(1, "q");
  TestClient hoarder(world);
  hoarder.open();
  hoarder.open_channel(1);
  hoarder.send(1, wire::BasicConsume{0, "q", "all"});
  hoarder.expect<wire::BasicConsumeOk>(1);
  constexpr std::uint64_t kMany = 3000;
  for (std::uint64_t i = 0; i < kMany; ++i) client.publish(1, {0, "", "q"}, "body");
  for (std::uint64_t tag = 1; tag <= kMany; ++tag) {
    EXPECT_EQ(hoarder.expect<wire::BasicDeliver>(1).delivery_tag, tag);
    hoarder.expect_content(1);
  }
  EXPECT_EQ(client.count(1, "q"), 0U);
  EXPECT_EQ(client.get(1, "q"), "(none)");
  bystander.is_served();
  world.broker.world.run_for(base::to_nanos(base::Millis(1'860'000)));
  EXPECT_EQ(hoarder.expect<wire::ChannelClose>(1).reply_code, 406);
  EXPECT_EQ(client.count(1, "q"), kMany);
  bystander.is_served();
}

}  // namespace
}  // namespace millrace::gateway::amqp091

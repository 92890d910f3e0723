#include <gtest/gtest.h>

#include "gateway/amqp091/test_client_test.h"

namespace millrace::gateway::amqp091 {
namespace {

using wire::ReplyCode;

TEST(Connection, AnotherProtocolIsToldWhichOneIsSpoken) {
  GatewayWorld world(1);
  for (const std::string_view header :
       {std::string_view("GET / HTTP/1.1\r\n\r\n"), std::string_view("AMQP\x00\x01\x00\x00", 8),
        std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01", 8)}) {
    TestClient client(world);
    client.send_raw(bytes::as_bytes(header));
    client.expect_end();
    EXPECT_EQ(client.protocol_header(), std::string_view("AMQP\x00\x00\x09\x01", 8));
  }
  EXPECT_TRUE(world.broker.world.run_until([&] { return world.connections() == 0; }));
}

TEST(Connection, StartSaysWhatIsServed) {
  GatewayWorld world(2);
  TestClient client(world);
  client.send_header();
  const auto start = client.expect<wire::ConnectionStart>(0);
  EXPECT_EQ(start.mechanisms, "PLAIN AMQPLAIN");
  EXPECT_EQ(start.server_properties.find("product")->as_text(), "Millrace");
  for (const std::string_view name : {"cluster_name", "copyright", "information", "platform", "product", "version"}) {
    EXPECT_TRUE(start.server_properties.find(name)->as_text().has_value()) << name;
  }
  const auto capabilities = *start.server_properties.find("capabilities")->as_table();
  for (const std::string_view name :
       {"publisher_confirms", "basic.nack", "consumer_cancel_notify", "connection.blocked"}) {
    EXPECT_EQ(capabilities.find(name)->as_bool(), true) << name;
  }
}

TEST(Connection, OpensAndClosesInOrder) {
  for (std::uint64_t seed = 10; seed < 20; ++seed) {
    GatewayWorld world(seed);
    world.wire.settings().chunk_max = 5;
    TestClient client(world);
    client.open();
    client.open_channel(1);
    client.send(1, wire::ChannelClose{200, "bye"});
    client.expect<wire::ChannelCloseOk>(1);
    client.open_channel(1);
    client.close();
    EXPECT_TRUE(world.broker.world.run_until([&] { return world.connections() == 0; }));
    EXPECT_EQ(world.options.connection_count->load(), 0U);
  }
}

TEST(Connection, AmqplainIsAFieldTable) {
  GatewayWorld world(3);
  TestClient client(world);
  client.send_header();
  client.expect<wire::ConnectionStart>(0);
  const bytes::ByteVector table = wire::FieldTable{{"LOGIN", "test"}, {"PASSWORD", "secret"}}.content();
  client.start_ok("AMQPLAIN", bytes::as_text(table));
  EXPECT_EQ(client.expect<wire::ConnectionTune>(0).channel_max, 2047);
}

TEST(Connection, WrongPasswordsAndUsersAreRefused) {
  GatewayWorld world(4);
  for (const auto& [user, password] : {std::pair("test", "wrong"), std::pair("nobody", "secret"), std::pair("", "")}) {
    TestClient client(world);
    client.login(user, password);
    client.expect_connection_close(ReplyCode::access_refused,
                                   "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For "
                                   "details see the broker logfile.");
  }
  TestClient old(world);
  old.send_header();
  old.expect<wire::ConnectionStart>(0);
  old.start_ok("PLAIN", std::string_view("\0test\0wrong", 11), false);
  old.expect_end();  // without a word, as clients without the capability expect
}

// A client that knows what it will be asked sends its answers at once, while its password is still being checked.
TEST(Connection, AWholeLoginMayComeInOnePiece) {
  GatewayWorld world(13);
  for (int time = 0; time < 2; ++time) {  // the second time the password is known
    TestClient client(world);
    bytes::ByteVector all(std::begin(wire::kProtocolHeader), std::end(wire::kProtocolHeader));
    wire::ConnectionStartOk ok;
    ok.mechanism = "PLAIN";
    ok.response = std::string_view("\0test\0secret", 12);
    wire::append_method(all, 0, ok);
    wire::append_method(all, 0, wire::ConnectionTuneOk{100, 8192, 0});
    wire::append_method(all, 0, wire::ConnectionOpen{"/"});
    wire::append_method(all, 1, wire::ChannelOpen{});
    client.send_raw(all);
    client.expect<wire::ConnectionStart>(0);
    client.expect<wire::ConnectionTune>(0);
    client.expect<wire::ConnectionOpenOk>(0);
    client.expect<wire::ChannelOpenOk>(1);
  }
}

TEST(Connection, UnknownMechanismAndMalformedResponse) {
  GatewayWorld world(5);
  TestClient client(world);
  client.send_header();
  client.expect<wire::ConnectionStart>(0);
  client.start_ok("MAGIC", "");
  client.expect_connection_close(ReplyCode::command_invalid,
                                 "COMMAND_INVALID - unknown authentication mechanism 'MAGIC'");
  TestClient other(world);
  other.send_header();
  other.expect<wire::ConnectionStart>(0);
  other.start_ok("PLAIN", "no zero octets");
  other.expect_connection_close(ReplyCode::access_refused);
}

TEST(Connection, LoopbackUsersConnectFromHereOnly) {
  GatewayWorld world(6);
  world.put_user("guest", "guest");
  TestClient far(world, false);
  far.login("guest", "guest");
  far.expect_connection_close(ReplyCode::access_refused);
  TestClient near(world, true);
  near.open("guest", "guest");
}

TEST(Connection, VirtualHostsMustExistAndBePermitted) {
  GatewayWorld world(7);
  world.put_user("outsider", "secret");
  const auto try_open = [&world](std::string_view user, std::string_view vhost, std::string_view text) {
    TestClient client(world);
    client.login(user, "secret");
    client.expect<wire::ConnectionTune>(0);
    client.send(0, wire::ConnectionTuneOk{0, 8192, 0});
    client.send(0, wire::ConnectionOpen{vhost});
    client.expect_connection_close(ReplyCode::not_allowed, text);
  };
  try_open("test", "nowhere", "NOT_ALLOWED - vhost nowhere not found");
  try_open("outsider", "/", "NOT_ALLOWED - access to vhost '/' refused for user 'outsider'");
}

TEST(Connection, TuningStaysWithinTheLimits) {
  GatewayWorld world(8);
  const auto tune = [&world](wire::ConnectionTuneOk ok, std::string_view text) {
    TestClient client(world);
    client.login();
    client.expect<wire::ConnectionTune>(0);
    client.send(0, ok);
    client.expect_connection_close(ReplyCode::not_allowed, text);
  };
  tune({0, 4095, 0}, "NOT_ALLOWED - negotiated frame_max = 4095 is lower than the minimum allowed value (4096)");
  tune({0, 131073, 0}, "NOT_ALLOWED - negotiated frame_max = 131073 is higher than the maximum allowed value (131072)");
  tune({2048, 0, 0}, "NOT_ALLOWED - negotiated channel_max = 2048 is higher than the maximum allowed value (2047)");
}

TEST(Connection, MethodsOutOfTurnCloseIt) {
  GatewayWorld world(9);
  TestClient client(world);
  client.send_header();
  client.expect<wire::ConnectionStart>(0);
  client.send(0, wire::ConnectionOpen{"/"});
  client.expect_connection_close(ReplyCode::channel_error,
                                 "CHANNEL_ERROR - unexpected method in connection state starting");
  TestClient early(world);
  early.send_header();
  early.expect<wire::ConnectionStart>(0);
  early.send(1, wire::ChannelOpen{});
  early.expect_connection_close(ReplyCode::channel_error);
}

TEST(Connection, ChannelsAreOpenedOnceAndBelowTheLimit) {
  GatewayWorld world(10);
  TestClient twice(world);
  twice.open();
  twice.open_channel(1);
  twice.send(1, wire::ChannelOpen{});
  twice.expect_connection_close(ReplyCode::channel_error, "CHANNEL_ERROR - second 'channel.open' seen");
  TestClient unopened(world);
  unopened.open();
  unopened.send(7, wire::QueueDeclare{});
  unopened.expect_connection_close(ReplyCode::channel_error, "CHANNEL_ERROR - expected 'channel.open'");
  TestClient high(world);
  high.open();
  high.open_channel(2047);
  high.send(2048, wire::ChannelOpen{});
  high.expect_connection_close(ReplyCode::channel_error);
}

TEST(Connection, MalformedFramesEndItAlone) {
  GatewayWorld world(11);
  TestClient good(world);
  good.open();
  good.open_channel(1);
  for (const std::string_view bad : {std::string_view("\x09\x00\x00\x00\x00\x00\x00\xce", 8),     // unknown type
                                     std::string_view("\x01\x00\x01\x00\xff\xff\xff", 7),         // too large
                                     std::string_view("\x08\x00\x00\x00\x00\x00\x00\x00", 8)}) {  // wrong end
    TestClient client(world);
    client.open();
    client.send_raw(bytes::as_bytes(bad));
    client.expect<wire::ConnectionClose>(0);
    client.expect_end();
  }
  good.declare(1, "still-here");
}

TEST(Connection, SilentHandshakesTimeOut) {
  GatewayWorld world(12);
  TestClient client(world);
  client.send_raw(bytes::ByteView(wire::kProtocolHeader).first(3));
  world.broker.world.run_for(base::to_nanos(base::Millis(9'000)));
  EXPECT_TRUE(client.socket().is_open());
  world.broker.world.run_for(base::to_nanos(base::Millis(2'000)));
  EXPECT_FALSE(client.socket().is_open());
  EXPECT_EQ(world.connections(), 0U);
}

TEST(Connection, HeartbeatsAreSentAndMissed) {
  GatewayWorld world(13);
  TestClient client(world);
  client.open("test", "secret", 2);
  world.broker.world.run_for(base::to_nanos(base::Millis(3'500)));
  EXPECT_TRUE(client.socket().is_open());
  EXPECT_GE(client.heartbeats, 2U);
  bytes::ByteVector beat;
  wire::append_heartbeat(beat);
  for (int i = 0; i < 5; ++i) {
    client.send_raw(beat);
    world.broker.world.run_for(base::to_nanos(base::Millis(1'500)));
  }
  EXPECT_TRUE(client.socket().is_open());
  world.broker.world.run_for(base::to_nanos(base::Millis(6'000)));
  EXPECT_FALSE(client.socket().is_open());
}

TEST(Connection, OperatorClosesAll) {
  GatewayWorld world(14);
  TestClient client(world);
  client.open();
  TestClient slow(world);  // never answers
  slow.open();
  TestClient fresh(world);
  fresh.send_header();
  fresh.expect<wire::ConnectionStart>(0);
  std::size_t closed = 0;
  for (auto& gateway : world.gateways) gateway->close_all("shutdown", [&closed] { ++closed; });
  client.expect_connection_close(ReplyCode::connection_forced,
                                 "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'");
  slow.expect<wire::ConnectionClose>(0);
  EXPECT_TRUE(world.broker.world.run_until([&] { return closed == world.gateways.size(); }));
  EXPECT_FALSE(fresh.socket().is_open());
  EXPECT_EQ(world.connections(), 0U);
}

TEST(Connection, AlarmsBlockThoseThatPublish) {
  GatewayWorld world(15);
  TestClient publisher(world);
  publisher.open();
  publisher.open_channel(1);
  publisher.declare(1, "q");
  publisher.publish(1, {0, "", "q"}, "before");
  EXPECT_EQ(publisher.count(1, "q"), 1U);
  TestClient reader(world);
  reader.open();
  reader.open_channel(1);
  for (std::size_t i = 0; i < 2; ++i) world.broker.shard(i).limits().set({.memory = true, .disk = false});
  EXPECT_EQ(publisher.expect<wire::ConnectionBlocked>(0).reason, "low on memory");
  publisher.publish(1, {0, "", "q"}, "during");
  EXPECT_TRUE(publisher.silent());
  EXPECT_EQ(reader.get(1, "q"), "before");
  EXPECT_EQ(reader.get(1, "q"), "(none)");
  for (std::size_t i = 0; i < 2; ++i) world.broker.shard(i).limits().set({});
  publisher.expect<wire::ConnectionUnblocked>(0);
  EXPECT_EQ(publisher.count(1, "q"), 1U);
  EXPECT_EQ(reader.get(1, "q"), "during");
}

TEST(Connection, SecretsAreTakenOnceTheClientIsIn) {
  GatewayWorld world(16);
  TestClient client(world);
  client.open();
  client.send(0, wire::ConnectionUpdateSecret{"secret", "rotation"});
  client.expect<wire::ConnectionUpdateSecretOk>(0);
  client.send(0, wire::ConnectionUpdateSecret{"another", "rotation"});
  client.expect<wire::ConnectionUpdateSecretOk>(0);
}

TEST(Connection, LimitOfConnections) {
  GatewayWorld world(17, 1);
  world.gateways.clear();
  world.options.max_connections = 1;
  world.gateways.push_back(std::make_unique<Gateway>(world.broker.shard(0), world.options));
  TestClient first(world);
  first.open();
  TestClient second(world);
  second.send_header();
  second.expect_end();
  first.close();
  EXPECT_TRUE(world.broker.world.run_until([&] { return world.connections() == 0; }));
  TestClient third(world);
  third.open();
}

}  // namespace
}  // namespace millrace::gateway::amqp091

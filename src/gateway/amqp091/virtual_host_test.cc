#include <gtest/gtest.h>

#include "gateway/amqp091/definitions.h"
#include "gateway/amqp091/test_client_test.h"

// What a virtual host says of everything in it: the type of queues, and how many queues and connections there may be.
namespace millrace::gateway::amqp091 {
namespace {

using catalog::QueueKind;
using wire::ReplyCode;

class VirtualHostSettings : public ::testing::Test {
 protected:
  VirtualHostSettings() : world(77), client(world) {
    client.open();
    client.open_channel(1);
  }
  void set(catalog::VirtualHostSettings settings) {
    world.execute({.commands = {catalog::AlterVirtualHost{world.broker.vhost(), settings}}});
  }
  const catalog::Queue& queue(std::string_view name) {
    return *world.broker.shard(1).catalog().find_queue(world.broker.vhost(), name);
  }
  void refused(const wire::QueueDeclare& method, std::string_view text) {
    client.send(1, method);
    client.expect_channel_close(1, ReplyCode::precondition_failed, text);
    client.open_channel(1);
  }
  static wire::QueueDeclare plain(std::string_view name) {
    wire::QueueDeclare method;
    method.queue = name;
    method.durable = true;
    return method;
  }

  GatewayWorld world;
  TestClient client;
};

TEST_F(VirtualHostSettings, QueuesWithoutATypeGetTheUsualOne) {
  client.declare(1, "before");
  set({.usual_kind = QueueKind::counting});
  client.declare(1, "quorum");
  EXPECT_EQ(queue("quorum").kind, QueueKind::counting);
  // Again with and without the type: it is the same.
  client.declare(1, "quorum");
  client.declare(1, "quorum", {{"x-queue-type", "quorum"}});
  client.declare(1, "classic", {{"x-queue-type", "classic"}});
  EXPECT_EQ(queue("classic").kind, QueueKind::ordinary);
  // What was there before is of another type than the one asked for now.
  refused(plain("before"),
          "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'before' in vhost '/': received the value "
          "'quorum' of type 'longstr' but current is none");
  client.declare(1, "before", {{"x-queue-type", "classic"}});
  // Without a name it can be of classic type only.
  refused(plain(""), "PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue");
  set({.usual_kind = QueueKind::stream});
  client.declare(1, "stream");
  EXPECT_EQ(queue("stream").kind, QueueKind::stream);
  set({});
  client.declare(1, "after");
  EXPECT_EQ(queue("after").kind, QueueKind::ordinary);
}

TEST_F(VirtualHostSettings, WhatCannotBeOfTheUsualTypeStaysClassic) {
  for (const QueueKind usual : {QueueKind::counting, QueueKind::stream}) {
    set({.usual_kind = usual});
    wire::QueueDeclare transient;
    transient.queue = "transient";
    wire::QueueDeclare exclusive = plain("exclusive");
    exclusive.exclusive = true;
    wire::QueueDeclare fleeting = plain("fleeting");
    fleeting.auto_delete = true;
    for (const auto& method : {transient, exclusive, fleeting}) {
      for (int times = 0; times < 2; ++times) {
        client.send(1, method);
        client.expect<wire::QueueDeclareOk>(1);
      }
      EXPECT_EQ(queue(method.queue).kind, QueueKind::ordinary) << method.queue;
    }
    wire::QueueDeclare unnamed;
    unnamed.exclusive = true;
    client.send(1, unnamed);
    EXPECT_EQ(queue(client.expect<wire::QueueDeclareOk>(1).queue).kind, QueueKind::ordinary);
  }
}

TEST_F(VirtualHostSettings, QueuesOfDefinitionFilesGetItToo) {
  set({.usual_kind = QueueKind::counting});
  const auto named = [](bool durable = true, bool auto_delete = false) {
    return DefinedQueue{.name = "q", .durable = durable, .auto_delete = auto_delete, .arguments = {}};
  };
  const catalog::VirtualHost& vhost = *world.broker.shard(0).catalog().find_virtual_host("/");
  EXPECT_EQ(define_queue(named(), vhost)->kind, QueueKind::counting);
  EXPECT_EQ(define_queue(named(true, true), vhost)->kind, QueueKind::ordinary);
  EXPECT_EQ(define_queue(named(false), vhost)->kind, QueueKind::ordinary);
}

TEST_F(VirtualHostSettings, ItsQueuesAreLimited) {
  set({.max_queues = 2});
  client.declare(1, "a");
  client.declare(1, "b", false, true);
  refused(plain("c"), "PRECONDITION_FAILED - cannot declare queue 'c': queue limit in vhost '/' (2) is reached");
  client.declare(1, "a");  // it is there
  client.send(1, wire::QueueDelete{0, "a"});
  client.expect<wire::QueueDeleteOk>(1);
  client.declare(1, "c");
  set({});
  client.declare(1, "d");
  set({.max_queues = 0});
  refused(plain("e"), "PRECONDITION_FAILED - cannot declare queue 'e': queue limit in vhost '/' (0) is reached");
  client.declare(1, "d");
}

// Over all shards, which clients are dealt to by turns.
TEST_F(VirtualHostSettings, ItsConnectionsAreLimited) {
  set({.max_connections = 2});
  const auto refused_one = [this](std::string_view limit) {
    TestClient more(world);
    more.login();
    more.expect<wire::ConnectionTune>(0);
    more.send(0, wire::ConnectionTuneOk{0, 8192, 0});
    more.send(0, wire::ConnectionOpen{"/"});
    more.expect_connection_close(ReplyCode::not_allowed,
                                 "NOT_ALLOWED - access to vhost '/' refused for user 'test': connection limit (" +
                                     std::string(limit) + ") is reached");
  };
  auto second = std::make_unique<TestClient>(world);
  second->open();
  refused_one("2");
  refused_one("2");
  second->close();
  TestClient third(world);  // a place is free when close-ok comes
  third.open();
  refused_one("2");
  third.socket().close();
  EXPECT_TRUE(world.broker.world.run_until([this] { return world.connections() == 1; }));
  TestClient fourth(world);
  fourth.open();
  set({.max_connections = 0});
  refused_one("0");
  set({});
  TestClient fifth(world);
  fifth.open();
}

}  // namespace
}  // namespace millrace::gateway::amqp091

#include <gtest/gtest.h>

#include "broker/policies.h"
#include "gateway/amqp091/declare_arguments.h"
#include "gateway/amqp091/test_client_test.h"

namespace millrace::gateway::amqp091 {
namespace {

using wire::ReplyCode;

/// Opens its channel anew after each refusal.
class Declaring : public ::testing::Test {
 protected:
  Declaring() : world(21), client(world) {
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
  wire::QueueDeclare queue(std::string_view name) {
    wire::QueueDeclare method;
    method.queue = name;
    method.durable = true;
    return method;
  }
  wire::QueueDeclare queue(std::string_view name, const wire::FieldTable& arguments) {
    wire::QueueDeclare method = queue(name);
    kept.push_back(arguments.content());
    method.arguments = wire::FieldTableView::trusted(kept.back());
    return method;
  }
  wire::ExchangeDeclare exchange(std::string_view name, std::string_view type) {
    wire::ExchangeDeclare method;
    method.exchange = name;
    method.type = type;
    method.durable = true;
    return method;
  }

  GatewayWorld world;
  TestClient client;
  std::deque<bytes::ByteVector> kept;
};

TEST_F(Declaring, ExchangesAreComparedWhenDeclaredAgain) {
  accepted<wire::ExchangeDeclareOk>(exchange("x", "direct"));
  accepted<wire::ExchangeDeclareOk>(exchange("x", "direct"));
  accepted<wire::ExchangeDeclareOk>(exchange("amq.headers", "headers"));
  refused(
      exchange("x", "topic"), ReplyCode::precondition_failed,
      "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost '/': received 'topic' but current is "
      "'direct'");
  auto transient = exchange("x", "direct");
  transient.durable = false;
  refused(
      transient, ReplyCode::precondition_failed,
      "PRECONDITION_FAILED - inequivalent arg 'durable' for exchange 'x' in vhost '/': received 'false' but current "
      "is 'true'");
}

TEST_F(Declaring, HeadersBindingsAreToldApartByWhatTheyAskFor) {
  accepted<wire::ExchangeDeclareOk>(exchange("h", "headers"));
  client.declare(1, "q");
  const auto bind = [this](const wire::FieldTable& arguments) {
    kept.push_back(arguments.content());
    return wire::QueueBind{0, "q", "h", "", false, wire::FieldTableView::trusted(kept.back())};
  };
  accepted<wire::QueueBindOk>(bind({{"a", std::int32_t{1}}, {"b", "x"}}));
  accepted<wire::QueueBindOk>(bind({{"b", "x"}, {"a", std::int32_t{1}}}));
  accepted<wire::QueueBindOk>(bind({{"a", std::int32_t{2}}}));
  const auto& catalog = world.broker.shard(0).catalog();
  EXPECT_EQ(catalog.bindings_of_source(catalog.find_exchange(world.broker.vhost(), "h")->id).size(), 2U);
  refused(bind({{"x-match", "most"}}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - Invalid x-match field value <<\"most\">>; expected all, any, all-with-x, or "
          "any-with-x");
}

TEST_F(Declaring, ExchangeNamesAndTypes) {
  refused(exchange("amq.mine", "direct"), ReplyCode::access_refused,
          "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'");
  refused(exchange("", "direct"), ReplyCode::access_refused,
          "ACCESS_REFUSED - operation not permitted on the default exchange");
  auto passive = exchange("absent", "direct");
  passive.passive = true;
  refused(passive, ReplyCode::not_found, "NOT_FOUND - no exchange 'absent' in vhost '/'");
  refused(wire::ExchangeDelete{0, "amq.direct"}, ReplyCode::access_refused,
          "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not allowed");
  accepted<wire::ExchangeDeleteOk>(wire::ExchangeDelete{0, "absent"});
  client.send(1, exchange("x", "odd"));
  client.expect_connection_close(ReplyCode::command_invalid, "COMMAND_INVALID - unknown exchange type 'odd'");
}

TEST_F(Declaring, UsedExchangesCanBeKept) {
  accepted<wire::ExchangeDeclareOk>(exchange("x", "fanout"));
  client.declare(1, "q");
  accepted<wire::QueueBindOk>(wire::QueueBind{0, "q", "x", ""});
  refused(wire::ExchangeDelete{0, "x", true}, ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - exchange 'x' in vhost '/' in use");
  accepted<wire::QueueUnbindOk>(wire::QueueUnbind{0, "q", "x", ""});
  accepted<wire::ExchangeDeleteOk>(wire::ExchangeDelete{0, "x", true});
}

TEST_F(Declaring, AutoDeleteExchangesGoWithTheirLastBinding) {
  const auto auto_delete = [this](std::string_view name) {
    auto method = exchange(name, "fanout");
    method.auto_delete = true;
    return method;
  };
  const auto present = [this](std::string_view name) {
    return world.broker.shard(0).catalog().find_exchange(world.broker.vhost(), name) != nullptr;
  };
  for (const std::string_view name : {"first", "second", "third"}) {
    accepted<wire::ExchangeDeclareOk>(auto_delete(name));
  }
  client.declare(1, "q");
  client.declare(1, "r");
  accepted<wire::ExchangeBindOk>(wire::ExchangeBind{0, "second", "first", ""});
  accepted<wire::QueueBindOk>(wire::QueueBind{0, "q", "second", ""});
  accepted<wire::QueueBindOk>(wire::QueueBind{0, "q", "third", ""});
  accepted<wire::QueueBindOk>(wire::QueueBind{0, "r", "third", ""});
  accepted<wire::QueueUnbindOk>(wire::QueueUnbind{0, "r", "second", ""});  // was not bound
  EXPECT_TRUE(present("second"));
  accepted<wire::QueueDeleteOk>(wire::QueueDelete{0, "q"});
  EXPECT_FALSE(present("second"));
  EXPECT_FALSE(present("first"));  // its only binding was to the second
  EXPECT_TRUE(present("third"));
  accepted<wire::QueueUnbindOk>(wire::QueueUnbind{0, "r", "third", ""});
  EXPECT_FALSE(present("third"));
}

TEST_F(Declaring, QueuesAreComparedWhenDeclaredAgain) {
  accepted<wire::QueueDeclareOk>(queue("q", {{"x-max-length", std::int32_t{10}}, {"x-mine", "kept"}}));
  accepted<wire::QueueDeclareOk>(queue("q", {{"x-max-length", std::int64_t{10}}, {"x-queue-type", "classic"}}));
  refused(queue("q"), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received none but current "
          "is the value '10' of type 'signedint'");
  refused(queue("q", {{"x-max-length", std::int64_t{11}}}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received '11' but "
          "current is '10'");
  // Its type does not know this one, so it is not compared.
  accepted<wire::QueueDeclareOk>(
      queue("q", {{"x-max-length", std::int32_t{10}}, {"x-delivery-limit", std::int32_t{3}}}));
  auto transient = queue("q");
  transient.durable = false;
  refused(
      transient, ReplyCode::precondition_failed,
      "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but current is "
      "'true'");
}

TEST_F(Declaring, QueueArgumentsAreChecked) {
  std::string_view type = "classic";
  const auto bad = [&](std::string_view name, const wire::FieldValue& value, std::string_view why) {
    wire::FieldTable arguments;
    if (name != "x-queue-type") arguments.add("x-queue-type", std::string(type));
    arguments.add(name, value);
    const std::string text = "PRECONDITION_FAILED - invalid arg '" + std::string(name) +
                             "' for queue 'bad' in vhost '/': " + std::string(why);
    refused(queue("bad", arguments), ReplyCode::precondition_failed, text);
  };
  bad("x-max-length", {"ten"}, "\"expected integer, got longstr\"");
  bad("x-max-length", {std::int32_t{-1}}, "{value_negative,-1}");
  bad("x-message-ttl", {"soon"}, "\"expected integer, got longstr\"");
  bad("x-message-ttl", {std::int32_t{-1}}, "{value_negative,-1}");
  bad("x-message-ttl", {std::int64_t{315'360'000'001}}, "{value_too_large,315360000001}");
  bad("x-expires", {std::int32_t{0}}, "{value_zero,0}");
  bad("x-max-priority", {std::int32_t{1000}}, "{max_value_exceeded,1000}");
  bad("x-overflow", {"explode"}, "invalid_overflow");
  bad("x-single-active-consumer", {"yes"}, "{unacceptable_type,longstr}");
  bad("x-dead-letter-routing-key", {"k"}, "routing_key_but_no_dlx_defined");
  bad("x-queue-type", {"odd"}, "\"unsupported queue type 'odd'\"");
  bad("x-queue-mode", {"odd"}, "\"unsupported queue mode 'odd'\"");
  bad("x-durability", {"memory"}, "\"sync or os\"");
  bad("x-queue-version", {std::int32_t{3}}, "\"unsupported queue version '3'\"");
  type = "quorum";
  bad("x-dead-letter-strategy", {"always"}, "invalid_dlx_strategy");
  bad("x-delayed-retry-type", {"odd"}, "invalid_delayed_retry_type");
  bad("x-delayed-retry-min", {std::int32_t{0}}, "{value_zero,0}");
  auto quorum = queue("bad", {{"x-queue-type", "quorum"}});
  quorum.durable = false;
  refused(quorum, ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - invalid property 'non-durable' for queue 'bad' in vhost '/'");
}

TEST_F(Declaring, AQueueMayHaveADurabilityOfItsOwn) {
  const auto durability = [&](const std::string& name) {
    const broker::QueueRef ref = world.broker.find(name);
    const storage::Log* log = world.broker.shard(ref.shard.value).store().find_log(storage::LogId(ref.queue.value));
    return log->options().durability;
  };
  accepted<wire::QueueDeclareOk>(queue("plain", {}));
  accepted<wire::QueueDeclareOk>(queue("fast", {{"x-durability", "os"}}));
  accepted<wire::QueueDeclareOk>(queue("stream", {{"x-durability", "os"}, {"x-queue-type", "stream"}}));
  accepted<wire::QueueDeclareOk>(queue("safe", {{"x-durability", "sync"}}));
  EXPECT_EQ(durability("plain"), storage::Durability::sync);
  EXPECT_EQ(durability("fast"), storage::Durability::os);
  EXPECT_EQ(durability("stream"), storage::Durability::os);
  EXPECT_EQ(durability("safe"), storage::Durability::sync);
  refused(queue("fast", {}), ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - inequivalent arg 'x-durability' for queue 'fast' in vhost '/': received none but "
          "current is the value 'os' of type 'longstr'");
}

TEST_F(Declaring, SettingsReachTheCatalog) {
  accepted<wire::ExchangeDeclareOk>(exchange("dead", "fanout"));
  accepted<wire::QueueDeclareOk>(queue("q", {{"x-dead-letter-exchange", "dead"},
                                             {"x-dead-letter-routing-key", "k"},
                                             {"x-max-length", std::int32_t{5}},
                                             {"x-max-length-bytes", std::int64_t{500}},
                                             {"x-overflow", "reject-publish"},
                                             {"x-message-ttl", std::int32_t{60000}},
                                             {"x-expires", std::int64_t{3600000}},
                                             {"x-max-priority", std::int32_t{9}},
                                             {"x-consumer-timeout", std::int32_t{5000}},
                                             {"x-single-active-consumer", true}}));
  const catalog::Queue* found = world.broker.shard(1).catalog().find_queue(world.broker.vhost(), "q");
  ASSERT_NE(found, nullptr);
  catalog::QueueSettings expected;
  expected.dead_letter_exchange = "dead";
  expected.dead_letter_routing_key = "k";
  expected.max_length = 5;
  expected.max_length_bytes = 500;
  expected.overflow = catalog::Overflow::reject_publish;
  expected.overflow_given = true;
  expected.message_time_to_live = base::Millis(60'000);
  expected.expires = base::Millis(3'600'000);
  expected.max_priority = 9;
  expected.consumer_timeout = base::Millis(5'000);
  expected.single_active_consumer = true;
  EXPECT_EQ(found->settings, expected);
  EXPECT_EQ(found->owner_user, "test");
}

TEST_F(Declaring, QuorumQueuesHaveTheirOwnDefaults) {
  const auto limit_of = [this](std::string_view name) {
    const catalog::State& state = world.broker.shard(0).catalog();
    return broker::Policies(state).settings_of(*state.find_queue(world.broker.vhost(), name)).delivery_limit;
  };
  accepted<wire::QueueDeclareOk>(queue("classic"));
  accepted<wire::QueueDeclareOk>(queue("quorum", {{"x-queue-type", "quorum"}}));
  accepted<wire::QueueDeclareOk>(queue("few", {{"x-queue-type", "quorum"}, {"x-delivery-limit", std::int32_t{2}}}));
  accepted<wire::QueueDeclareOk>(queue("many", {{"x-queue-type", "quorum"}, {"x-delivery-limit", std::int32_t{-1}}}));
  EXPECT_EQ(limit_of("classic"), std::nullopt);
  EXPECT_EQ(limit_of("quorum"), 20U);
  EXPECT_EQ(limit_of("few"), 2U);
  EXPECT_EQ(limit_of("many"), catalog::kNoDeliveryLimit);
  // A policy counts where the queue says nothing, and else the lower of both; below 0 is no number.
  catalog::Policy policy;
  policy.vhost = world.broker.vhost();
  policy.name = "limits";
  for (const std::int64_t said : {50, -1}) {
    policy.definition.delivery_limit = catalog::delivery_limit_of(said);
    world.execute({.commands = {catalog::PutPolicy{policy}}});
    EXPECT_EQ(limit_of("quorum"), catalog::delivery_limit_of(said));
    EXPECT_EQ(limit_of("few"), 2U);
    EXPECT_EQ(limit_of("many"), catalog::delivery_limit_of(said));
  }
  // They have levels, and an argument that says how many means nothing.
  accepted<wire::QueueDeclareOk>(queue("levels", {{"x-queue-type", "quorum"}, {"x-max-priority", std::int32_t{10}}}));
  accepted<wire::QueueDeclareOk>(queue("levels", {{"x-queue-type", "quorum"}, {"x-max-priority", std::int32_t{5}}}));
  accepted<wire::QueueDeclareOk>(queue("levels", {{"x-queue-type", "quorum"}}));
  const catalog::State& state = world.broker.shard(0).catalog();
  EXPECT_EQ(state.find_queue(world.broker.vhost(), "levels")->settings.max_priority, catalog::kCountingMaxPriority);
  auto exclusive = queue("e", {{"x-queue-type", "quorum"}});
  exclusive.exclusive = true;
  refused(exclusive, ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - invalid property 'exclusive-owner' for queue 'e' in vhost '/'");
  auto both = queue("e", {});
  both.durable = both.exclusive = true;
  accepted<wire::QueueDeclareOk>(both);
  both.durable = false;
  accepted<wire::QueueDeclareOk>(both);  // an exclusive queue is never durable
  auto auto_delete = queue("a", {{"x-queue-type", "quorum"}});
  auto_delete.auto_delete = true;
  refused(auto_delete, ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - invalid property 'auto-delete' for queue 'a' in vhost '/'");
}

TEST_F(Declaring, ServerNamesQueuesAndRemembersTheLast) {
  wire::QueueBind bind{0, "", "amq.direct", "key"};
  refused(bind, ReplyCode::not_found, "NOT_FOUND - no previously declared queue");
  wire::QueueDeclare unnamed;
  unnamed.exclusive = true;
  client.send(1, unnamed);
  const auto made = client.expect<wire::QueueDeclareOk>(1);
  EXPECT_TRUE(made.queue.starts_with("amq.gen-"));
  EXPECT_EQ(made.queue.size(), 30U);
  accepted<wire::QueueBindOk>(wire::QueueBind{0, "", "amq.direct", ""});
  client.publish(1, {0, "amq.direct", made.queue}, "by its name");
  EXPECT_EQ(client.get(1, ""), "by its name");
  refused(queue("amq.mine"), ReplyCode::access_refused,
          "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'");
}

TEST_F(Declaring, ExclusiveQueuesBelongToTheirConnection) {
  client.declare(1, "mine", false, true);
  client.declare(1, "mine", false, true);
  {
    TestClient other(world);
    other.open();
    other.open_channel(1);
    const std::string locked =
        "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'mine' in vhost '/'. It could be originally "
        "declared on another connection or the exclusive property value does not match that of the original "
        "declaration.";
    const auto refused_there = [&](const auto& method) {
      other.send(1, method);
      other.expect_channel_close(1, ReplyCode::resource_locked, locked);
      other.open_channel(1);
    };
    wire::QueueDeclare passive;
    passive.queue = "mine";
    passive.passive = true;
    refused_there(passive);
    refused_there(wire::QueueDelete{0, "mine"});
    refused_there(wire::QueuePurge{0, "mine"});
    refused_there(wire::BasicGet{0, "mine"});
    refused_there(wire::BasicConsume{0, "mine"});
    refused_there(wire::QueueBind{0, "mine", "amq.direct", "k"});
  }
  client.close();
  TestClient next(world);
  next.open();
  next.open_channel(1);
  next.declare(1, "mine", false, true);  // free as soon as close-ok was sent
}

TEST_F(Declaring, DeletingIsIdempotentAndConditional) {
  accepted<wire::QueueDeleteOk>(wire::QueueDelete{0, "absent"});
  client.declare(1, "q");
  client.publish(1, {0, "", "q"}, "one");
  refused(wire::QueueDelete{0, "q", false, true}, ReplyCode::precondition_failed,
          "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty");
  accepted<wire::BasicConsumeOk>(wire::BasicConsume{0, "q", "tag"});
  client.expect<wire::BasicDeliver>(1);
  client.expect_content(1);
  client.send(1, wire::QueueDelete{0, "q", true});
  client.expect_channel_close(1, ReplyCode::precondition_failed, "PRECONDITION_FAILED - queue 'q' in vhost '/' in use");
  client.open_channel(1);
  client.send(1, wire::QueueDelete{0, "q"});
  EXPECT_EQ(client.expect<wire::QueueDeleteOk>(1).message_count, 1U);
}

TEST_F(Declaring, PurgeCountsWhatItRemoves) {
  client.declare(1, "q");
  for (int i = 0; i < 3; ++i) client.publish(1, {0, "", "q"}, "m");
  client.send(1, wire::QueuePurge{0, "q"});
  EXPECT_EQ(client.expect<wire::QueuePurgeOk>(1).message_count, 3U);
  EXPECT_EQ(client.count(1, "q"), 0U);
}

TEST_F(Declaring, PermissionsAreAskedByOperation) {
  world.put_user("limited", "secret");
  world.permit("limited", "^mine", "^(mine|amq\\.default)", "^(mine|amq\\.topic)");
  TestClient limited(world);
  limited.open("limited", "secret");
  limited.open_channel(1);
  const auto denied = [&limited](const auto& method, std::string_view text) {
    limited.send(1, method);
    limited.expect_channel_close(1, ReplyCode::access_refused,
                                 "ACCESS_REFUSED - " + std::string(text) + " refused for user 'limited'");
    limited.open_channel(1);
  };
  client.declare(1, "theirs");
  limited.declare(1, "mine");
  denied(queue("theirs"), "configure access to queue 'theirs' in vhost '/'");
  denied(exchange("theirs", "direct"), "configure access to exchange 'theirs' in vhost '/'");
  denied(wire::QueueDelete{0, "theirs"}, "configure access to queue 'theirs' in vhost '/'");
  denied(wire::QueueBind{0, "theirs", "amq.topic", "k"}, "write access to queue 'theirs' in vhost '/'");
  denied(wire::QueueBind{0, "mine", "amq.direct", "k"}, "read access to exchange 'amq.direct' in vhost '/'");
  denied(wire::BasicGet{0, "theirs"}, "read access to queue 'theirs' in vhost '/'");
  denied(wire::BasicConsume{0, "theirs"}, "read access to queue 'theirs' in vhost '/'");
  denied(wire::QueuePurge{0, "theirs"}, "read access to queue 'theirs' in vhost '/'");
  denied(queue("mine-dead", {{"x-dead-letter-exchange", "amq.fanout"}}),
         "write access to exchange 'amq.fanout' in vhost '/'");
  limited.publish(1, {0, "amq.topic", "k"}, "no");
  limited.expect_channel_close(1, ReplyCode::access_refused,
                               "ACCESS_REFUSED - write access to exchange 'amq.topic' in vhost '/' refused for user "
                               "'limited'");
  limited.open_channel(1);
  limited.publish(1, {0, "", "mine"}, "yes");
  EXPECT_EQ(limited.get(1, "mine"), "yes");
  // A permission that is taken away counts for the next publish.
  world.permit("limited", "", "", "mine");
  limited.publish(1, {0, "", "mine"}, "no more");
  limited.expect_channel_close(1, ReplyCode::access_refused);
}

TEST_F(Declaring, TwoAtOnceMeanTheSameQueue) {
  for (std::uint64_t seed = 100; seed < 110; ++seed) {
    GatewayWorld racing(seed);
    TestClient one(racing);
    TestClient two(racing);
    for (TestClient* each : {&one, &two}) {
      each->open();
      each->open_channel(1);
    }
    for (TestClient* each : {&one, &two}) each->send(1, queue("q"));
    for (TestClient* each : {&one, &two}) EXPECT_EQ(each->expect<wire::QueueDeclareOk>(1).queue, "q");
  }
}

}  // namespace
}  // namespace millrace::gateway::amqp091

#include "broker/policies.h"

#include <gtest/gtest.h>

#include "broker/sim_broker_test.h"

namespace millrace::broker {
namespace {

using catalog::PolicyTarget;

class PoliciesTest : public ::testing::Test {
 protected:
  PoliciesTest() : broker(3) { broker.start(); }

  catalog::Policy policy(const std::string& name, const std::string& pattern, std::int32_t priority = 0,
                         bool of_operator = false) {
    catalog::Policy made;
    made.vhost = broker.vhost();
    made.name = name;
    made.pattern = pattern;
    made.priority = priority;
    made.of_operator = of_operator;
    made.target = of_operator ? PolicyTarget::queues : PolicyTarget::all;
    return made;
  }
  Result<void> execute(catalog::Command command) {
    return broker.wait<void>([&](auto done) {
      broker.shard(1).topology().execute({.commands = {std::move(command)}}, std::move(done));
      broker.shard(1).loop().post([] {});
    });
  }
  void put(catalog::Policy made) { ASSERT_TRUE(execute(catalog::PutPolicy{std::move(made)}).has_value()); }
  catalog::QueueSettings settings_of(const std::string& queue) {
    Policies policies(broker.shard(0).catalog());
    return policies.settings_of(*broker.shard(0).catalog().find_queue(broker.vhost(), queue));
  }
  std::uint64_t ready(const std::string& queue) {
    broker.world.settle();
    return broker.stats(broker.find(queue)).ready;
  }

  SimBroker broker;
};

TEST_F(PoliciesTest, TheHighestPriorityThatFitsCounts) {
  broker.declare("orders.eu");
  auto low = policy("low", "^orders[.]", 1);
  low.definition.max_length = 10;
  auto high = policy("high", "eu$", 5);
  high.definition.max_length = 20;
  auto other = policy("other", "^stock", 9);
  other.definition.max_length = 30;
  auto exchanges = policy("exchanges", "", 10);
  exchanges.target = PolicyTarget::exchanges;
  exchanges.definition.max_length = 40;
  EXPECT_EQ(settings_of("orders.eu").max_length, std::nullopt);
  for (const auto& each : {low, high, other, exchanges}) put(each);
  EXPECT_EQ(settings_of("orders.eu").max_length, 20U);
  ASSERT_TRUE(execute(catalog::DeletePolicy{broker.vhost(), false, "high"}).has_value());
  EXPECT_EQ(settings_of("orders.eu").max_length, 10U);
  low.pattern = "^nothing";
  put(low);
  EXPECT_EQ(settings_of("orders.eu").max_length, std::nullopt);
}

TEST_F(PoliciesTest, LimitsAreLoweredAndOtherSettingsCompleted) {
  catalog::Queue queue;
  queue.settings.max_length = 100;
  queue.settings.max_length_bytes = 50;
  queue.settings.dead_letter_exchange = "mine";
  queue.settings.overflow_given = true;
  broker.declare("q", queue);
  auto made = policy("p", "");
  made.definition.max_length = 10;
  made.definition.max_length_bytes = 500;
  made.definition.dead_letter_exchange = "its";
  made.definition.dead_letter_routing_key = "key";
  made.definition.overflow = catalog::Overflow::reject_publish;
  made.definition.delivery_limit = 3;
  made.definition.message_ttl_ms = 1000;
  put(made);
  auto ruled = settings_of("q");
  EXPECT_EQ(ruled.max_length, 10U);
  EXPECT_EQ(ruled.max_length_bytes, 50U);
  EXPECT_EQ(ruled.dead_letter_exchange, "mine");
  EXPECT_EQ(ruled.dead_letter_routing_key, "key");
  EXPECT_EQ(ruled.overflow, catalog::Overflow::drop_head);
  EXPECT_EQ(ruled.delivery_limit, 3U);
  EXPECT_EQ(ruled.message_time_to_live, base::Millis(1000));
  auto limits = policy("limits", "", 0, true);
  limits.definition.max_length = 5;
  limits.definition.message_ttl_ms = 5000;
  limits.definition.expires_ms = 7000;
  limits.definition.dead_letter_exchange = "not for operators";
  put(limits);
  ruled = settings_of("q");
  EXPECT_EQ(ruled.max_length, 5U);
  EXPECT_EQ(ruled.message_time_to_live, base::Millis(1000));
  EXPECT_EQ(ruled.expires, base::Millis(7000));
  EXPECT_EQ(ruled.dead_letter_exchange, "mine");
}

TEST_F(PoliciesTest, WhatHappensToAFullCountingQueueIsForItsPolicyToSay) {
  catalog::Queue queue;
  queue.kind = catalog::QueueKind::counting;
  queue.settings.overflow = catalog::Overflow::reject_publish;
  queue.settings.overflow_given = true;
  broker.declare("q", queue);
  auto made = policy("p", "");
  made.definition.max_length = 10;
  put(made);
  EXPECT_EQ(settings_of("q").overflow, catalog::Overflow::reject_publish);
  made.definition.overflow = catalog::Overflow::drop_head;
  put(made);
  EXPECT_EQ(settings_of("q").overflow, catalog::Overflow::drop_head);
}

// Of the queue's time-out and the policy's the shorter one; 0 is none at all.
TEST_F(PoliciesTest, TheShorterTimeoutCounts) {
  const auto both = [this](std::optional<std::int64_t> own, std::uint64_t of_policy) {
    catalog::Queue queue;
    if (own.has_value()) queue.settings.consumer_timeout = base::Millis(*own);
    auto made = policy("p", "");
    made.definition.consumer_timeout_ms = of_policy;
    put(made);
    const std::string name = "q" + std::to_string(of_policy) + "." + std::to_string(own.value_or(-1));
    broker.declare(name, queue);
    return settings_of(name).consumer_timeout->value;
  };
  EXPECT_EQ(both({}, 500), 500);
  EXPECT_EQ(both({}, 0), 0);
  EXPECT_EQ(both(400, 500), 400);
  EXPECT_EQ(both(600, 500), 500);
  EXPECT_EQ(both(600, 0), 600);
  EXPECT_EQ(both(0, 500), 500);
  EXPECT_EQ(both(0, 0), 0);
}

TEST_F(PoliciesTest, QueuesFollowAtOnceAndAfterARestart) {
  broker.declare("q");
  broker.publish_stored("q", 20);
  auto made = policy("p", "^q$");
  made.definition.max_length = 7;
  put(made);
  EXPECT_EQ(ready("q"), 7U);
  broker.publish_stored("q", 3, "later");
  EXPECT_EQ(ready("q"), 7U);
  broker.kill();
  broker.start();
  broker.publish_stored("q", 3, "again");
  EXPECT_EQ(ready("q"), 7U);
  // One that is made later, too; and without the policy there is no limit.
  made.pattern = "";
  put(made);
  broker.declare("new");
  broker.publish_stored("new", 9);
  EXPECT_EQ(ready("new"), 7U);
  ASSERT_TRUE(execute(catalog::DeletePolicy{broker.vhost(), false, "p"}).has_value());
  broker.publish_stored("q", 10);
  EXPECT_EQ(ready("q"), 17U);
}

TEST_F(PoliciesTest, ALimitOfBytesCountsWhatIsThereAlready) {
  broker.declare("q");
  broker.publish_stored("q", 10, "body");  // 5 bytes each
  auto made = policy("p", "^q$");
  made.definition.max_length_bytes = 20;
  put(made);
  EXPECT_EQ(ready("q"), 4U);
  broker.publish_stored("q", 2, "tail");
  EXPECT_EQ(ready("q"), 4U);
  EXPECT_EQ(broker.stats(broker.find("q")).bytes, 20U);
  ASSERT_TRUE(execute(catalog::DeletePolicy{broker.vhost(), false, "p"}).has_value());
  broker.publish_stored("q", 10);
  EXPECT_EQ(ready("q"), 14U);
  broker.kill();
  broker.start();
  EXPECT_EQ(ready("q"), 14U);
}

TEST_F(PoliciesTest, TimesBeginToCount) {
  broker.declare("q");
  broker.publish_stored("q", 5);
  auto made = policy("p", "^q$");
  made.definition.message_ttl_ms = 500;
  put(made);
  broker.world.run_for(base::to_nanos(base::Millis(2000)));
  EXPECT_EQ(ready("q"), 0U);
  made.definition.expires_ms = 1000;
  put(made);
  broker.world.run_for(base::to_nanos(base::Millis(3000)));
  EXPECT_EQ(broker.find("q"), QueueRef{});
}

TEST_F(PoliciesTest, ExchangesGetAnAlternate) {
  const QueueRef queue = broker.declare("q");
  catalog::Exchange definition;
  definition.vhost = broker.vhost();
  for (const char* name : {"main", "fallback"}) {
    definition.name = name;
    definition.type = catalog::ExchangeType::fanout;
    ASSERT_TRUE(broker
                    .wait<ObjectId>([&](auto done) {
                      broker.shard(0).topology().create_exchange(definition, std::move(done));
                      broker.shard(0).loop().post([] {});
                    })
                    .has_value());
  }
  const auto& state = broker.shard(0).catalog();
  catalog::Binding binding;
  binding.vhost = broker.vhost();
  binding.source = state.find_exchange(broker.vhost(), "fallback")->id;
  binding.destination = {catalog::DestinationKind::queue, queue.queue};
  ASSERT_TRUE(execute(catalog::Bind{binding}).has_value());
  const auto routed = [&] {
    return broker.shard(0).router().route(*state.find_exchange(broker.vhost(), "main"), "k").queues.size();
  };
  EXPECT_EQ(routed(), 0U);
  auto made = policy("p", "^main$");
  made.target = PolicyTarget::exchanges;
  made.definition.alternate_exchange = "fallback";
  put(made);
  EXPECT_EQ(routed(), 1U);
  ASSERT_TRUE(execute(catalog::DeletePolicy{broker.vhost(), false, "p"}).has_value());
  EXPECT_EQ(routed(), 0U);
}

TEST_F(PoliciesTest, WhatCannotBeIsRefused) {
  EXPECT_EQ(execute(catalog::PutPolicy{policy("p", "(")}).error().code, BrokerErrc::invalid);
  auto wrong = policy("p", "", 0, true);
  wrong.target = PolicyTarget::exchanges;
  EXPECT_EQ(execute(catalog::PutPolicy{wrong}).error().code, BrokerErrc::invalid);
  EXPECT_EQ(execute(catalog::DeletePolicy{broker.vhost(), false, "none"}).error().code, BrokerErrc::not_found);
}

}  // namespace
}  // namespace millrace::broker

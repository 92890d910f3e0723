#include <gtest/gtest.h>

#include "gateway/amqp091/test_client_test.h"

// What other servers have for classic queues only, and this one for quorum queues as well.
namespace millrace::gateway::amqp091 {
namespace {

class BothTypes : public ::testing::TestWithParam<const char*> {
 protected:
  BothTypes() : world(61), client(world) {
    client.open();
    client.open_channel(1);
  }
  void pass(std::int64_t time) { world.broker.world.run_for(base::to_nanos(base::Millis(time))); }

  GatewayWorld world;
  TestClient client;
};

TEST_P(BothTypes, WhatIsRefusedIsDeadLettered) {
  client.declare(1, "dead");
  client.declare(1, "q",
                 {{"x-queue-type", GetParam()},
                  {"x-max-length", std::int32_t{1}},
                  {"x-overflow", "reject-publish-dlx"},
                  {"x-dead-letter-exchange", ""},
                  {"x-dead-letter-routing-key", "dead"}});
  client.send(1, wire::ConfirmSelect{});
  client.expect<wire::ConfirmSelectOk>(1);
  client.publish(1, {0, "", "q"}, "fits");
  EXPECT_EQ(client.expect<wire::BasicAck>(1).delivery_tag, 1U);
  client.publish(1, {0, "", "q"}, "does not");
  EXPECT_EQ(client.expect<wire::BasicNack>(1).delivery_tag, 2U);
  pass(50);
  EXPECT_EQ(client.get(1, "q"), "fits");
  EXPECT_EQ(client.get(1, "dead"), "does not");
}

TEST_P(BothTypes, ADeclarationKeepsAnUnusedQueue) {
  const wire::FieldTable arguments{{"x-queue-type", GetParam()}, {"x-expires", std::int32_t{3000}}};
  client.declare(1, "q", arguments);
  for (int i = 0; i < 3; ++i) {
    pass(2000);
    client.declare(1, "q", arguments);
  }
  pass(4000);
  EXPECT_EQ(world.broker.find("q"), broker::QueueRef{});
}

INSTANTIATE_TEST_SUITE_P(QueueTypes, BothTypes, ::testing::Values("classic", "quorum"));

}  // namespace
}  // namespace millrace::gateway::amqp091

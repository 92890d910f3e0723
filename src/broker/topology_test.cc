#include "broker/topology.h"

#include <gtest/gtest.h>

#include <set>

#include "broker/sim_broker_test.h"

namespace millrace::broker {
namespace {

TEST(TopologyPowerTest, NumbersAreNotHandedOutAgainAfterACrash) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimBroker broker(seed);
    broker.start();
    std::set<std::uint64_t> given;
    const auto allocate = [&](int count) {
      for (int i = 0; i < count; ++i) {
        broker.shard(1).topology().allocate_id([&](Result<ObjectId> id) {
          ASSERT_TRUE(id.has_value());
          EXPECT_TRUE(given.insert(id->value).second) << id->value << " a second time, seed " << seed;
        });
      }
    };
    // More than one block of reserved numbers in one turn.
    allocate(15'000);
    for (std::uint64_t steps = broker.world.prng().below(12); steps > 0; --steps) broker.world.step();
    broker.kill();
    broker.start();
    allocate(15'000);
    broker.world.run_for(base::to_nanos(base::Millis(2000)));
    EXPECT_GE(given.size(), 15'000U);
  }
}

TEST(Topology, APermissionWithAnImpossiblePatternIsRefused) {
  SimBroker broker(1);
  broker.start();
  const auto put = [&](const std::string& write) {
    catalog::Permission permission{
        .user = "guest", .vhost = broker.vhost(), .configure = ".*", .write = write, .read = ".*"};
    return broker.wait<void>([&](auto done) {
      broker.shard(1).topology().execute({.commands = {catalog::PutPermission{permission}}}, std::move(done));
    });
  };
  EXPECT_TRUE(put("orders[.].*").has_value());
  const auto refused = put("orders(");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, BrokerErrc::invalid);
  EXPECT_EQ(broker.shard(0).catalog().find_permission("guest", broker.vhost())->write, "orders[.].*");
}

}  // namespace
}  // namespace millrace::broker

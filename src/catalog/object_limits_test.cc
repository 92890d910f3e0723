#include "catalog/object_limits.h"

#include <gtest/gtest.h>

#include <string>

#include "catalog/catalog_store.h"

namespace millrace::catalog {
namespace {

class CatalogLimits : public ::testing::Test {
 protected:
  CatalogLimits() {
    for (const Command& command : new_virtual_host("/", [this] { return ObjectId(++last); })) state.apply(command);
    vhost = state.find_virtual_host("/")->id;
    source = state.find_exchange(vhost, "amq.direct")->id;
    Queue queue;
    queue.id = target = ObjectId(++last);
    queue.vhost = vhost;
    queue.name = "q";
    state.apply(CreateQueue{queue});
  }
  Bind bind(std::uint64_t number) const {
    return {{vhost, source, {DestinationKind::queue, target}, std::to_string(number), {}, {}}};
  }
  /// What the limits say of the command; it is applied when they allow it.
  std::string attempt(const Command& command) {
    const auto valid = check_limits(limits, state, command);
    if (!valid.has_value()) return valid.error().detail;
    state.apply(command);
    return "made";
  }

  State state;
  ObjectLimits limits;
  ObjectId vhost;
  ObjectId source;
  ObjectId target;
  std::uint64_t last = 0;
};

// As many as that are held, found and let go again; the next one is refused.
TEST_F(CatalogLimits, AMillionBindings) {
  constexpr std::uint64_t kMany = 1'000'000;
  limits.bindings = kMany;
  for (std::uint64_t number = 0; number < kMany; ++number) state.apply(bind(number));
  EXPECT_EQ(state.counts().bindings, kMany);
  EXPECT_EQ(attempt(bind(kMany)), "binding limit of 1000000 is reached");
  EXPECT_TRUE(state.has_binding(bind(kMany / 2).binding));
  state.apply(Unbind{bind(0).binding});
  EXPECT_EQ(attempt(bind(kMany)), "made");
  EXPECT_EQ(attempt(bind(0)), "binding limit of 1000000 is reached");
  state.apply(DeleteQueue{target});
  EXPECT_EQ(state.counts().bindings, 0U);
}

TEST_F(CatalogLimits, PartitionsAreCountedAcrossTopics) {
  limits.topics = 2;
  limits.partitions = 5;
  const auto topic = [this](const std::string& name, std::uint64_t partitions) {
    Topic made;
    made.id = ObjectId(++last);
    made.vhost = vhost;
    made.name = name;
    for (std::uint64_t i = 0; i < partitions; ++i) made.partitions.push_back({LogId(++last), ShardId(0)});
    return CreateTopic{made};
  };
  EXPECT_EQ(attempt(topic("a", 6)), "partition limit of 5 is reached");
  EXPECT_EQ(attempt(topic("a", 3)), "made");
  EXPECT_EQ(attempt(topic("b", 3)), "partition limit of 5 is reached");
  EXPECT_EQ(attempt(topic("b", 1)), "made");
  EXPECT_EQ(attempt(topic("c", 1)), "topic limit of 2 is reached");
  const ObjectId a = state.find_topic(vhost, "a")->id;
  EXPECT_EQ(attempt(AddPartitions{a, {{LogId(++last), ShardId(0)}, {LogId(++last), ShardId(0)}}}),
            "partition limit of 5 is reached");
  EXPECT_EQ(attempt(AddPartitions{a, {{LogId(++last), ShardId(0)}}}), "made");
  EXPECT_EQ(state.counts().partitions, 5U);
  state.apply(DeleteTopic{a});
  EXPECT_EQ(state.counts().partitions, 1U);
  EXPECT_EQ(attempt(topic("c", 4)), "made");
  // What is there already may be more than a limit that came later.
  limits.topics = 1;
  EXPECT_EQ(attempt(topic("d", 1)), "topic limit of 1 is reached");
}

TEST_F(CatalogLimits, AVirtualHostMayHaveFewerQueues) {
  const auto queue = [this](const std::string& name, ObjectId in) {
    Queue made;
    made.id = ObjectId(++last);
    made.vhost = in;
    made.name = name;
    return CreateQueue{made};
  };
  for (const Command& command : new_virtual_host("other", [this] { return ObjectId(++last); })) state.apply(command);
  const ObjectId other = state.find_virtual_host("other")->id;
  state.apply(AlterVirtualHost{vhost, {.max_queues = 2}});
  EXPECT_EQ(attempt(queue("r", vhost)), "made");
  EXPECT_EQ(attempt(queue("s", vhost)), "the virtual host's queue limit of 2 is reached");
  EXPECT_EQ(attempt(queue("s", other)), "made");
  state.apply(DeleteQueue{target});
  EXPECT_EQ(attempt(queue("s", vhost)), "made");
}

TEST_F(CatalogLimits, AUserThatIsThereMayChange) {
  limits.users = 1;
  EXPECT_EQ(attempt(PutUser{{"one", "hash", {}}}), "made");
  EXPECT_EQ(attempt(PutUser{{"one", "other", {}}}), "made");
  EXPECT_EQ(attempt(PutUser{{"two", "hash", {}}}), "user limit of 1 is reached");
}

}  // namespace
}  // namespace millrace::catalog

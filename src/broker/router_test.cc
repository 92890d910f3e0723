#include "broker/router.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/prng.h"
#include "bytes/term_hash.h"
#include "catalog/catalog_store.h"

namespace millrace::broker {
namespace {

using catalog::DestinationKind;
using catalog::ExchangeType;

/// Headers with integers and texts.
class TestFacts final : public MessageFacts {
 public:
  explicit TestFacts(std::map<std::string, std::int64_t> numbers, std::map<std::string, std::string> texts = {})
      : numbers_(std::move(numbers)), texts_(std::move(texts)) {}
  void headers(model::HeaderList& out) const override {
    for (const auto& [name, number] : numbers_) model::append_comparable(out.add(name), number);
    for (const auto& [name, text] : texts_) model::append_comparable(out.add(name), bytes::as_bytes(text));
  }
  std::int64_t hash_number(catalog::HashSource source, std::string_view header) const override {
    const auto it = texts_.find(source == catalog::HashSource::header ? std::string(header) : "message-id");
    return it == texts_.end() ? bytes::kUndefinedHash : bytes::term_hash(bytes::as_bytes(it->second));
  }

 private:
  std::map<std::string, std::int64_t> numbers_;
  std::map<std::string, std::string> texts_;
};

model::HeaderTerm number(const std::string& name, std::int64_t value) {
  model::HeaderTerm term{.name = name, .present = false, .value = {}};
  model::append_comparable(term.value, value);
  return term;
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() : router(state) {
    for (const auto& command : catalog::new_virtual_host("/", [this] { return ObjectId(next++); })) apply(command);
    vhost = state.find_virtual_host("/")->id;
  }
  void apply(const catalog::Command& command) {
    const auto valid = state.validate(command);
    ASSERT_TRUE(valid.has_value()) << valid.error().detail;
    router.before(command);
    state.apply(command);
    router.after(command);
  }
  ObjectId queue(const std::string& name) {
    catalog::Queue definition;
    definition.id = ObjectId(next++);
    definition.vhost = vhost;
    definition.name = name;
    definition.shard = ShardId(static_cast<std::uint16_t>(definition.id.value % 2));
    apply(catalog::CreateQueue{definition});
    return definition.id;
  }
  /// Its partitions' logs are numbered from `first_log` on.
  ObjectId topic(const std::string& name, std::size_t partitions, std::uint64_t first_log) {
    catalog::Topic definition;
    definition.id = ObjectId(next++);
    definition.vhost = vhost;
    definition.name = name;
    for (std::size_t i = 0; i < partitions; ++i) {
      definition.partitions.push_back({LogId(first_log + i), ShardId(static_cast<std::uint16_t>(i % 2))});
    }
    apply(catalog::CreateTopic{definition});
    return definition.id;
  }
  /// The number of the only target.
  std::uint64_t target(const std::string& name, std::string_view key, const MessageFacts* facts = nullptr) {
    const Route& route = router.route(*state.find_exchange(vhost, name), key, facts);
    EXPECT_TRUE(route.queues.size() == 1 && route.has_topics);
    return route.queues.empty() ? 0 : route.queues.front().queue.value;
  }
  ObjectId exchange(const std::string& name, ExchangeType type, const std::string& alternate = {}) {
    catalog::Exchange definition;
    definition.id = ObjectId(next++);
    definition.vhost = vhost;
    definition.name = name;
    definition.type = type;
    definition.alternate_exchange = alternate;
    apply(catalog::CreateExchange{definition});
    return definition.id;
  }
  catalog::Binding binding(ObjectId source, ObjectId destination, const std::string& key = {}) {
    const DestinationKind kind = state.find_queue(destination) != nullptr   ? DestinationKind::queue
                                 : state.find_topic(destination) != nullptr ? DestinationKind::topic
                                                                            : DestinationKind::exchange;
    return {vhost, source, {kind, destination}, key, {}, {}};
  }
  void bind(ObjectId source, ObjectId destination, const std::string& key = {}) {
    apply(catalog::Bind{binding(source, destination, key)});
  }
  catalog::Binding header_binding(ObjectId source, ObjectId destination, model::HeaderMatch match) {
    catalog::Binding made = binding(source, destination);
    // Arguments tell bindings apart, whatever they are.
    made.native_arguments.push_back(match.any ? 1 : 0);
    for (const auto& term : match.terms) {
      made.native_arguments.insert(made.native_arguments.end(), term.name.begin(), term.name.end());
      made.native_arguments.insert(made.native_arguments.end(), term.value.begin(), term.value.end());
    }
    made.match = std::move(match);
    return made;
  }
  std::vector<std::string> names(const Route& route) {
    std::vector<std::string> list;
    for (const QueueRef& ref : route.queues) {
      const catalog::Queue* found = state.find_queue(ref.queue);
      list.push_back(found->name);
      EXPECT_EQ(found->shard, ref.shard);
      EXPECT_NE(route.shards >> ref.shard.value & 1, 0U);
    }
    return list;
  }
  std::vector<std::string> routed(const std::string& name, std::string_view key, const MessageFacts* facts = nullptr) {
    return names(router.route(*state.find_exchange(vhost, name), key, facts));
  }
  using Names = std::vector<std::string>;

  catalog::State state;
  Router router;
  std::uint64_t next = 1;
  ObjectId vhost;
};

TEST_F(RouterTest, TheDefaultExchangeFollowsQueuesAsTheyComeAndGo) {
  EXPECT_EQ(routed("", "q"), Names{});
  const ObjectId id = queue("q");
  EXPECT_EQ(routed("", "q"), Names{"q"});
  apply(catalog::DeleteQueue{id});
  EXPECT_EQ(routed("", "q"), Names{});
}

TEST_F(RouterTest, EachTypeRoutesByItsBindings) {
  const ObjectId a = queue("a");
  const ObjectId b = queue("b");
  const ObjectId direct = exchange("d", ExchangeType::direct);
  const ObjectId fanout = exchange("f", ExchangeType::fanout);
  const ObjectId topic = exchange("t", ExchangeType::topic);
  EXPECT_EQ(routed("d", "x"), Names{});
  bind(direct, a, "x");
  bind(direct, b, "y");
  bind(fanout, a, "1");
  bind(fanout, a, "2");
  bind(fanout, b);
  bind(topic, a, "*.stock.#");
  bind(topic, a, "#.stock");
  EXPECT_EQ(routed("d", "x"), Names{"a"});
  EXPECT_EQ(routed("d", "y"), Names{"b"});
  EXPECT_EQ(routed("f", "anything"), (Names{"a", "b"}));
  EXPECT_EQ(routed("t", "us.stock"), Names{"a"});
  apply(catalog::Unbind{binding(fanout, a, "1")});
  EXPECT_EQ(routed("f", "anything"), (Names{"a", "b"}));
  apply(catalog::Unbind{binding(fanout, a, "2")});
  EXPECT_EQ(routed("f", "anything"), Names{"b"});
  apply(catalog::DeleteQueue{a});
  EXPECT_EQ(routed("d", "x"), Names{});
  EXPECT_EQ(routed("t", "us.stock"), Names{});
}

TEST_F(RouterTest, HeadersOfAMessageMeetTheTermsOfABinding) {
  const ObjectId headers = exchange("h", ExchangeType::headers);
  const model::HeaderTerm present{.name = "p", .present = true, .value = {}};
  const auto add = [&](const std::string& name, bool any, std::vector<model::HeaderTerm> terms) {
    apply(catalog::Bind{header_binding(headers, queue(name), {any, std::move(terms)})});
  };
  add("both", false, {number("x", 1), number("y", 2)});
  add("either", true, {number("x", 1), number("y", 2)});
  add("has-p", false, {present});
  add("p-or-x", true, {present, number("x", 5)});
  add("everything", false, {});
  add("nothing", true, {});
  const auto got = [&](std::map<std::string, std::int64_t> numbers, std::map<std::string, std::string> texts = {}) {
    const TestFacts facts(std::move(numbers), std::move(texts));
    return routed("h", "key", &facts);
  };
  EXPECT_EQ(got({}), Names{"everything"});
  EXPECT_EQ(got({{"x", 1}}), (Names{"either", "everything"}));
  EXPECT_EQ(got({{"x", 1}, {"y", 2}, {"z", 3}}), (Names{"both", "either", "everything"}));
  EXPECT_EQ(got({{"x", 1}, {"y", 3}}), (Names{"either", "everything"}));
  EXPECT_EQ(got({{"x", 5}, {"p", 9}}), (Names{"has-p", "p-or-x", "everything"}));
  EXPECT_EQ(got({}, {{"p", "text"}}), (Names{"has-p", "p-or-x", "everything"}));
  EXPECT_EQ(got({}, {{"x", "1"}}), Names{"everything"});
  EXPECT_EQ(routed("h", "key"), Names{"everything"});
}

TEST_F(RouterTest, AHeadersBindingThatGoesTakesItsListEntriesAlong) {
  const ObjectId headers = exchange("h", ExchangeType::headers);
  const ObjectId a = queue("a");
  const auto all = header_binding(headers, a, {false, {number("x", 1), number("y", 2)}});
  const auto any = header_binding(headers, a, {true, {number("x", 1), number("y", 2)}});
  const TestFacts facts({{"x", 1}, {"y", 2}});
  apply(catalog::Bind{all});
  EXPECT_EQ(routed("h", "", &facts), Names{"a"});
  apply(catalog::Bind{any});
  apply(catalog::Unbind{all});
  EXPECT_EQ(routed("h", "", &facts), Names{"a"});
  apply(catalog::Unbind{any});
  EXPECT_EQ(routed("h", "", &facts), Names{});
  apply(catalog::Bind{all});
  apply(catalog::DeleteQueue{a});
  EXPECT_EQ(routed("h", "", &facts), Names{});
}

TEST_F(RouterTest, ManyHeadersBindingsAgreeWithAPlainSearch) {
  const ObjectId headers = exchange("h", ExchangeType::headers);
  base::Prng prng(5);
  struct Expected {
    std::string queue;
    model::HeaderMatch match;
  };
  std::vector<Expected> rules;
  for (int i = 0; i < 300; ++i) {
    model::HeaderMatch match{prng.chance(1, 2), {}};
    for (char name = 'a'; name < 'e'; ++name) {
      if (!prng.chance(1, 2)) continue;
      if (prng.chance(1, 5)) {
        match.terms.push_back({.name = std::string(1, name), .present = true, .value = {}});
      } else {
        match.terms.push_back(number(std::string(1, name), static_cast<std::int64_t>(prng.below(3))));
      }
    }
    const std::string name = "q" + std::to_string(i);
    apply(catalog::Bind{header_binding(headers, queue(name), match)});
    rules.push_back({name, match});
  }
  for (int round = 0; round < 200; ++round) {
    std::map<std::string, std::int64_t> numbers;
    for (char name = 'a'; name < 'f'; ++name) {
      if (prng.chance(1, 2)) numbers[std::string(1, name)] = static_cast<std::int64_t>(prng.below(3));
    }
    Names expected;
    for (const Expected& rule : rules) {
      std::size_t fitting = 0;
      for (const auto& term : rule.match.terms) {
        const auto it = numbers.find(term.name);
        if (it != numbers.end() && (term.present || number(term.name, it->second).value == term.value)) ++fitting;
      }
      if (rule.match.any ? fitting > 0 : fitting == rule.match.terms.size()) expected.push_back(rule.queue);
    }
    const TestFacts facts(numbers);
    ASSERT_EQ(routed("h", "", &facts), expected);
  }
}

TEST_F(RouterTest, AConsistentHashSpreadsByWeightAndMovesLittle) {
  const ObjectId x = exchange("h", ExchangeType::consistent_hash);
  EXPECT_EQ(routed("h", "key"), Names{});
  const ObjectId light = queue("light");
  bind(x, light, "10");
  bind(x, queue("heavy"), "30");
  bind(x, light, "77");  // the oldest binding counts
  std::map<std::string, int> count;
  std::map<std::string, std::string> before;
  constexpr int kKeys = 4000;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "key" + std::to_string(i);
    const Names to = routed("h", key);
    ASSERT_EQ(to.size(), 1U);
    EXPECT_EQ(routed("h", key), to);
    ++count[to[0]];
    before[key] = to[0];
  }
  EXPECT_NEAR(count["light"], kKeys / 4.0, kKeys / 20.0);
  bind(x, queue("new"), "10");
  int moved = 0;
  for (const auto& [key, queue] : before) {
    const Names to = routed("h", key);
    if (to[0] == queue) continue;
    ++moved;
    EXPECT_EQ(to[0], "new");
  }
  EXPECT_NEAR(moved, kKeys / 5.0, kKeys / 20.0);
  apply(catalog::Unbind{binding(x, light, "77")});
  EXPECT_EQ(routed("h", "key1"), Names{before["key1"]});
}

// The queues that RabbitMQ chooses for these keys, with these weights bound in this order.
TEST_F(RouterTest, AConsistentHashChoosesAsRabbitmqDoes) {
  const ObjectId x = exchange("h", ExchangeType::consistent_hash);
  const ObjectId a = queue("a");
  const ObjectId b = queue("b");
  const ObjectId c = queue("c");
  bind(x, a, "2");
  bind(x, b, "+5");
  bind(x, c, "3");
  const auto all = [this] {
    std::string letters;
    for (int i = 0; i < 12; ++i) letters += routed("h", "key" + std::to_string(i)).at(0);
    return letters;
  };
  // Buckets 7 3 8 3 9 9 2 6 8 5 5 1 of ten.
  EXPECT_EQ(all(), "cbcbccbbcbba");
  // The oldest binding counts for the place; with it gone the next one does, at the end of the ring.
  bind(x, a, "8");
  EXPECT_EQ(all(), "cbcbccbbcbba");
  apply(catalog::Unbind{binding(x, a, "8")});
  EXPECT_EQ(all(), "cbcbccbbcbba");
  const std::string with_three = all();
  apply(catalog::Unbind{binding(x, a, "2")});
  bind(x, a, "2");
  const std::string after = all();
  EXPECT_NE(after, with_three);
  apply(catalog::DeleteQueue{c});
  apply(catalog::DeleteQueue{a});
  EXPECT_EQ(all(), "bbbbbbbbbbbb");
}

TEST_F(RouterTest, AHashMayLookAtAHeaderOrAProperty) {
  for (const auto source : {catalog::HashSource::header, catalog::HashSource::message_id}) {
    catalog::Exchange definition;
    definition.id = ObjectId(next++);
    definition.vhost = vhost;
    definition.name = source == catalog::HashSource::header ? "by-header" : "by-property";
    definition.type = ExchangeType::consistent_hash;
    definition.hash_source = source;
    definition.hash_header = "customer";
    apply(catalog::CreateExchange{definition});
    for (int i = 0; i < 8; ++i) bind(definition.id, queue(definition.name + std::to_string(i)), "1");
    std::set<std::string> reached;
    for (int i = 0; i < 100; ++i) {
      const TestFacts facts({}, {{"customer", std::to_string(i)}, {"message-id", std::to_string(i)}});
      const Names to = routed(definition.name, "same key", &facts);
      ASSERT_EQ(to.size(), 1U);
      EXPECT_EQ(routed(definition.name, "another key", &facts), to);
      reached.insert(to[0]);
    }
    EXPECT_EQ(reached.size(), 8U);
    EXPECT_EQ(routed(definition.name, "k").size(), 1U);
  }
}

TEST_F(RouterTest, AModulusHashAndARandomChoiceTakeOneQueue) {
  const ObjectId modulus = exchange("m", ExchangeType::modulus_hash);
  const ObjectId random = exchange("r", ExchangeType::random);
  for (int i = 0; i < 5; ++i) {
    const ObjectId q = queue("q" + std::to_string(i));
    bind(modulus, q, "ignored");
    bind(random, q, "ignored");
  }
  std::set<std::string> by_hash;
  std::set<std::string> by_chance;
  for (int i = 0; i < 200; ++i) {
    const Names to = routed("m", std::to_string(i));
    ASSERT_EQ(to.size(), 1U);
    EXPECT_EQ(routed("m", std::to_string(i)), to);
    by_hash.insert(to[0]);
    const Names chosen = routed("r", "same");
    ASSERT_EQ(chosen.size(), 1U);
    by_chance.insert(chosen[0]);
  }
  EXPECT_EQ(by_hash.size(), 5U);
  EXPECT_EQ(by_chance.size(), 5U);
  // One choice for a message, however many keys it has.
  const std::string_view more[] = {"b", "c", "d"};
  EXPECT_EQ(router.route(*state.find_exchange(random), "a", more, nullptr).queues.size(), 1U);
}

TEST_F(RouterTest, AMessageWithSeveralKeysGoesOnceToEachQueue) {
  queue("a");
  queue("b");
  queue("c");
  const std::string_view more[] = {"b", "none", "a"};
  EXPECT_EQ(names(router.route(*state.find_exchange(vhost, ""), "a", more, nullptr)), (Names{"a", "b"}));
}

TEST_F(RouterTest, CirclesOfExchangesAndAlternatesEnd) {
  const ObjectId q = queue("q");
  const ObjectId a = exchange("a", ExchangeType::fanout);
  const ObjectId b = exchange("b", ExchangeType::fanout);
  bind(a, b);
  bind(b, a);
  bind(a, a);
  bind(b, q);
  EXPECT_EQ(routed("a", "k"), Names{"q"});
  exchange("x", ExchangeType::direct, "y");
  exchange("y", ExchangeType::direct, "x");
  EXPECT_EQ(routed("x", "k"), Names{});
  bind(state.find_exchange(vhost, "y")->id, q, "k");
  EXPECT_EQ(routed("x", "k"), Names{"q"});
}

TEST_F(RouterTest, ALongChainOfExchangesIsNoDeepRecursion) {
  constexpr int kLength = 20'000;
  const ObjectId first = exchange("e0", ExchangeType::fanout);
  ObjectId last = first;
  for (int i = 1; i < kLength; ++i) {
    const ObjectId made = exchange("e" + std::to_string(i), ExchangeType::fanout);
    bind(last, made);
    last = made;
  }
  bind(last, first);
  bind(last, queue("q"));
  EXPECT_EQ(routed("e0", "k"), Names{"q"});
}

TEST_F(RouterTest, AnAlternateMayComeAndGoLater) {
  exchange("x", ExchangeType::direct, "later");
  EXPECT_EQ(routed("x", "k"), Names{});
  const ObjectId later = exchange("later", ExchangeType::fanout);
  const ObjectId q = queue("q");
  EXPECT_EQ(routed("x", "k"), Names{});
  bind(later, q);
  EXPECT_EQ(routed("x", "k"), Names{"q"});
  const ObjectId own = queue("own");
  bind(state.find_exchange(vhost, "x")->id, own, "k");
  EXPECT_EQ(routed("x", "k"), Names{"own"});
  apply(catalog::DeleteQueue{own});
  EXPECT_EQ(routed("x", "k"), Names{"q"});
  apply(catalog::DeleteExchange{later});
  EXPECT_EQ(routed("x", "k"), Names{});
}

TEST_F(RouterTest, AChangeForgetsOnlyTheWaysThroughIt) {
  const ObjectId a = exchange("a", ExchangeType::topic);
  const ObjectId b = exchange("b", ExchangeType::topic);
  const ObjectId front = exchange("front", ExchangeType::fanout);
  const ObjectId q = queue("q");
  bind(a, q, "#");
  bind(b, q, "#");
  bind(front, a);
  for (int i = 0; i < 10; ++i) {
    routed("a", std::to_string(i));
    routed("b", std::to_string(i));
    routed("front", std::to_string(i));
    routed("", std::to_string(i));
  }
  EXPECT_EQ(router.remembered(), 40U);
  bind(a, queue("new"), "0");
  // Those of a, and of front, which leads through it.
  EXPECT_EQ(router.remembered(), 20U);
  EXPECT_EQ(routed("front", "0"), (Names{"q", "new"}));
  queue("7");
  EXPECT_EQ(routed("", "7"), Names{"7"});
  exchange("another", ExchangeType::fanout);
  EXPECT_EQ(router.remembered(), 21U);
  apply(catalog::DeleteExchange{b});
  EXPECT_EQ(router.remembered(), 11U);
}

TEST_F(RouterTest, TheSameQueuesAreTheSameRoute) {
  const ObjectId t = exchange("t", ExchangeType::topic);
  bind(t, queue("q"), "#");
  const std::uint64_t id = router.route(*state.find_exchange(t), "one").id;
  EXPECT_EQ(router.route(*state.find_exchange(t), "two").id, id);
  EXPECT_EQ(router.route(*state.find_exchange(vhost, ""), "q").id, id);
}

/// A message with the key of a record.
class KeyedFacts final : public MessageFacts {
 public:
  explicit KeyedFacts(std::string key) : key_(std::move(key)) {}
  void headers(model::HeaderList&) const override {}
  std::int64_t hash_number(catalog::HashSource, std::string_view) const override { return 0; }
  std::optional<bytes::ByteView> record_key() const override { return bytes::as_bytes(key_); }

 private:
  std::string key_;
};

TEST_F(RouterTest, ATopicGetsEachMessageInThePartitionOfItsKey) {
  const ObjectId x = exchange("x", ExchangeType::topic);
  const ObjectId wide = topic("wide", 4, 1000);
  bind(x, wide, "order.#");
  // The hashes of "21" and "foobar", without their sign bits, leave 0 and 2.
  const KeyedFacts first("21");
  const KeyedFacts second("foobar");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(target("x", "order.new", &first), 1000U);
    EXPECT_EQ(target("x", "order.new", &second), 1002U);
    EXPECT_EQ(target("x", "order.paid", &first), 1000U);
    const std::uint64_t plain = target("x", "order.new");
    EXPECT_EQ(target("x", "order.new"), plain) << "without a key the routing key chooses";
  }
  std::set<std::uint64_t> used;
  for (int i = 0; i < 100; ++i) used.insert(target("x", "order." + std::to_string(i)));
  EXPECT_EQ(used.size(), 4U);
  EXPECT_TRUE(router.route(*state.find_exchange(vhost, "x"), "other").queues.empty());
  EXPECT_LT(router.remembered(), 200U);
  apply(catalog::AddPartitions{wide, {{LogId(1004), ShardId(0)}}});
  used.clear();
  for (int i = 0; i < 100; ++i) used.insert(target("x", "order." + std::to_string(i)));
  EXPECT_EQ(used.size(), 5U);
  apply(catalog::DeleteTopic{wide});
  EXPECT_TRUE(router.route(*state.find_exchange(vhost, "x"), "order.new").queues.empty());
  EXPECT_TRUE(state.bindings_of_source(x).empty());
}

TEST_F(RouterTest, ATopicIsReachedByItsNameUnlessAQueueHasIt) {
  const Route& none = router.route(*state.find_exchange(vhost, ""), "t");
  EXPECT_TRUE(none.queues.empty());
  const ObjectId made = topic("t", 1, 2000);
  EXPECT_EQ(target("", "t"), 2000U);
  const ObjectId hides = queue("t");
  EXPECT_EQ(routed("", "t"), (Names{"t"}));
  EXPECT_FALSE(router.route(*state.find_exchange(vhost, ""), "t").has_topics);
  apply(catalog::DeleteQueue{hides});
  EXPECT_EQ(target("", "t"), 2000U);
  // A queue over the topic stands for it.
  catalog::Queue over;
  over.id = ObjectId(next++);
  over.vhost = vhost;
  over.name = "over";
  over.source = catalog::QueueSource{made, {{ObjectId(next++), LogId(2000), ShardId(0), model::Offset(0)}}};
  apply(catalog::CreateQueue{over});
  EXPECT_EQ(target("", "over"), 2000U);
  const ObjectId fan = exchange("fan", ExchangeType::fanout);
  bind(fan, over.id);
  bind(fan, made);
  EXPECT_EQ(target("fan", "any"), 2000U) << "once, although it is bound twice";
}

}  // namespace
}  // namespace millrace::broker

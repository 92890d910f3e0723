#include <gtest/gtest.h>

#include "auth/scram.h"
#include "output.h"
#include "reset.h"
#include "scram_client.h"
#include "topics.h"

namespace millrace::cli {
namespace {

TEST(Targets, AreHostsAndPorts) {
  EXPECT_EQ(parse_target("queue.example")->host, "queue.example");
  EXPECT_EQ(parse_target("queue.example")->port, 9092);
  EXPECT_EQ(parse_target("10.0.0.1:19092")->port, 19092);
  EXPECT_EQ(parse_target("[::1]:7")->host, "::1");
  EXPECT_EQ(parse_target("[::1]")->port, 9092);
  for (const char* wrong :
       {"", ":9092", "host:", "host:0", "host:70000", "host:9x", "::1", "[::1", "[::1]9", "[host]"}) {
    EXPECT_FALSE(parse_target(wrong).has_value()) << wrong;
  }
}

TEST(Times, AreReadWithAndWithoutZone) {
  EXPECT_EQ(*parse_time("1970-01-02"), 86'400'000);
  EXPECT_EQ(*parse_time("2026-11-27T04:30:00Z"), 1'795'753'800'000);
  EXPECT_EQ(*parse_time("2026-11-27T04:30"), 1'795'753'800'000);
  EXPECT_EQ(*parse_time("2026-11-27 04:30:00.25"), 1'795'753'800'250);
  EXPECT_EQ(*parse_time("2026-11-27T06:30:00+02:00"), 1'795'753'800'000);
  EXPECT_EQ(*parse_time("2026-11-27T02:00:00.000-02:30"), 1'795'753'800'000);
  for (const char* wrong :
       {"", "now", "2026-11-27T", "2026-13-01", "2026-02-30", "2026-11-27T24:00", "2026-11-27T04:30:00X",
        "2026-11-27T04:30:00.", "2026-11-27T04:30:00.1234", "2026-11-27T04:30+2", "2026-11-27Z", "-026-11-27"}) {
    EXPECT_FALSE(parse_time(wrong).has_value()) << wrong;
  }
}

TEST(Choices, NameTopicsAndPartitions) {
  EXPECT_EQ(parse_topic_choice("orders")->topic, "orders");
  EXPECT_TRUE(parse_topic_choice("orders")->partitions.empty());
  EXPECT_EQ(parse_topic_choice("orders:3,0,3")->partitions, (std::vector<std::int32_t>{0, 3}));
  for (const char* wrong : {"", ":1", "orders:", "orders:1,", "orders:x", "orders:-1", "orders:1:2"}) {
    EXPECT_FALSE(parse_topic_choice(wrong).has_value()) << wrong;
  }
  EXPECT_EQ(parse_setting("a=b=c")->second, "b=c");
  EXPECT_EQ(parse_setting("a=")->second, "");
  EXPECT_FALSE(parse_setting("=b").has_value());
  EXPECT_FALSE(parse_setting("a").has_value());
}

class ResetTest : public testing::Test {
 protected:
  std::vector<std::int64_t> plan(ResetTo to, std::int64_t value = 0) {
    const auto steps = plan_reset({one, two}, {to, value}, facts);
    if (!steps.has_value()) return {};
    return {steps->at(0).after, steps->at(1).after};
  }
  const TopicPartition one{"t", 0};
  const TopicPartition two{"t", 1};
  ResetFacts facts{.committed = {{one, 50}, {two, 5}},
                   .earliest = {{one, 10}, {two, 0}},
                   .latest = {{one, 100}, {two, 20}},
                   .at_time = {{one, 30}, {two, -1}}};
  using Numbers = std::vector<std::int64_t>;
};

TEST_F(ResetTest, GoesWhereItIsTold) {
  EXPECT_EQ(plan(ResetTo::earliest), (Numbers{10, 0}));
  EXPECT_EQ(plan(ResetTo::latest), (Numbers{100, 20}));
  EXPECT_EQ(plan(ResetTo::time), (Numbers{30, 20})) << "nothing that young: the end";
  EXPECT_EQ(plan(ResetTo::shift, -10), (Numbers{40, 0}));
  EXPECT_EQ(plan(ResetTo::shift, INT64_MAX), (Numbers{100, 20}));
  EXPECT_EQ(plan(ResetTo::shift, INT64_MIN), (Numbers{10, 0}));
}

TEST_F(ResetTest, StaysInsideOfWhatIsThereAndSaysSo) {
  const auto steps = plan_reset({one, two}, {ResetTo::offset, 60}, facts);
  ASSERT_TRUE(steps.has_value());
  EXPECT_EQ(steps->at(0).before, 50);
  EXPECT_EQ(steps->at(0).after, 60);
  EXPECT_FALSE(steps->at(0).adjusted);
  EXPECT_EQ(steps->at(1).after, 20);
  EXPECT_TRUE(steps->at(1).adjusted);
}

TEST_F(ResetTest, NeedsWhatItShiftsAndPartitionsThatAreThere) {
  facts.committed.erase(two);
  EXPECT_FALSE(plan_reset({one, two}, {ResetTo::shift, 1}, facts).has_value());
  EXPECT_EQ(plan(ResetTo::earliest), (Numbers{10, 0}));
  EXPECT_FALSE(plan_reset({{"t", 2}}, {ResetTo::earliest, 0}, facts).has_value());
}

TEST(Tables, AlignNumbersRight) {
  Table table({"NAME", "N", "NOTE"});
  table.add({"a", "5", ""});
  table.add({"longer", "123", "x"});
  table.add({"\xC3\xA4", "-", "x"});
  EXPECT_EQ(table.text(1), " NAME      N  NOTE\n a         5\n longer  123  x\n \xC3\xA4         -  x\n");
}

TEST(Names, OneFailureDoesNotStopTheOthers) {
  const auto act = [](const std::string& name) -> Result<void> {
    if (name == "b") return fail("no", "do");
    return {};
  };
  const Outcome text = for_each_name({"a", "b", "c"}, "topic", "deleted", false, act);
  EXPECT_EQ(text.text, "topic 'a': deleted\ntopic 'c': deleted\n");
  ASSERT_EQ(text.errors.size(), 1U);
  EXPECT_EQ(text.errors[0].hint, "do");
  const Outcome json = for_each_name({"a", "b"}, "topic", "deleted", true, act);
  EXPECT_EQ(json.text, "[{\"topic\":\"a\",\"deleted\":true},{\"topic\":\"b\",\"deleted\":false,\"error\":\"no\"}]\n");
}

TEST(Errors, SayWhatToDo) {
  const Error known = explain(wire::ErrorCode::non_empty_group, "group 'g'");
  EXPECT_EQ(known.what, "group 'g': has members");
  EXPECT_EQ(known.hint, "stop its consumers first");
  EXPECT_EQ(explain(wire::ErrorCode::invalid_config, "topic 't'", "odd value").what,
            "topic 't': odd value (INVALID_CONFIG)");
  EXPECT_EQ(explain(wire::ErrorCode::invalid_config, "topic 't'").what,
            "topic 't': the server answered INVALID_CONFIG");
}

class ScramTest : public testing::TestWithParam<auth::Digest> {
 protected:
  static auth::ScramServer server() {
    return {GetParam(), "server", "secret", [](const std::string& user) -> std::optional<std::string> {
              if (user != "a,b=c") return std::nullopt;
              return auth::hash_password("pencil", 2);
            }};
  }
};

TEST_P(ScramTest, BothSidesProveThatTheyKnowThePassword) {
  auth::ScramServer peer = server();
  ScramClient client(GetParam(), "a,b=c", "pencil", "client");
  const auto first = peer.first(client.first());
  ASSERT_TRUE(first.has_value());
  const auto last = client.last(*first);
  ASSERT_TRUE(last.has_value());
  const auto proof = peer.last(*last);
  ASSERT_TRUE(proof.has_value());
  EXPECT_TRUE(client.server_is_genuine(*proof));
  EXPECT_FALSE(client.server_is_genuine("v=AAAA"));
}

TEST_P(ScramTest, WrongPasswordsAndMessagesAreRefused) {
  auth::ScramServer peer = server();
  ScramClient client(GetParam(), "a,b=c", "pen", "client");
  const auto last = client.last(*peer.first(client.first()));
  ASSERT_TRUE(last.has_value());
  EXPECT_FALSE(peer.last(*last).has_value());
  for (const char* odd : {"", "r=client,s=AAAA,i=4096", "r=other1,s=AAAA,i=4096", "r=client1,s=?,i=4096",
                          "r=client1,s=AAAA,i=0", "r=client1,s=AAAA,i=4000000000", "r=client1,s=AAAA"}) {
    EXPECT_FALSE(client.last(odd).has_value()) << odd;
  }
}

INSTANTIATE_TEST_SUITE_P(Digests, ScramTest, testing::Values(auth::Digest::sha256, auth::Digest::sha512));

}  // namespace
}  // namespace millrace::cli

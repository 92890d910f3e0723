#include "server/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "server/host_port.h"

namespace millrace::server {
namespace {

std::string write_file(const std::string& text) {
  const std::string path = testing::TempDir() + "millrace_config_test.toml";
  std::ofstream(path) << text;
  return path;
}

TEST(Config, FileSetsNestedKeysAndUnits) {
  Config config;
  const auto loaded =
      load_file(config, write_file("data_dir = '/x'\n[amqp]\nport = 1234\n[limits]\nmemory = '2GiB'\n"
                                   "[kafka]\nauto_create_topics = false\n[auth]\nloopback_users=['a','b']"));
  ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
  EXPECT_EQ(config.data_dir, "/x");
  EXPECT_EQ(config.amqp_port, 1234);
  EXPECT_EQ(config.memory_limit_bytes, std::uint64_t{2} << 30);
  EXPECT_FALSE(config.kafka_auto_create_topics);
  EXPECT_EQ(config.loopback_users, (std::vector<std::string>{"a", "b"}));
}

TEST(Config, UnknownKeyNamesTheNearest) {
  Config config;
  const auto loaded = load_file(config, write_file("[amqp]\nprot = 1"));
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, ConfigErrc::unknown_key);
  EXPECT_NE(loaded.error().detail.find("did you mean 'amqp.port'"), std::string::npos) << loaded.error().detail;
}

TEST(Config, BadValuesSayWhatIsExpected) {
  Config config;
  EXPECT_FALSE(load_file(config, write_file("[amqp]\nport = 70000")).has_value());
  EXPECT_FALSE(load_file(config, write_file("[amqp]\nport = -1")).has_value());
  EXPECT_FALSE(load_file(config, write_file("durability = 3 = 4")).has_value());
  EXPECT_FALSE(load_file(config, write_file("[storage]\ndurability = 'maybe'")).has_value());
  EXPECT_FALSE(load_file(config, "/nonexistent/x.toml").has_value());
}

TEST(Config, EnvironmentOverridesAndIsChecked) {
  Config config;
  ASSERT_TRUE(
      load_environment(config, {{"MILLRACE_AMQP_PORT", "7"}, {"MILLRACE_CLI_USER", "ann"}, {"HOME", "/"}}).has_value());
  EXPECT_EQ(config.amqp_port, 7);
  const auto bad = load_environment(config, {{"MILLRACE_AMQP_PROT", "7"}});
  ASSERT_FALSE(bad.has_value());
  EXPECT_NE(bad.error().detail.find("MILLRACE_AMQP_PORT"), std::string::npos);
}

TEST(Config, ValuesOfNoSettingsKindAreRefused) {
  for (const char* text :
       {"[kafka]\nadvertise = 1.5", "data_dir = 2020-01-01", "data_dir = ['a', 'b']", "[amqp]\nport = [1, 2]",
        "[auth]\nloopback_users = [['a']]", "[limits]\nmemory = 0.5", "[limits]\nmemory = '16777216TiB'"}) {
    Config config;
    const auto loaded = load_file(config, write_file(text));
    ASSERT_FALSE(loaded.has_value()) << text;
    EXPECT_EQ(loaded.error().code, ConfigErrc::bad_value) << text;
  }
  Config config;
  ASSERT_TRUE(load_file(config, write_file("[auth]\nloopback_users = 'a'")).has_value());
  EXPECT_EQ(config.loopback_users, std::vector<std::string>{"a"});
}

TEST(Config, NamesThatKubernetesSetsAreIgnored) {
  Config config;
  // As it describes services "millrace" and "millrace-amqp".
  const auto loaded = load_environment(config, {{"MILLRACE_SERVICE_HOST", "10.0.0.1"},
                                                {"MILLRACE_SERVICE_PORT", "5672"},
                                                {"MILLRACE_SERVICE_PORT_AMQP", "5672"},
                                                {"MILLRACE_PORT", "tcp://10.0.0.1:5672"},
                                                {"MILLRACE_PORT_5672_TCP", "tcp://10.0.0.1:5672"},
                                                {"MILLRACE_PORT_5672_TCP_ADDR", "10.0.0.1"},
                                                {"MILLRACE_PORT_5672_TCP_PORT", "5672"},
                                                {"MILLRACE_PORT_5672_TCP_PROTO", "tcp"},
                                                {"MILLRACE_AMQP_SERVICE_HOST", "10.0.0.1"},
                                                {"MILLRACE_AMQP_SERVICE_PORT", "7"},
                                                {"MILLRACE_AMQP_SERVICE_PORT_AMQP", "7"},
                                                {"MILLRACE_AMQP_PORT", "tcp://10.0.0.1:7"},
                                                {"MILLRACE_AMQP_PORT_7_TCP_ADDR", "10.0.0.1"}});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
  EXPECT_EQ(config.amqp_port, Config().amqp_port);
  for (const char* name : {"MILLRACE_PROT", "MILLRACE_AMQP_PORTS", "MILLRACE_SERVICE", "MILLRACE_AMQP_PORT_X"}) {
    EXPECT_FALSE(load_environment(config, {{name, "1"}}).has_value()) << name;
  }
  EXPECT_FALSE(load_environment(config, {{"MILLRACE_AMQP_PORT", "seven"}}).has_value());
  // No setting may have a name that would be ignored.
  for (const Setting& setting : settings()) {
    Config other;
    EXPECT_FALSE(setting.key == "port" || setting.key.starts_with("port_") || setting.key.starts_with("service_"));
    ASSERT_TRUE(load_environment(other, {{environment_name(setting), setting.show(other)}}).has_value());
  }
}

TEST(Config, AdvertisedAddressIsParsed) {
  const std::pair<const char*, HostPort> good[] = {{"broker.example.com:9092", {"broker.example.com", 9092}},
                                                   {"my_broker-1:1", {"my_broker-1", 1}},
                                                   {"192.0.2.1:65535", {"192.0.2.1", 65535}},
                                                   {"[2001:db8::1]:9092", {"2001:db8::1", 9092}}};
  for (const auto& [text, expected] : good) {
    const auto parsed = parse_host_port("kafka.advertise", text);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().detail;
    EXPECT_EQ(parsed->host, expected.host);
    EXPECT_EQ(parsed->port, expected.port);
  }
  const std::pair<const char*, const char*> bad[] = {{"broker", "port is missing"},
                                                     {"[::1]", "port is missing"},
                                                     {"host:abc", "number from 1"},
                                                     {"host:", "number from 1"},
                                                     {"host:0", "number from 1"},
                                                     {"host:65536", "number from 1"},
                                                     {"host:9092x", "number from 1"},
                                                     {"2001:db8::1", "needs brackets"},
                                                     {"2001:db8::1:2:3:4:5:9092", "needs brackets"},
                                                     {":9092", "no name or address"},
                                                     {"a b:9092", "no name"},
                                                     {"kafka://host:9092", "no name"},
                                                     {"[host]:9092", "no IPv6 address"},
                                                     {"[::1:9092", "no name"},
                                                     {"a:1,b:2", "no name"}};
  for (const auto& [text, why] : bad) {
    Config config;
    config.kafka_advertise = text;
    const auto valid = validate(config);
    ASSERT_FALSE(valid.has_value()) << text;
    EXPECT_NE(valid.error().detail.find("kafka.advertise: '" + std::string(text) + "'"), std::string::npos);
    EXPECT_NE(valid.error().detail.find(why), std::string::npos) << valid.error().detail;
  }
}

TEST(Config, AnAddressToListenOnIsNoneToConnectTo) {
  for (const char* text : {"0.0.0.0:9092", "[::]:9092", "[0:0::0]:9092", "[::ffff:0.0.0.0]:9092"}) {
    Config config;
    config.kafka_advertise = text;
    const auto valid = validate(config);
    ASSERT_FALSE(valid.has_value()) << text;
    EXPECT_NE(valid.error().detail.find("stands for all addresses"), std::string::npos) << valid.error().detail;
  }
}

TEST(Config, TheLogSaysWhereKafkaClientsCanConnectFrom) {
  const auto notice = [](const char* bind, const char* advertise) {
    Config config;
    config.kafka_bind = bind;
    config.kafka_advertise = advertise;
    return kafka_address_notice(config);
  };
  for (const char* bind : {"*", "0.0.0.0", "::", "192.0.2.1", "broker.example.com"}) {
    EXPECT_FALSE(notice(bind, "").wrong) << bind;
    EXPECT_NE(notice(bind, "").text.find("kafka.advertise"), std::string::npos) << bind;
    EXPECT_EQ(notice(bind, "broker.example.com:9092").text, "");
    for (const char* astray : {"localhost:9092", "LocalHost:1", "127.0.0.1:9092", "127.9.9.9:1", "[::1]:9092",
                               "[::ffff:127.0.0.1]:9092", "a.localhost:1"}) {
      EXPECT_TRUE(notice(bind, astray).wrong) << bind << " " << astray;
      EXPECT_NE(notice(bind, astray).text.find(astray), std::string::npos);
    }
  }
  for (const char* bind : {"127.0.0.1", "::1", "localhost"}) {
    EXPECT_NE(notice(bind, "").text.find("this machine only"), std::string::npos) << bind;
    EXPECT_FALSE(notice(bind, "").wrong);
    EXPECT_EQ(notice(bind, "localhost:9092").text, "");
    EXPECT_EQ(notice(bind, "broker.example.com:9092").text, "") << "through a tunnel";
  }
}

TEST(Config, ValuesWithoutSenseAreRefused) {
  const std::pair<const char*, const char*> bad[] = {{"data_dir", ""},
                                                     {"shards", "65"},
                                                     {"amqp.frame_max", "4096"},
                                                     {"amqp.channel_max", "0"},
                                                     {"amqp.bind", ""},
                                                     {"kafka.default_partitions", "0"},
                                                     {"kafka.max_request", "0"},
                                                     {"kafka.max_request", "2GiB"},
                                                     {"limits.connections", "0"},
                                                     {"limits.message", "0"},
                                                     {"limits.message", "121MiB"},
                                                     {"limits.memory", "1"},
                                                     {"limits.unacknowledged", "4095"},
                                                     {"storage.journal_file", "0"},
                                                     {"storage.journal_file", "2GiB"},
                                                     {"storage.segment", "1"},
                                                     {"storage.segment", "1TiB"},
                                                     {"shutdown_grace", "4000000000"},
                                                     {"kafka.port", "5672"}};
  for (const auto& [key, value] : bad) {
    Config config;
    for (const Setting& setting : settings()) {
      if (setting.key != key) continue;
      ASSERT_TRUE(setting.set(config, value).has_value()) << key;
    }
    const auto valid = validate(config);
    ASSERT_FALSE(valid.has_value()) << key << " = " << value;
    EXPECT_NE(valid.error().detail.find(key), std::string::npos) << valid.error().detail;
  }
  Config free;
  free.amqp_port = free.kafka_port = free.metrics_port = 0;
  EXPECT_TRUE(validate(free).has_value());
  Config apart;
  apart.kafka_port = apart.amqp_port;
  apart.kafka_bind = "127.0.0.2";
  EXPECT_TRUE(validate(apart).has_value());
}

TEST(Config, EverySettingShowsWhatItWasSetTo) {
  for (const Setting& setting : settings()) {
    Config config;
    const std::string before = setting.show(config);
    ASSERT_TRUE(setting.set(config, before).has_value()) << setting.key;
    EXPECT_EQ(setting.show(config), before) << setting.key;
  }
  EXPECT_TRUE(validate(Config{}).has_value());
}

}  // namespace
}  // namespace millrace::server

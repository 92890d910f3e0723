#include "server/config.h"

#include <gtest/gtest.h>

#include <fstream>

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
  ASSERT_TRUE(load_environment(config, {{"MILLRACE_AMQP_PORT", "7"}, {"HOME", "/"}}).has_value());
  EXPECT_EQ(config.amqp_port, 7);
  const auto bad = load_environment(config, {{"MILLRACE_AMQP_PROT", "7"}});
  ASSERT_FALSE(bad.has_value());
  EXPECT_NE(bad.error().detail.find("MILLRACE_AMQP_PORT"), std::string::npos);
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

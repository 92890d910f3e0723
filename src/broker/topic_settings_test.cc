#include "broker/topic_settings.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/shard.h"

namespace millrace::broker {
namespace {

BrokerErrc refused(std::string_view name, std::string_view value) {
  const auto checked = check_topic_setting(name, value);
  EXPECT_FALSE(checked.has_value()) << name << " = " << value;
  return checked.has_value() ? BrokerErrc::stopping : checked.error().code;
}

TEST(TopicSettings, RefusesWhatWouldDoNothing) {
  EXPECT_TRUE(check_topic_setting("retention.ms", "60000").has_value());
  EXPECT_TRUE(check_topic_setting("retention.bytes", "-1").has_value());
  EXPECT_TRUE(check_topic_setting("cleanup.policy", "delete").has_value());
  EXPECT_TRUE(check_topic_setting("cleanup.policy", "compact").has_value());
  EXPECT_TRUE(check_topic_setting("cleanup.policy", "compact, delete").has_value());
  EXPECT_EQ(refused("cleanup.policy", "compact,burn"), BrokerErrc::unsupported);
  EXPECT_EQ(refused("cleanup.policy", ""), BrokerErrc::unsupported);
  EXPECT_TRUE(check_topic_setting("compression.type", "zstd").has_value());
  EXPECT_EQ(refused("compression.type", "rar"), BrokerErrc::unsupported);
  EXPECT_EQ(refused("no.such.setting", "1"), BrokerErrc::unsupported);
  EXPECT_EQ(refused("segment.ms", "0"), BrokerErrc::invalid);
}

TEST(TopicSettings, TakesWhatCannotMatter) {
  for (const std::string_view name : {"compression.lz4.level", "compression.zstd.level", "compression.gzip.level"}) {
    EXPECT_TRUE(check_topic_setting(name, "9").has_value()) << name;
    EXPECT_EQ(refused(name, "fast"), BrokerErrc::invalid);
    EXPECT_EQ(refused(name, "23"), BrokerErrc::invalid);
  }
  EXPECT_TRUE(check_topic_setting("compression.gzip.level", "-1").has_value());
  EXPECT_EQ(refused("compression.gzip.level", "0"), BrokerErrc::invalid);
  EXPECT_EQ(refused("compression.lz4.level", "0"), BrokerErrc::invalid);
  EXPECT_TRUE(check_topic_setting("compression.zstd.level", "0").has_value());
  EXPECT_TRUE(check_topic_setting("message.format.version", "2.8-IV1").has_value());
  EXPECT_TRUE(check_topic_setting("message.downconversion.enable", "false").has_value());
  EXPECT_TRUE(check_topic_setting("remote.storage.enable", "false").has_value());
  EXPECT_EQ(refused("remote.storage.enable", "true"), BrokerErrc::unsupported);
  EXPECT_EQ(refused("remote.storage.enable", "no"), BrokerErrc::invalid);
  for (const std::string_view name :
       {"leader.replication.throttled.replicas", "follower.replication.throttled.replicas"}) {
    EXPECT_TRUE(check_topic_setting(name, "*").has_value());
    EXPECT_TRUE(check_topic_setting(name, "0:1,1:1").has_value());
    EXPECT_EQ(default_of(*find_topic_setting(name), BrokerOptions()), "");
  }
}

TEST(TopicSettings, RefusesWhatIsNoValue) {
  EXPECT_EQ(refused("retention.ms", "soon"), BrokerErrc::invalid);
  EXPECT_EQ(refused("retention.ms", "-2"), BrokerErrc::invalid);
  EXPECT_EQ(refused("retention.ms", ""), BrokerErrc::invalid);
  EXPECT_EQ(refused("segment.bytes", "10"), BrokerErrc::invalid);
  EXPECT_EQ(refused("segment.bytes", "99999999999"), BrokerErrc::invalid);
  EXPECT_EQ(refused("min.insync.replicas", "0"), BrokerErrc::invalid);
  EXPECT_EQ(refused("message.timestamp.type", "Tomorrow"), BrokerErrc::unsupported);
  EXPECT_EQ(refused("preallocate", "maybe"), BrokerErrc::invalid);
  EXPECT_EQ(refused("min.cleanable.dirty.ratio", "1.5"), BrokerErrc::invalid);
}

TEST(TopicSettings, TheDefaultsAreValidThemselves) {
  const BrokerOptions options;
  const auto all = topic_settings();
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const TopicSetting& setting : all) {
    const auto checked = check_topic_setting(setting.name, default_of(setting, options));
    EXPECT_TRUE(checked.has_value()) << setting.name << ": " << checked.error().detail;
    EXPECT_EQ(find_topic_setting(setting.name), &setting);
  }
  EXPECT_EQ(default_of(*find_topic_setting("durability"), options), "sync");
  BrokerOptions os;
  os.durability = storage::Durability::os;
  EXPECT_EQ(default_of(*find_topic_setting("durability"), os), "os");
  EXPECT_EQ(default_of(*find_topic_setting("segment.bytes"), options), std::to_string(options.segment_bytes.value));
}

TEST(TopicSettings, ReachTheLog) {
  catalog::Topic topic;
  topic.settings = {{"retention.ms", "5000"}, {"retention.bytes", "-1"}, {"segment.bytes", "2097152"}};
  const auto options = topic_log_options(topic, {.retain_bytes = storage::Bytes(7)});
  EXPECT_EQ(options.retain_time, storage::Millis(5000));
  EXPECT_EQ(options.retain_bytes, storage::Bytes(7));
  EXPECT_EQ(options.segment_bytes, storage::Bytes(2097152));
  topic.settings = {{"retention.ms", "0"}};
  EXPECT_EQ(topic_log_options(topic, {}).retain_time, storage::Millis(1)) << "nothing is kept, not everything";
}

TEST(TopicSettings, SayWhenABatchCountsAsStored) {
  catalog::Topic topic;
  const storage::LogOptions os{.durability = storage::Durability::os};
  EXPECT_EQ(topic_log_options(topic, os).durability, storage::Durability::os);
  topic.settings = {{"durability", "sync"}};
  EXPECT_EQ(topic_log_options(topic, os).durability, storage::Durability::sync);
  topic.settings = {{"durability", "os"}};
  EXPECT_EQ(topic_log_options(topic, {}).durability, storage::Durability::os);
  EXPECT_FALSE(check_topic_setting("durability", "memory").has_value());
}

TEST(TopicSettings, SayWhatIsCompacted) {
  catalog::Topic topic;
  EXPECT_FALSE(topic_log_options(topic, {}).compaction.enabled);
  EXPECT_EQ(topic_log_options(topic, {}).segment_time, storage::Millis(604'800'000));
  EXPECT_FALSE(write_rules(topic, {}).needs_keys);
  topic.settings = {{"cleanup.policy", "compact"},         {"retention.ms", "5000"},
                    {"min.cleanable.dirty.ratio", "0.01"}, {"delete.retention.ms", "100"},
                    {"min.compaction.lag.ms", "7"},        {"max.compaction.lag.ms", "60000"}};
  auto options = topic_log_options(topic, {});
  EXPECT_TRUE(options.compaction.enabled);
  EXPECT_EQ(options.retain_time, storage::Millis(0)) << "nothing goes for its age";
  EXPECT_EQ(options.compaction.dirty_per_mille, 10U);
  EXPECT_EQ(options.compaction.keep_deletions, storage::Millis(100));
  EXPECT_EQ(options.compaction.min_lag, storage::Millis(7));
  EXPECT_EQ(options.segment_time, storage::Millis(60'000)) << "else what is in the open segment would be late";
  EXPECT_TRUE(write_rules(topic, {}).needs_keys);
  topic.settings[0].second = "delete,compact";
  options = topic_log_options(topic, {});
  EXPECT_TRUE(options.compaction.enabled);
  EXPECT_EQ(options.retain_time, storage::Millis(5000));
}

TEST(TopicSettings, ReachTheWriters) {
  BrokerOptions options;
  catalog::Topic topic;
  WriteRules rules = write_rules(topic, options);
  EXPECT_EQ(rules.max_batch_bytes, options.max_message_bytes.value);
  EXPECT_FALSE(rules.append_time);
  EXPECT_EQ(rules.min_copies, 1);
  EXPECT_FALSE(rules.compression.has_value());
  topic.settings = {{"max.message.bytes", "1000"},
                    {"message.timestamp.type", "LogAppendTime"},
                    {"message.timestamp.before.max.ms", "10"},
                    {"message.timestamp.after.max.ms", "20"},
                    {"min.insync.replicas", "2"},
                    {"compression.type", "lz4"}};
  rules = write_rules(topic, options);
  EXPECT_EQ(rules.max_batch_bytes, 1000U);
  EXPECT_TRUE(rules.append_time);
  EXPECT_EQ(rules.max_behind_ms, 10);
  EXPECT_EQ(rules.max_ahead_ms, 20);
  EXPECT_EQ(rules.min_copies, 2);
  EXPECT_EQ(rules.compression, bytes::Compression::lz4);
  topic.settings = {{"max.message.bytes", "2147483647"}};
  EXPECT_EQ(write_rules(topic, options).max_batch_bytes, options.max_message_bytes.value);
}

}  // namespace
}  // namespace millrace::broker

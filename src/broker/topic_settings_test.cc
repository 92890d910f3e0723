#include "broker/topic_settings.h"

#include <gtest/gtest.h>

namespace millrace::broker {
namespace {

TEST(TopicSettings, RefusesWhatWouldDoNothing) {
  EXPECT_TRUE(check_topic_setting("retention.ms", "60000").has_value());
  EXPECT_TRUE(check_topic_setting("retention.bytes", "-1").has_value());
  EXPECT_TRUE(check_topic_setting("cleanup.policy", "delete").has_value());
  EXPECT_EQ(check_topic_setting("cleanup.policy", "compact").error().code, BrokerErrc::unsupported);
  EXPECT_EQ(check_topic_setting("no.such.setting", "1").error().code, BrokerErrc::unsupported);
  EXPECT_EQ(check_topic_setting("retention.ms", "soon").error().code, BrokerErrc::invalid);
  EXPECT_EQ(check_topic_setting("segment.bytes", "10").error().code, BrokerErrc::invalid);
}

TEST(TopicSettings, ReachTheLog) {
  catalog::Topic topic;
  topic.settings = {{"retention.ms", "5000"}, {"retention.bytes", "-1"}, {"segment.bytes", "2097152"}};
  const auto options = topic_log_options(topic, {.retain_bytes = storage::Bytes(7)});
  EXPECT_EQ(options.retain_time, storage::Millis(5000));
  EXPECT_EQ(options.retain_bytes, storage::Bytes(7));
  EXPECT_EQ(options.segment_bytes, storage::Bytes(2097152));
}

}  // namespace
}  // namespace millrace::broker

#include <gtest/gtest.h>

#include "broker/log_host.h"
#include "broker/sim_broker_test.h"
#include "model/batch_builder.h"

namespace millrace::broker {
namespace {

bytes::Slab batch_of(int records) {
  model::BatchBuilder builder;
  builder.start({});
  const std::string value(100, 'v');
  const bytes::ByteView part = bytes::as_bytes(value);
  for (int i = 0; i < records; ++i) {
    model::BatchBuilder::Record record;
    record.value_parts = {&part, 1};
    builder.add(record);
  }
  return builder.finish();
}

class TopicChangeTest : public testing::Test {
 protected:
  TopicChangeTest() {
    broker.start();
    catalog::Topic made;
    made.vhost = broker.vhost();
    made.name = "t";
    topic =
        *broker.wait<ObjectId>([&](auto done) { broker.shard(1).topology().create_topic(made, 2, std::move(done)); });
  }
  const catalog::Topic& stored(std::size_t shard = 0) { return *broker.shard(shard).catalog().find_topic(topic); }
  LogRef partition(std::size_t index) {
    const auto& found = stored().partitions.at(index);
    return {found.log, found.shard};
  }
  Result<AppendReply> append(LogRef log, int records) {
    return broker.wait<AppendReply>([&](auto done) {
      std::vector<bytes::Slab> batches;
      batches.push_back(batch_of(records));
      broker.shard(0).logs().append(log, std::move(batches), std::move(done));
      broker.shard(0).loop().post([] {});
    });
  }
  Result<LogEnds> trim(LogRef log, Offset start) {
    return broker.wait<LogEnds>([&](auto done) {
      broker.shard(0).logs().trim(log, start, std::move(done));
      broker.shard(0).loop().post([] {});
    });
  }
  Result<void> alter(Topology::SettingChanges changes, bool replace) {
    return broker.wait<void>([&](auto done) {
      broker.shard(1).topology().alter_topic(topic, std::move(changes), replace, std::move(done));
      broker.shard(1).loop().post([] {});
    });
  }
  Result<void> grow(std::uint32_t total) {
    return broker.wait<void>([&](auto done) {
      broker.shard(1).topology().add_partitions(topic, total, std::move(done));
      broker.shard(1).loop().post([] {});
    });
  }

  SimBroker broker{5};
  ObjectId topic;
};

TEST_F(TopicChangeTest, PartitionsAreAddedOnceAndKept) {
  ASSERT_TRUE(grow(5).has_value());
  EXPECT_EQ(grow(5).error().code, BrokerErrc::invalid);
  EXPECT_EQ(grow(3).error().code, BrokerErrc::invalid);
  ASSERT_EQ(stored().partitions.size(), 5U);
  EXPECT_TRUE(append(partition(4), 3).has_value());
  broker.kill();
  broker.start();
  ASSERT_EQ(stored().partitions.size(), 5U);
  EXPECT_EQ(append(partition(4), 1)->base_offset, Offset(3));
}

TEST_F(TopicChangeTest, SettingsAreChangedOneByOneOrAllTogether) {
  ASSERT_TRUE(alter({{"retention.ms", "1000"}, {"retention.bytes", "5"}}, false).has_value());
  ASSERT_TRUE(alter({{"retention.ms", "2000"}, {"retention.bytes", std::nullopt}}, false).has_value());
  using Settings = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(stored().settings, (Settings{{"retention.ms", "2000"}}));
  for (std::size_t i = 0; i < 2; ++i) {
    const LogRef log = partition(i);
    EXPECT_EQ(broker.shard(log.shard.value).store().find_log(log.log)->options().retain_time, Millis(2000));
  }
  ASSERT_TRUE(alter({{"segment.bytes", "1048576"}}, true).has_value());
  EXPECT_EQ(stored(1).settings, (Settings{{"segment.bytes", "1048576"}}));
  broker.kill();
  broker.start();
  EXPECT_EQ(stored().settings, (Settings{{"segment.bytes", "1048576"}}));
  const LogRef log = partition(1);
  EXPECT_EQ(broker.shard(log.shard.value).store().find_log(log.log)->options().segment_bytes, Bytes(1 << 20));
}

TEST_F(TopicChangeTest, TrimmedRecordsStayAway) {
  const LogRef log = partition(0);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(append(log, 5).has_value());
  EXPECT_EQ(trim(log, Offset(21)).error().code, BrokerErrc::out_of_range);
  EXPECT_EQ(trim(log, Offset(7))->start, Offset(7));
  EXPECT_EQ(trim(log, Offset(3))->start, Offset(7)) << "nothing comes back";
  broker.kill();
  broker.start();
  EXPECT_EQ(trim(log, Offset(0))->start, Offset(7));
  EXPECT_EQ(trim(log, model::kNoOffset)->start, Offset(20));
  broker.kill();
  broker.start();
  EXPECT_EQ(append(log, 1)->base_offset, Offset(20));
  const QueueRef queue = broker.declare("q");
  EXPECT_EQ(trim({LogId(queue.queue.value), queue.shard}, Offset(0)).error().code, BrokerErrc::locked);
}

TEST_F(TopicChangeTest, EpochsTellWhereTheyEnded) {
  const LogRef log = partition(0);
  ASSERT_TRUE(append(log, 5).has_value());
  LogHost& host = broker.shard(log.shard.value).log_host();
  const auto first = host.ends(log.log)->epoch;
  EXPECT_EQ(host.epoch_end(log.log, first)->end, Offset(5));
  EXPECT_EQ(host.epoch_end(log.log, first + model::Epoch(9))->end, model::kNoOffset);
  broker.kill();
  broker.start();
  ASSERT_TRUE(append(log, 2).has_value());
  LogHost& again = broker.shard(log.shard.value).log_host();
  const auto second = again.ends(log.log)->epoch;
  if (second > first) {
    EXPECT_EQ(again.epoch_end(log.log, first)->end, Offset(5));
  }
  EXPECT_EQ(again.epoch_end(log.log, second)->end, Offset(7));
  EXPECT_GT(again.size(log.log)->value, 700U);
}

}  // namespace
}  // namespace millrace::broker

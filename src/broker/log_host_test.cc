#include "broker/log_host.h"

#include <gtest/gtest.h>

#include "broker/logs.h"
#include "broker/sim_broker_test.h"
#include "model/batch_builder.h"

namespace millrace::broker {
namespace {

bytes::Slab sequenced_batch(std::int64_t producer, std::int32_t sequence) {
  model::BatchBuilder builder;
  model::BatchBuilder::Options options;
  options.producer_id = producer;
  options.producer_epoch = 0;
  options.base_sequence = sequence;
  builder.start(options);
  const bytes::ByteView value = bytes::as_bytes("value");
  model::BatchBuilder::Record record;
  record.value_parts = {&value, 1};
  builder.add(record);
  return builder.finish();
}

// A producer whose connection broke sends again what is on its way to the disk; nobody else writes.
TEST(LogHostTest, ARepeatedBatchIsAnsweredWhenTheFirstOneIsStored) {
  SimBroker broker(5);
  broker.start();
  const QueueRef queue = broker.declare("q");
  ASSERT_TRUE(broker.world.settle());
  Shard& shard = broker.shard(queue.shard.value);
  std::optional<Result<AppendReply>> first;
  std::optional<Result<AppendReply>> again;
  const auto append = [&](std::optional<Result<AppendReply>>& reply) {
    shard.logs().append({LogId(queue.queue.value), queue.shard}, {sequenced_batch(7, 0)},
                        [&reply](Result<AppendReply> got) { reply = std::move(got); });
  };
  const storage::Round round = shard.store().current_round();
  shard.loop().post([&] { append(first); });
  ASSERT_TRUE(broker.world.run_until([&] { return shard.store().current_round() > round; }));
  ASSERT_FALSE(first.has_value());
  shard.loop().post([&] { append(again); });
  EXPECT_TRUE(broker.world.run_until([&] { return first.has_value() && again.has_value(); }));
  ASSERT_TRUE(again.has_value() && again->has_value());
  EXPECT_EQ((*again)->base_offset, (*first)->base_offset);
}

}  // namespace
}  // namespace millrace::broker

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

// A batch is stored as a whole or not at all: it cannot lose the records that are too many, as a publisher's does.
TEST(LogHostTest, AFullQueueThatRejectsTakesNoBatch) {
  for (const auto overflow : {catalog::Overflow::reject_publish, catalog::Overflow::drop_head}) {
    SimBroker broker(6);
    broker.start();
    catalog::Queue definition;
    definition.settings.max_length = 2;
    definition.settings.overflow = overflow;
    const QueueRef queue = broker.declare("q", definition);
    const auto append = [&](std::int32_t sequence) {
      return broker.wait<AppendReply>([&](auto done) {
        broker.shard(0).logs().append({LogId(queue.queue.value), queue.shard}, {sequenced_batch(7, sequence)},
                                      std::move(done));
      });
    };
    for (std::int32_t sequence = 0; sequence < 2; ++sequence) EXPECT_TRUE(append(sequence).has_value());
    const auto third = append(2);
    EXPECT_EQ(third.has_value(), overflow == catalog::Overflow::drop_head);
    if (!third.has_value()) {
      EXPECT_EQ(third.error().code, BrokerErrc::full);
    }
    // What was stored before is answered as it was.
    EXPECT_TRUE(append(1).has_value());
    EXPECT_EQ(broker.stats(queue).ready, 2U);
  }
}

}  // namespace
}  // namespace millrace::broker

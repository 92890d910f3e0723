#include "broker/stream_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "broker/log_host.h"
#include "broker/sim_broker_test.h"
#include "model/batch_builder.h"

namespace millrace::broker {
namespace {

using At = StreamStart::At;

std::vector<std::string> numbered_records(int from, int to, const std::string& prefix = "m") {
  std::vector<std::string> names;
  for (int i = from; i < to; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

catalog::Queue a_stream(catalog::QueueSettings settings = {}) {
  catalog::Queue stream;
  stream.kind = catalog::QueueKind::stream;
  stream.settings = std::move(settings);
  return stream;
}

ConsumeOptions reading(At at, std::uint32_t prefetch = 1000) {
  ConsumeOptions options;
  options.prefetch = prefetch;
  options.start.at = at;
  return options;
}

ConsumeOptions from_offset(std::int64_t offset, std::uint32_t prefetch = 1000) {
  ConsumeOptions options = reading(At::offset, prefetch);
  options.start.offset = Offset(offset);
  return options;
}

/// Lets through what ends like this.
class EndsWith final : public RecordFilter {
 public:
  explicit EndsWith(std::string end) : end_(std::move(end)) {}
  bool matches(const model::RecordView& record, const model::Envelope&) const override {
    return bytes::to_string(record.value).ends_with(end_);
  }

 private:
  std::string end_;
};

class StreamHostTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  StreamHostTest() : broker(GetParam()) {
    broker.options.segment_bytes = base::mib(1);
    broker.start();
  }
  ConsumerId read(std::size_t from, QueueRef stream, NotingSink& sink, ConsumeOptions options) {
    options.queue = stream;
    options.connection = broker.shard(from).next_connection_id();
    const auto id = broker.wait<ConsumerId>(
        [&](auto done) { broker.shard(from).consumers().consume(options, &sink, std::move(done)); });
    EXPECT_TRUE(id.has_value());
    return id.value_or(ConsumerId(0));
  }
  bool got(const NotingSink& sink, std::size_t count) {
    return broker.world.run_until([&] { return sink.messages.size() >= count; });
  }
  void settle(std::size_t from, QueueRef stream, ConsumerId reader, const NotingSink& sink, std::size_t first,
              std::size_t last, Settle how = Settle::accept) {
    broker.shard(from).consumers().settle(stream, reader, sink.messages[first].offset, sink.messages[last].offset, how);
    broker.shard(from).loop().post([] {});
  }
  void drop(std::size_t from, ConsumerId reader) {
    broker.shard(from).consumers().drop(reader);
    broker.shard(from).loop().post([] {});
  }

  SimBroker broker;
};

TEST_P(StreamHostTest, EverybodyGetsEverythingFromWhereTheyBegin) {
  const QueueRef stream = broker.declare("s", a_stream());
  broker.publish_stored("s", 50);
  NotingSink first;
  NotingSink also;
  NotingSink middle;
  NotingSink next;
  read(0, stream, first, reading(At::first));
  read(1, stream, also, reading(At::first));
  read(1, stream, middle, from_offset(30));
  read(0, stream, next, reading(At::next));
  ASSERT_TRUE(got(first, 50) && got(also, 50) && got(middle, 20));
  EXPECT_EQ(first.bodies(), numbered_records(0, 50));
  EXPECT_EQ(also.bodies(), numbered_records(0, 50));
  EXPECT_EQ(middle.bodies(), numbered_records(30, 50));
  EXPECT_EQ(middle.messages.front().offset, Offset(30));
  EXPECT_TRUE(next.messages.empty());
  broker.publish_stored("s", 5, "n", 1);
  for (const NotingSink* sink : {&first, &also, &middle, &next}) {
    ASSERT_TRUE(broker.world.run_until([&] { return sink->bodies().size() >= 5 && sink->bodies().back() == "n4"; }));
  }
  EXPECT_EQ(next.bodies(), numbered_records(0, 5, "n"));
  EXPECT_EQ(broker.stats(stream).ready, 55U);
  EXPECT_EQ(broker.stats(stream).consumers, 4U);
}

TEST_P(StreamHostTest, SettlingGivesRoomBackWhateverItSays) {
  const QueueRef stream = broker.declare("s", a_stream());
  broker.publish_stored("s", 20);
  NotingSink sink;
  const ConsumerId reader = read(1, stream, sink, reading(At::first, 4));
  ASSERT_TRUE(got(sink, 4));
  broker.world.settle();
  EXPECT_EQ(sink.messages.size(), 4U);
  EXPECT_EQ(broker.stats(stream).unacknowledged, 4U);
  settle(1, stream, reader, sink, 0, 1);
  settle(1, stream, reader, sink, 2, 2, Settle::requeue);
  settle(1, stream, reader, sink, 3, 3, Settle::reject);
  ASSERT_TRUE(got(sink, 8));
  broker.world.settle();
  EXPECT_EQ(sink.bodies(), numbered_records(0, 8)) << "nothing comes twice";
  drop(1, reader);
  broker.world.settle();
  EXPECT_EQ(broker.stats(stream).ready, 20U) << "nothing is taken away";
  EXPECT_EQ(broker.stats(stream).consumers, 0U);
}

TEST_P(StreamHostTest, AWindowThatIsNotGivenBackStopsTheReader) {
  const QueueRef stream = broker.declare("s", a_stream());
  broker.publish_stored("s", 300, std::string(10'000, 'x'));
  NotingSink sink;
  const ConsumerId reader = read(1, stream, sink, reading(At::first));
  broker.world.settle();
  EXPECT_LT(sink.messages.size(), 150U);
  EXPECT_GE(sink.window_bytes, Consumers::kWindowBytes);
  while (sink.messages.size() < 300) {
    const std::size_t before = sink.messages.size();
    broker.shard(1).consumers().consumed(reader, std::exchange(sink.window_bytes, 0));
    broker.shard(1).loop().post([] {});
    ASSERT_TRUE(got(sink, before + 1));
  }
  EXPECT_EQ(sink.bodies(), numbered_records(0, 300, std::string(10'000, 'x')));
}

TEST_P(StreamHostTest, TheLastBatchAndTimes) {
  const QueueRef stream = broker.declare("s", a_stream());
  broker.publish_stored("s", 10, "old");
  broker.world.run_for(base::to_nanos(base::Millis(60'000)));
  const Timestamp between = broker.shard(0).loop().clock().wall();
  broker.world.run_for(base::to_nanos(base::Millis(60'000)));
  broker.publish_stored("s", 1, "young");
  NotingSink last;
  read(1, stream, last, reading(At::last));
  NotingSink timed;
  ConsumeOptions options = reading(At::time);
  options.start.time = between;
  read(0, stream, timed, options);
  NotingSink early;
  options.start.time = Timestamp(0);
  read(1, stream, early, options);
  NotingSink late;
  options.start.time = Timestamp(broker.shard(0).loop().clock().wall().value + 3'600'000);
  read(1, stream, late, options);
  ASSERT_TRUE(got(last, 1) && got(timed, 1) && got(early, 11));
  EXPECT_EQ(last.bodies().front(), "young0");
  EXPECT_EQ(timed.bodies().front(), "young0");
  EXPECT_EQ(early.bodies().front(), "old0");
  broker.publish_stored("s", 1, "next");
  ASSERT_TRUE(got(late, 1));
  EXPECT_EQ(late.bodies(), std::vector<std::string>{"next0"});
}

TEST_P(StreamHostTest, OneThatBeginsAboveTheEndWaitsForItsOffset) {
  const QueueRef stream = broker.declare("s", a_stream());
  broker.publish_stored("s", 5);
  NotingSink sink;
  read(0, stream, sink, from_offset(8));
  NotingSink empty;
  read(1, broker.declare("empty", a_stream()), empty, reading(At::last));
  broker.publish_stored("s", 10, "n");
  broker.publish_stored("empty", 1);
  ASSERT_TRUE(got(sink, 7) && got(empty, 1));
  EXPECT_EQ(sink.bodies(), numbered_records(3, 10, "n"));
}

TEST_P(StreamHostTest, AFilterChooses) {
  const QueueRef stream = broker.declare("s", a_stream());
  broker.publish_stored("s", 100);
  NotingSink sink;
  ConsumeOptions options = reading(At::first, 3);
  options.filter = std::make_shared<const EndsWith>("7");
  const ConsumerId reader = read(1, stream, sink, options);
  ASSERT_TRUE(got(sink, 3));
  broker.world.settle();
  EXPECT_EQ(sink.bodies(), (std::vector<std::string>{"m7", "m17", "m27"}));
  for (std::size_t i = 0; i < 3; ++i) settle(1, stream, reader, sink, i, i);
  ASSERT_TRUE(got(sink, 6));
  EXPECT_EQ(sink.bodies().back(), "m57");
}

TEST_P(StreamHostTest, APartitionOfATopicIsReadInTheSameWay) {
  catalog::Topic made;
  made.vhost = broker.vhost();
  made.name = "t";
  const auto topic =
      *broker.wait<ObjectId>([&](auto done) { broker.shard(1).topology().create_topic(made, 1, std::move(done)); });
  const catalog::Partition partition = broker.shard(0).catalog().find_topic(topic)->partitions.front();
  const QueueRef ref{ObjectId(partition.log.value), partition.shard};
  const auto append = [&](const std::string& value) {
    model::BatchBuilder builder;
    builder.start({});
    const bytes::ByteView part = bytes::as_bytes(value);
    model::BatchBuilder::Record record;
    record.value_parts = {&part, 1};
    for (int i = 0; i < 3; ++i) builder.add(record);
    const auto reply = broker.wait<AppendReply>([&](auto done) {
      std::vector<bytes::Slab> batches;
      batches.push_back(builder.finish());
      broker.shard(0).logs().append({partition.log, partition.shard}, std::move(batches), std::move(done));
      broker.shard(0).loop().post([] {});
    });
    ASSERT_TRUE(reply.has_value());
  };
  append("a");
  NotingSink sink;
  read(1, ref, sink, reading(At::first));
  ASSERT_TRUE(got(sink, 3));
  append("b");
  ASSERT_TRUE(got(sink, 6));
  EXPECT_EQ(sink.bodies(), (std::vector<std::string>{"a", "a", "a", "b", "b", "b"}));
  ASSERT_TRUE(broker.wait<void>([&](auto done) { broker.shard(0).topology().delete_topic(topic, std::move(done)); })
                  .has_value());
  EXPECT_TRUE(broker.world.run_until([&] { return sink.cancelled; }));
}

TEST_P(StreamHostTest, DeletingAStreamTellsItsReaders) {
  const QueueRef stream = broker.declare("s", a_stream());
  broker.publish_stored("s", 10);
  NotingSink sink;
  read(1, stream, sink, reading(At::first, 2));
  ASSERT_TRUE(got(sink, 2));
  const auto gone = broker.wait<std::uint64_t>([&](auto done) {
    broker.shard(1).topology().delete_queue(stream.queue, true, true, std::move(done));
    broker.shard(1).loop().post([] {});
  });
  EXPECT_TRUE(gone.has_value());
  EXPECT_TRUE(broker.world.run_until([&] { return sink.cancelled; }));
  const QueueRef again = broker.declare("s", a_stream());
  EXPECT_EQ(broker.stats(again).ready, 0U);
}

class ConfirmedCount final : public PublishTracker::Listener {
 public:
  void on_confirmed(std::uint64_t sequence) override { confirmed = sequence; }
  void on_rejected(std::uint64_t) override { ADD_FAILURE() << "nothing is to be rejected"; }
  std::uint64_t confirmed = 0;
};

TEST_P(StreamHostTest, APowerCutKeepsWhatWasConfirmedOrReadAtItsOffset) {
  broker.declare("s", a_stream());
  std::map<std::int64_t, std::string> seen;  // by readers
  std::vector<std::string> confirmed;
  int number = 0;
  auto& prng = broker.world.prng();
  for (int life = 0; life < 4; ++life) {
    NotingSink sink;
    read(1, broker.find("s"), sink, reading(At::first, 0));
    ConfirmedCount count;
    std::vector<std::string> sent;
    {
      PublishTracker tracker(broker.shard(0), &count);
      broker.disk.lose_power_after(prng.between(20, 200), [this] { broker.world.halt(); });
      for (int step = 0; step < 40 && !broker.world.halted(); ++step) {
        for (auto n = prng.below(8); n > 0; --n) {
          sent.push_back(std::to_string(number++) + std::string(prng.chance(1, 20) ? 70'000 : prng.below(300), '.'));
          broker.publish(0, tracker, "s", sent.back());
        }
        broker.world.run_for(base::Nanos(static_cast<std::int64_t>(prng.below(4'000'000))));
      }
    }
    confirmed.insert(confirmed.end(), sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(count.confirmed));
    for (const auto& message : sink.messages) {
      const auto [it, fresh] = seen.emplace(message.offset.value, message.body);
      ASSERT_TRUE(fresh || it->second == message.body) << "offset " << message.offset.value << " was used again";
    }
    broker.world.resume();
    broker.kill();
    broker.start();
    NotingSink after;
    const ConsumerId reader = read(0, broker.find("s"), after, reading(At::first, 0));
    broker.world.run_until(
        [&] {
          if (after.window_bytes > 0) {
            broker.shard(0).consumers().consumed(reader, std::exchange(after.window_bytes, 0));
            broker.shard(0).loop().post([] {});
          }
          return after.messages.size() >= broker.stats(broker.find("s")).ready;
        },
        base::Nanos(5'000'000'000));
    std::map<std::int64_t, std::string> found;
    for (const auto& message : after.messages) found.emplace(message.offset.value, message.body);
    ASSERT_EQ(found.size(), after.messages.size()) << "an offset is there twice";
    for (const auto& [offset, body] : seen) ASSERT_EQ(found[offset], body);
    std::vector<std::string> bodies = after.bodies();
    std::size_t at = 0;
    for (const std::string& body : bodies) at += at < confirmed.size() && confirmed[at] == body ? 1 : 0;
    ASSERT_EQ(at, confirmed.size()) << "confirmed messages are missing, or out of order";
    drop(0, reader);
    broker.world.settle();
  }
}

TEST_P(StreamHostTest, OldSegmentsGo) {
  catalog::QueueSettings settings;
  settings.max_length_bytes = 1'000'000;
  settings.segment_bytes = 100'000;
  const QueueRef stream = broker.declare("s", a_stream(settings));
  const std::string large(100'000, 'x');
  NotingSink sink;
  const ConsumerId reader = read(0, stream, sink, reading(At::first, 1));
  ASSERT_NE(reader, ConsumerId(0));
  for (int i = 0; i < 100; ++i) broker.publish_stored("s", 1, large);
  broker.world.run_for(base::to_nanos(base::Millis(600'000)));
  EXPECT_LT(broker.stats(stream).ready, 40U);
  EXPECT_GE(broker.stats(stream).ready, 5U);
  // A reader that held on to the first one goes on with the oldest that is left.
  ASSERT_EQ(sink.messages.size(), 1U);
  settle(0, stream, reader, sink, 0, 0);
  ASSERT_TRUE(got(sink, 2));
  EXPECT_GT(sink.messages[1].offset, Offset(50));
  catalog::Policy policy;
  policy.vhost = broker.vhost();
  policy.name = "shorter";
  policy.target = catalog::PolicyTarget::streams;
  policy.definition.max_length_bytes = 300'000;
  ASSERT_TRUE(broker
                  .wait<void>([&](auto done) {
                    broker.shard(0).topology().execute({.commands = {catalog::PutPolicy{policy}}}, std::move(done));
                    broker.shard(0).loop().post([] {});
                  })
                  .has_value());
  broker.publish_stored("s", 5, large);
  broker.world.run_for(base::to_nanos(base::Millis(600'000)));
  EXPECT_LT(broker.stats(stream).ready, 8U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, StreamHostTest, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace millrace::broker

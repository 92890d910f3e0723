#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/prng.h"
#include "bytes/reader.h"
#include "bytes/writer.h"
#include "model/batch_builder.h"
#include "model/envelope.h"
#include "storage/store.h"
#include "testing/sim_disk.h"
#include "testing/sim_world.h"

namespace millrace::storage {

/// A replayable state for tests: a map, and a count of commands that notices a lost or repeated one.
class TestMachine final : public StateMachine {
 public:
  static bytes::ByteVector command(std::uint64_t number, std::uint64_t key, std::uint64_t value) {
    bytes::ByteVector out;
    bytes::Writer writer(out);
    writer.u8(1);
    writer.u64(number);
    writer.u64(key);
    writer.u64(value);
    return out;
  }
  bool load_snapshot(bytes::ByteView snapshot) override {
    bytes::Reader reader(snapshot);
    if (reader.u8() != 1) return false;
    count = reader.u64();
    values.clear();
    for (std::uint64_t left = reader.u64(); left > 0 && reader.ok(); --left) {
      const std::uint64_t key = reader.u64();
      values[key] = reader.u64();
    }
    return reader.ok();
  }
  bool apply(bytes::ByteView bytes) override {
    bytes::Reader reader(bytes);
    if (reader.u8() != 1) return false;
    if (reader.u64() != count + 1) out_of_order = true;
    ++count;
    const std::uint64_t key = reader.u64();
    values[key] = reader.u64();
    return reader.ok();
  }
  void save_snapshot(bytes::ByteVector& out) const override {
    bytes::Writer writer(out);
    writer.u8(1);
    writer.u64(count);
    writer.u64(values.size());
    for (const auto& [key, value] : values) {
      writer.u64(key);
      writer.u64(value);
    }
  }

  std::uint64_t count = 0;
  std::map<std::uint64_t, std::uint64_t> values;
  bool out_of_order = false;
};

/// What the catalog would say.
class TestTarget final : public RecoveryTarget {
 public:
  const LogOptions* log_options(LogId log) override {
    const auto found = logs.find(log);
    return found == logs.end() ? nullptr : &found->second;
  }
  StateMachine* state_machine(StateId state) override {
    const auto found = machines.find(state);
    return found == machines.end() ? nullptr : found->second.get();
  }

  std::map<LogId, LogOptions> logs;
  std::map<StateId, std::unique_ptr<TestMachine>> machines;
};

/// A batch of `records` records whose values begin with `tag` and are `size` bytes long.
inline bytes::Slab make_batch(std::uint64_t tag, int records, std::size_t size, std::int64_t timestamp = 1000,
                              std::optional<Millis> time_to_live = {}) {
  model::BatchBuilder builder;
  builder.start({.enveloped = time_to_live.has_value()});
  bytes::ByteVector envelope;
  bytes::ByteVector header;
  if (time_to_live.has_value()) {
    model::Envelope content;
    content.time_to_live = time_to_live;
    model::append_envelope_head(envelope, content);
    model::append_header(header, bytes::as_bytes(model::kEnvelopeKey), true, envelope);
  }
  const bytes::ByteView header_part(header);
  for (int i = 0; i < records; ++i) {
    bytes::ByteVector value;
    bytes::Writer writer(value);
    writer.u64(tag);
    value.resize(std::max<std::size_t>(size, 8), static_cast<std::uint8_t>(tag + static_cast<std::uint64_t>(i)));
    const bytes::ByteView part(value);
    model::BatchBuilder::Record record;
    record.timestamp = Timestamp(timestamp);
    record.value_parts = {&part, 1};
    if (time_to_live.has_value()) {
      record.header_count = 1;
      record.header_parts = {&header_part, 1};
      record.expires = true;
    }
    builder.add(record);
  }
  return builder.finish();
}

/// The tag of a batch that make_batch made.
inline std::uint64_t tag_of(bytes::ByteView batch) {
  const auto header = model::parse_batch_header(batch);
  if (!header) return 0;
  model::RecordCursor cursor(batch.subspan(model::kBatchHeaderSize), header->record_count);
  model::RecordView record;
  if (!cursor.next(record)) return 0;
  return bytes::Reader(record.value).u64();
}

inline constexpr base::Nanos kPatience{60'000'000'000};

/// A store on a simulated disk that can be stopped and opened again.
class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : world_(7), disk_(7) {
    options_.directory = "shard-0";
    options_.journal_file_bytes = base::kib(256);
    options_.direct_write_bytes = base::kib(16);
    options_.direct_backlog_bytes = base::Bytes(0);
    options_.disk_reserve = base::kib(64);
  }
  ~StoreTest() override { stop(); }

  void open() {
    loop_ = &world_.add_loop();
    sync_pool_ = std::make_unique<sim::SimWorkPool>(world_, 1);
    pool_ = std::make_unique<sim::SimWorkPool>(world_, 3);
    report_ = {};
    for (auto& [id, machine] : target_.machines) machine = std::make_unique<TestMachine>();
    StoreEnvironment environment{.loop = loop_, .disk = &disk_, .sync_pool = sync_pool_.get(), .pool = pool_.get()};
    environment.fatal = [this](const std::string& reason) { fatal_ = reason; };
    auto opened = Store::open(environment, options_, target_, report_);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
  }
  void stop() {
    store_.reset();
    pool_.reset();
    sync_pool_.reset();
    world_.destroy_loops();
  }
  void restart(bool power_loss) {
    stop();
    base::Prng prng(11);
    if (power_loss) disk_.crash(prng);
    open();
  }
  Log* create(std::uint64_t id, const LogOptions& options = {}) {
    target_.logs[LogId(id)] = options;
    return store_->create_log(LogId(id), options);
  }
  TestMachine& attach(std::uint64_t id) {
    auto& machine = target_.machines[StateId(id)];
    if (!machine) machine = std::make_unique<TestMachine>();
    store_->attach_state(StateId(id), machine.get());
    return *machine;
  }
  void command(std::uint64_t id, std::uint64_t key, std::uint64_t value) {
    TestMachine& machine = *target_.machines[StateId(id)];
    const auto bytes = TestMachine::command(machine.count + 1, key, value);
    ASSERT_TRUE(machine.apply(bytes));
    store_->append_command(StateId(id), bytes);
  }
  void commit() {
    const Round round = store_->current_round();
    ASSERT_TRUE(world_.run_until([&] { return store_->committed_round() >= round; }, kPatience));
  }
  Offset append(Log* log, std::uint64_t tag, int records = 1, std::size_t size = 100) {
    const auto offset = store_->append(*log, make_batch(tag, records, size));
    EXPECT_TRUE(offset);
    return offset ? *offset : model::kNoOffset;
  }
  /// Tags of all batches of the log from `from` on.
  std::vector<std::uint64_t> read_all(Log* log, Offset from) {
    std::vector<std::uint64_t> tags;
    while (from < log->committed_end()) {
      std::vector<BatchRef> batches;
      const Log::ReadRequest request{from, log->committed_end(), base::kib(64)};
      if (!log->read_hot(request, batches)) batches = read_cold(log, request);
      if (batches.empty()) break;
      for (const BatchRef& batch : batches) {
        EXPECT_TRUE(model::batch_checksum_matches(batch.bytes.view));
        tags.push_back(tag_of(batch.bytes.view));
      }
      from = Offset(batches.back().last_offset.value + 1);
    }
    return tags;
  }
  std::vector<BatchRef> read_cold(Log* log, const Log::ReadRequest& request) {
    std::optional<Result<std::vector<BatchRef>>> result;
    log->read_cold(request, [&](Result<std::vector<BatchRef>> read) { result = std::move(read); });
    EXPECT_TRUE(world_.run_until([&] { return result.has_value(); }, kPatience));
    EXPECT_TRUE(*result) << result->error().detail;
    ++cold_reads_;
    return **result;
  }

  sim::SimWorld world_;
  sim::SimDisk disk_;
  sim::SimLoop* loop_ = nullptr;
  std::unique_ptr<sim::SimWorkPool> sync_pool_;
  std::unique_ptr<sim::SimWorkPool> pool_;
  StoreOptions options_;
  TestTarget target_;
  RecoveryReport report_;
  std::unique_ptr<Store> store_;
  std::string fatal_;
  int cold_reads_ = 0;
};

}  // namespace millrace::storage

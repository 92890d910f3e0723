#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bytes/reader.h"
#include "bytes/writer.h"
#include "model/batch_builder.h"
#include "storage/store.h"

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
inline bytes::Slab make_batch(std::uint64_t tag, int records, std::size_t size, std::int64_t timestamp = 1000) {
  model::BatchBuilder builder;
  builder.start({});
  for (int i = 0; i < records; ++i) {
    bytes::ByteVector value;
    bytes::Writer writer(value);
    writer.u64(tag);
    value.resize(std::max<std::size_t>(size, 8), static_cast<std::uint8_t>(tag + static_cast<std::uint64_t>(i)));
    const bytes::ByteView part(value);
    model::BatchBuilder::Record record;
    record.timestamp = Timestamp(timestamp);
    record.value_parts = {&part, 1};
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

}  // namespace millrace::storage

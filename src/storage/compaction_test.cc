#include "storage/compaction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "bytes/crc32c.h"
#include "bytes/writer.h"
#include "storage/segment_fixture_test.h"
#include "storage/store_fixture_test.h"

namespace millrace::storage {
namespace {

struct Kv {
  std::string key;
  std::optional<std::string> value = std::string(100, 'v');
};

struct BatchTraits {
  std::int64_t producer = -1;
  bool transactional = false;
  bool control = false;
  bytes::Compression codec = bytes::Compression::none;
};

bytes::Slab keyed(const std::vector<Kv>& records, const BatchTraits& traits = {}) {
  model::BatchBuilder builder;
  builder.start({.producer_id = traits.producer,
                 .producer_epoch = static_cast<std::int16_t>(traits.producer < 0 ? -1 : 0),
                 .base_sequence = traits.producer < 0 || traits.control ? -1 : 0,
                 .transactional = traits.transactional,
                 .control = traits.control});
  for (std::size_t i = 0; i < records.size(); ++i) {
    const bytes::ByteView part = records[i].value ? bytes::as_bytes(*records[i].value) : bytes::ByteView();
    model::BatchBuilder::Record record;
    record.timestamp = Timestamp(1000 + static_cast<std::int64_t>(i));
    record.has_key = true;
    record.key = bytes::as_bytes(records[i].key);
    record.has_value = records[i].value.has_value();
    record.value_parts = {&part, 1};
    builder.add(record);
  }
  const bytes::Slab plain = builder.finish();
  if (traits.codec == bytes::Compression::none) return plain;
  const auto packed = bytes::compress(traits.codec, plain.view().subspan(model::kBatchHeaderSize));
  bytes::ByteVector made(plain.view().begin(), plain.view().begin() + model::kBatchHeaderSize);
  bytes::Writer out(made);
  out.raw(*packed);
  out.patch_be<std::int32_t>(8, static_cast<std::int32_t>(made.size() - 12));
  out.patch_be<std::uint16_t>(21, static_cast<std::uint16_t>(traits.codec));
  out.patch_be<std::uint32_t>(17, bytes::crc32c(bytes::ByteView(made).subspan(21)));
  return bytes::Slab::copy_of(made);
}

/// The end of a transaction.
bytes::Slab marker(std::int64_t producer, bool commit) {
  const std::string key{0, 0, 0, static_cast<char>(commit ? 1 : 0)};
  return keyed({{key, std::string(6, '\0')}}, {.producer = producer, .transactional = true, .control = true});
}

class CompactionTest : public SegmentFixture {
 protected:
  void add(const bytes::Slab& slab, std::int64_t appended_at = 5000) {
    const auto header = model::parse_batch_header(slab.view());
    const std::int64_t base = set_->end().value;
    BatchRef ref{.base_offset = Offset(base),
                 .last_offset = Offset(base + header->last_offset_delta),
                 .epoch = Epoch(1),
                 .appended_at = Timestamp(appended_at),
                 .bytes = {slab, slab.view()}};
    const auto done = append({ref}, 1500);
    ASSERT_TRUE(done.has_value()) << done.error().detail;
  }
  /// Fills segments until all before are closed.
  void close_segment() {
    const std::size_t before = set_->segments();
    while (set_->segments() == before) add(keyed({{"filler"}}));
  }

  CompactionPlan plan(std::int64_t now = 10'000, std::size_t max_keys = 1000) {
    return set_->plan_compaction(Offset(0), set_->end(), Timestamp(now), options_, max_keys);
  }
  /// Rewrites what the pass wants, as the store does.
  int rewrite(const Compaction& pass) {
    int rewritten = 0;
    for (const SegmentName name : pass.segments()) {
      auto job = set_->plan_rewrite(Offset(0), name);
      if (!job.has_value()) continue;
      EXPECT_TRUE(job->load().has_value());
      const auto changes = job->choose(pass);
      EXPECT_TRUE(changes.has_value());
      if (changes.value_or(false)) {
        const auto done = job->execute();
        EXPECT_TRUE(done.has_value()) << done.error().detail;
        ++rewritten;
      }
      SegmentRemoval removal = set_->finish(std::move(*job));
      EXPECT_TRUE(removal.execute().has_value());
      set_->finish(std::move(removal));
    }
    set_->set_cleaned(pass.end());
    return rewritten;
  }
  bool run(std::int64_t now = 10'000, std::size_t max_keys = 1000) {
    Compaction pass(plan(now, max_keys));
    const auto due = pass.prepare();
    EXPECT_TRUE(due.has_value());
    if (!due.value_or(false)) return false;
    rewrite(pass);
    return true;
  }

  struct Seen {
    std::int64_t offset;
    std::string key;
    bool has_value;
    std::int64_t time;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  std::vector<Seen> records() {
    std::vector<Seen> seen;
    for (Offset at(0); at < set_->end();) {
      const auto batches = read(at.value);
      if (!batches.has_value() || batches->empty()) break;
      for (const BatchRef& batch : *batches) {
        const auto header = model::parse_batch_header(batch.bytes.view);
        bytes::ByteVector scratch;
        const auto block = model::records_of(*header, batch.bytes.view, scratch, Bytes(1 << 20));
        model::RecordCursor cursor(*block, header->record_count);
        model::RecordView record;
        while (cursor.next(record)) {
          seen.push_back({batch.base_offset.value + record.offset_delta, std::string(bytes::as_text(record.key)),
                          record.has_value, header->base_timestamp.value + record.timestamp_delta});
        }
        EXPECT_FALSE(cursor.damaged());
      }
      at = batches->back().last_offset + Offset(1);
    }
    return seen;
  }
  std::vector<std::int64_t> offsets_of(const std::string& key) {
    std::vector<std::int64_t> found;
    for (const Seen& one : records()) {
      if (one.key == key) found.push_back(one.offset);
    }
    return found;
  }

  CompactionOptions options_{.enabled = true, .dirty_per_mille = 500, .keep_deletions = Millis(1000)};
};

TEST_F(CompactionTest, KeepsTheLastRecordOfEachKeyAtItsOffset) {
  add(keyed({{"a"}, {"b"}, {"a"}}));
  add(keyed({{"b"}, {"c"}}, {.codec = bytes::Compression::gzip}));
  add(keyed({{"c"}, {"d"}}, {.codec = bytes::Compression::zstd}));
  close_segment();
  const Offset end = set_->end();
  ASSERT_TRUE(run());
  EXPECT_EQ(offsets_of("a"), (std::vector<std::int64_t>{2}));
  EXPECT_EQ(offsets_of("b"), (std::vector<std::int64_t>{3}));
  EXPECT_EQ(offsets_of("c"), (std::vector<std::int64_t>{5}));
  EXPECT_EQ(offsets_of("d"), (std::vector<std::int64_t>{6}));
  EXPECT_EQ(records().front().time, 1002);
  EXPECT_EQ(set_->end(), end);
  EXPECT_TRUE(found_damage_.empty());
  EXPECT_FALSE(run()) << "nothing new was closed";
  const auto before = records();
  ASSERT_TRUE(reopen().has_value());
  EXPECT_TRUE(recovered_damage_.empty());
  EXPECT_EQ(records(), before);
  EXPECT_FALSE(run()) << "how far compaction went is in the segments";
  close_segment();
  add(keyed({{"a"}}));
  close_segment();
  ASSERT_TRUE(run());
  EXPECT_EQ(offsets_of("a").size(), 1U);
  EXPECT_GT(offsets_of("a")[0], 6);
  EXPECT_EQ(offsets_of("d"), (std::vector<std::int64_t>{6}));
}

TEST_F(CompactionTest, TheLastSegmentIsNeverTouched) {
  add(keyed({{"a"}, {"a"}, {"a"}}));
  EXPECT_FALSE(run());
  EXPECT_EQ(offsets_of("a").size(), 3U);
}

TEST_F(CompactionTest, DeletionsStayForAWhile) {
  add(keyed({{"a"}, {"b"}}));
  add(keyed({{"a", std::nullopt}}));
  close_segment();
  ASSERT_TRUE(run(10'000));
  EXPECT_EQ(offsets_of("a"), (std::vector<std::int64_t>{2})) << "the deletion itself";
  for (const Seen& one : records()) {
    if (one.key == "a") {
      EXPECT_FALSE(one.has_value);
      EXPECT_EQ(one.time, 1000) << "times count from another base now";
    }
  }
  options_.dirty_per_mille = 0;
  close_segment();
  ASSERT_TRUE(run(10'999));
  EXPECT_EQ(offsets_of("a").size(), 1U);
  close_segment();
  ASSERT_TRUE(run(11'000));
  EXPECT_TRUE(offsets_of("a").empty());
  EXPECT_EQ(offsets_of("b"), (std::vector<std::int64_t>{1}));
}

TEST_F(CompactionTest, AbortedTransactionsHideNothing) {
  add(keyed({{"a"}, {"b"}}));
  add(keyed({{"a"}}, {.producer = 7, .transactional = true}));
  add(keyed({{"b"}}, {.producer = 8, .transactional = true}));
  add(marker(7, false));
  add(marker(8, true));
  close_segment();
  ASSERT_TRUE(run());
  EXPECT_EQ(offsets_of("a"), (std::vector<std::int64_t>{0}));
  EXPECT_EQ(offsets_of("b"), (std::vector<std::int64_t>{3}));
  const auto all = records();
  EXPECT_EQ(std::ranges::count_if(all, [](const Seen& one) { return one.offset == 4 || one.offset == 5; }), 2)
      << "the markers stay";
}

TEST_F(CompactionTest, AnOpenTransactionEndsThePass) {
  add(keyed({{"a"}, {"a"}}));
  add(keyed({{"a"}}, {.producer = 7, .transactional = true}));
  close_segment();
  ASSERT_TRUE(run());
  EXPECT_EQ(offsets_of("a"), (std::vector<std::int64_t>{1, 2}));
  add(marker(7, true));
  close_segment();
  options_.dirty_per_mille = 0;
  ASSERT_TRUE(run());
  EXPECT_EQ(offsets_of("a"), (std::vector<std::int64_t>{2}));
}

TEST_F(CompactionTest, FewKeysInMemoryTakeSeveralPasses) {
  for (int round = 0; round < 4; ++round) {
    for (int k = 0; k < 20; ++k) add(keyed({{"key" + std::to_string(k)}}));
  }
  close_segment();
  options_.dirty_per_mille = 0;
  int passes = 0;
  while (run(10'000, 7)) ASSERT_LT(++passes, 30);
  EXPECT_GT(passes, 8);
  for (int k = 0; k < 20; ++k) EXPECT_EQ(offsets_of("key" + std::to_string(k)), (std::vector<std::int64_t>{60 + k}));
}

TEST_F(CompactionTest, WaitsForEnoughAndForAge) {
  for (int i = 0; i < 40; ++i) add(keyed({{"k" + std::to_string(i)}}));
  ASSERT_TRUE(run());
  close_segment();
  EXPECT_FALSE(run()) << "one of several segments is not half";
  options_.max_lag = Millis(4000);
  EXPECT_FALSE(run(8'999));
  options_.min_lag = Millis(5001);
  EXPECT_FALSE(run(10'000));
  options_.min_lag = Millis(0);
  EXPECT_TRUE(run(9'000));
}

TEST_F(CompactionTest, RecordsWithoutKeyGo) {
  ASSERT_TRUE(append({test_batch(0, 2, "no key")}, 1500).has_value());
  add(keyed({{"a"}}));
  close_segment();
  ASSERT_TRUE(run());
  EXPECT_EQ(records().front().key, "a");
}

TEST_F(CompactionTest, SurvivesACrashAtEachStep) {
  options_.dirty_per_mille = 0;
  for (std::uint64_t step = 1; step < 40; ++step) {
    SCOPED_TRACE(step);
    base::Prng random(step);
    disk_.remove_tree(directory_).value();
    ASSERT_TRUE(disk_.sync_directory("s0/logs").has_value());
    FileCache cache(disk_, 8);
    set_ = std::make_unique<SegmentSet>(cache, directory_, kLog);
    std::map<std::string, std::int64_t> last;
    for (int i = 0; i < 40; ++i) {
      const std::string key = "k" + std::to_string(i * 7 % 11);
      last[key] = set_->end().value;
      add(keyed({{key}}));
    }
    {
      Compaction pass(plan());
      ASSERT_TRUE(pass.prepare().value());
      disk_.lose_power_after(step);
      for (const SegmentName name : pass.segments()) {
        auto job = set_->plan_rewrite(Offset(0), name);
        if (!job.has_value() || !job->load().has_value()) break;
        const auto changes = job->choose(pass);
        if (!changes.value_or(false) || !job->execute().has_value()) break;
        SegmentRemoval removal = set_->finish(std::move(*job));
        if (!removal.execute().has_value()) break;
      }
    }
    set_.reset();
    disk_.crash(random);
    ASSERT_TRUE(reopen().has_value());
    EXPECT_TRUE(recovered_damage_.empty());
    for (const auto& [key, offset] : last) {
      const auto found = offsets_of(key);
      ASSERT_TRUE(std::ranges::count(found, offset) == 1) << key;
    }
    EXPECT_TRUE(found_damage_.empty());
    set_.reset();
  }
}

/// The store closes segments by time and compacts in the background.
TEST_F(StoreTest, CompactsInTheBackground) {
  open();
  LogOptions options;
  options.segment_time = Millis(2000);
  options.compaction = {.enabled = true, .dirty_per_mille = 0};
  Log* log = create(1, options);
  std::int64_t last = 0;
  const auto put = [&](const std::string& key) {
    last = store_->append(*log, keyed({{key}}))->value;
    commit();
  };
  const auto wait = [&](base::Nanos time) {
    bool over = false;
    const auto timer = loop_->call_after(time, [&] { over = true; });
    ASSERT_TRUE(world_.run_until([&] { return over; }, kPatience));
  };
  for (int i = 0; i < 6; ++i) {
    put("same");
    wait(base::Nanos(3'000'000'000));
  }
  put("other");
  wait(base::Nanos(8'000'000'000));
  const auto offsets = [&] {
    std::vector<std::int64_t> found;
    for (Offset at(0); at < log->committed_end();) {
      const auto batches = read_cold(log, {at, log->committed_end(), base::kib(64)});
      if (batches.empty()) break;
      for (const BatchRef& batch : batches) found.push_back(batch.base_offset.value);
      at = batches.back().last_offset + Offset(1);
    }
    return found;
  };
  EXPECT_EQ(offsets(), (std::vector<std::int64_t>{5, 6}));
  restart(true);
  log = store_->find_log(LogId(1));
  EXPECT_EQ(log->committed_end().value, 7);
  EXPECT_EQ(offsets(), (std::vector<std::int64_t>{5, 6}));
  EXPECT_EQ(fatal_, "");
}

}  // namespace
}  // namespace millrace::storage

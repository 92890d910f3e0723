#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "model/batch_builder.h"
#include "storage/segment_set.h"
#include "testing/sim_disk.h"

namespace millrace::storage {

/// A batch as a log would have it. `deltas`: offsets it spans; `text` fills its records.
inline BatchRef test_batch(std::int64_t base, int records, const std::string& text, std::int64_t timestamp = 1000,
                           std::int32_t epoch = 1, std::int64_t appended_at = 5000) {
  model::BatchBuilder builder;
  builder.start({});
  for (int i = 0; i < records; ++i) {
    const std::string value = text + "#" + std::to_string(i);
    const bytes::ByteView parts[] = {bytes::as_bytes(value)};
    builder.add({.timestamp = Timestamp(timestamp + i), .key = {}, .value_parts = parts, .header_parts = {}});
  }
  const bytes::Slab slab = builder.finish();
  return {.base_offset = Offset(base),
          .last_offset = Offset(base + records - 1),
          .epoch = Epoch(epoch),
          .appended_at = Timestamp(appended_at),
          .bytes = {slab, slab.view()}};
}

/// One log's segments on a simulated disk, with what a store would remember of it.
class SegmentFixture : public ::testing::Test {
 protected:
  static constexpr LogId kLog{0x2A};

  SegmentFixture() { make_directory(); }

  void make_directory() {
    ASSERT_TRUE(disk_.make_directory("s0/logs").has_value());
    ASSERT_TRUE(disk_.sync_directory("s0/logs").has_value());
    ASSERT_TRUE(disk_.sync_directory("s0").has_value());
    ASSERT_TRUE(disk_.sync_directory("").has_value());
    set_ = std::make_unique<SegmentSet>(cache_, directory_, kLog);
  }

  Result<void> append(const std::vector<BatchRef>& batches, std::uint64_t segment_bytes = 4000) {
    SegmentWrite write = set_->plan_append(batches, Bytes(segment_bytes));
    auto done = write.execute();
    if (done.has_value()) {
      set_->finish(std::move(write));
      recorded_ = set_->end();
    } else {
      set_->abandon(std::move(write));
    }
    return done;
  }
  /// `count` batches of two records each, one write for each; offsets go on from the end.
  void append_many(int count, std::uint64_t segment_bytes = 4000) {
    for (int i = 0; i < count; ++i) {
      const std::int64_t base = set_->end().value;
      const auto done = append({test_batch(base, 2, "batch " + std::to_string(base), 1000 + base)}, segment_bytes);
      ASSERT_TRUE(done.has_value()) << done.error().detail;
    }
  }

  Result<std::vector<BatchRef>> read(std::int64_t from, std::int64_t until = 1'000'000,
                                     std::uint64_t max_bytes = 1 << 20) {
    SegmentRead job = set_->plan_read({Offset(from), Offset(until), Bytes(max_bytes)});
    auto result = job.execute();
    for (auto& range : set_->finish(std::move(job))) found_damage_.push_back(std::move(range));
    return result;
  }
  /// Base offsets of all batches that can be read from `from` on, skipping what is quarantined.
  std::vector<std::int64_t> read_all(std::int64_t from = 0) {
    std::vector<std::int64_t> bases;
    for (Offset at(from); at < set_->end();) {
      const auto batches = read(at.value);
      if (!batches.has_value()) {
        const Offset next = set_->skip_quarantined(at);
        if (next == at) {
          ADD_FAILURE() << batches.error().detail;
          return bases;
        }
        at = next;
        continue;
      }
      if (batches->empty()) break;
      for (const BatchRef& batch : *batches) bases.push_back(batch.base_offset.value);
      at = batches->back().last_offset + Offset(1);
    }
    return bases;
  }

  /// Opens the files again, as after a restart.
  Result<void> reopen(std::int64_t start = 0) {
    set_.reset();
    recovered_damage_.clear();
    cache_holder_ = std::make_unique<FileCache>(disk_, 8);
    auto opened = SegmentSet::open({.cache = cache_holder_.get(),
                                    .directory = directory_,
                                    .log = kLog,
                                    .start = Offset(start),
                                    .recorded_end = recorded_},
                                   recovered_damage_);
    if (!opened.has_value()) return std::unexpected(std::move(opened.error()));
    set_ = std::move(*opened);
    return {};
  }

  std::string data_path(std::int64_t base) const { return segment_path(directory_, {Offset(base), 0}); }
  std::string idx_path(std::int64_t base) const { return index_path(directory_, {Offset(base), 0}); }
  bytes::ByteVector content(const std::string& path) {
    auto file = disk_.open(path, io::OpenMode::read);
    EXPECT_TRUE(file.has_value()) << path;
    bytes::ByteVector result(static_cast<std::size_t>((*file)->size().value()));
    EXPECT_EQ((*file)->read_at(0, result).value(), result.size());
    return result;
  }
  void overwrite(const std::string& path, std::uint64_t position, bytes::ByteView with) {
    auto file = disk_.open(path, io::OpenMode::read_write);
    ASSERT_TRUE(file.has_value()) << path;
    ASSERT_TRUE((*file)->write_at(position, with).has_value());
    ASSERT_TRUE((*file)->sync().has_value());
  }
  void resize(const std::string& path, std::uint64_t size) {
    auto file = disk_.open(path, io::OpenMode::read_write);
    ASSERT_TRUE(file.has_value()) << path;
    ASSERT_TRUE((*file)->truncate(size).has_value());
    ASSERT_TRUE((*file)->sync().has_value());
  }
  /// The index entry of the batch with this base offset, read from the file.
  IndexEntry entry_of(std::int64_t segment, std::int64_t base) {
    const bytes::ByteVector index = content(idx_path(segment));
    for (std::uint32_t slot = 0; index_entry_position(slot + 1) <= index.size(); ++slot) {
      const auto entry = decode_index_entry(
          bytes::ByteView(index).subspan(static_cast<std::size_t>(index_entry_position(slot)), kIndexEntrySize), kLog,
          {Offset(segment), 0}, slot);
      if (entry.has_value() && entry->base.value == base) return *entry;
    }
    ADD_FAILURE() << "no entry of " << base;
    return {};
  }

  std::string directory_ = log_directory("s0", kLog);
  sim::SimDisk disk_{1};
  FileCache cache_{disk_, 8};
  std::unique_ptr<FileCache> cache_holder_;
  std::unique_ptr<SegmentSet> set_;
  Offset recorded_{0};
  std::vector<QuarantinedRange> found_damage_;
  std::vector<QuarantinedRange> recovered_damage_;
};

}  // namespace millrace::storage

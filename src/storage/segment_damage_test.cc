#include <gtest/gtest.h>

#include <algorithm>

#include "base/prng.h"
#include "bytes/crc32c.h"
#include "bytes/endian.h"
#include "model/batch.h"
#include "storage/segment_fixture_test.h"
#include "storage/segment_index.h"

namespace millrace::storage {
namespace {

/// Ten batches of two records in one segment, 0..19, and a second segment, 20..; each damage must be noticed, must hide
/// nothing but what it hit, and must be reported.
class SegmentDamage : public SegmentFixture {
 protected:
  void fill() {
    append_many(10, 1 << 20);
    append_many(1, 10);
    append_many(4, 1 << 20);
    ASSERT_EQ(set_->segments(), 2U);
  }
  std::vector<std::int64_t> all_but(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> result;
    for (std::int64_t base = 0; base < 30; base += 2) {
      if (base < first || base > last) result.push_back(base);
    }
    return result;
  }
  void expect_damage(std::int64_t first, std::int64_t last, const std::string& reason) {
    EXPECT_EQ(read_all(), all_but(first, last));
    ASSERT_EQ(found_damage_.size(), 1U);
    EXPECT_EQ(found_damage_[0].first.value, first);
    EXPECT_EQ(found_damage_[0].last.value, last);
    EXPECT_EQ(found_damage_[0].log, kLog);
    EXPECT_NE(found_damage_[0].reason.find(reason), std::string::npos) << found_damage_[0].reason;
    // Known from now on, without another report.
    const auto again = read(first);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, StorageErrc::quarantined);
    EXPECT_EQ(set_->skip_quarantined(Offset(first)).value, last + 1);
    EXPECT_EQ(read_all(), all_but(first, last));
    EXPECT_EQ(found_damage_.size(), 1U);
  }
  void flip(const std::string& path, std::uint64_t position) {
    const std::uint8_t byte[] = {static_cast<std::uint8_t>(content(path)[position] ^ 0x10)};
    overwrite(path, position, byte);
  }
};

TEST_F(SegmentDamage, BitRotInRecords) {
  fill();
  flip(data_path(0), entry_of(0, 6).position + 70);
  expect_damage(6, 7, "checksum");
}

TEST_F(SegmentDamage, BitRotInThePrefixThatTheBatchChecksumDoesNotCover) {
  fill();
  const std::uint64_t at = entry_of(0, 6).position;
  for (const std::uint64_t field : {0, 7, 8, 11, 12, 15}) {
    found_damage_.clear();
    ASSERT_TRUE(reopen().has_value());
    flip(data_path(0), at + field);
    expect_damage(6, 7, "");
    flip(data_path(0), at + field);
  }
}

TEST_F(SegmentDamage, EveryBitOfABatchMatters) {
  fill();
  const IndexEntry entry = entry_of(0, 6);
  const bytes::ByteVector data = content(data_path(0));
  bytes::ByteVector batch(data.begin() + static_cast<std::ptrdiff_t>(entry.position),
                          data.begin() + static_cast<std::ptrdiff_t>(entry.end_position()));
  std::string reason;
  ASSERT_TRUE(batch_matches(entry, batch, reason));
  for (std::size_t bit = 0; bit < batch.size() * 8; ++bit) {
    batch[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    ASSERT_FALSE(batch_matches(entry, batch, reason)) << bit;
    batch[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
}

TEST_F(SegmentDamage, ValidBatchOfAnotherOffsetInItsPlace) {
  fill();
  const IndexEntry here = entry_of(0, 6);
  const IndexEntry other = entry_of(0, 8);
  ASSERT_EQ(here.length, other.length);
  const bytes::ByteVector data = content(data_path(0));
  overwrite(data_path(0), here.position, bytes::ByteView(data).subspan(other.position, other.length));
  expect_damage(6, 7, "offsets 8..9 instead of 6..7");
}

TEST_F(SegmentDamage, ValidBatchOfAnotherLogWithTheSameOffsets) {
  fill();
  const IndexEntry here = entry_of(0, 6);
  // As long as ours, with the same offsets and epoch: only its content differs.
  BatchRef foreign = test_batch(0, 2, "BATCH 6", 1006);
  ASSERT_EQ(foreign.bytes.view.size(), here.length);
  bytes::ByteVector stored(foreign.bytes.view.begin(), foreign.bytes.view.end());
  model::write_batch_prefix(stored.data(), Offset(6), static_cast<std::int32_t>(stored.size() - 12), Epoch(1));
  overwrite(data_path(0), here.position, stored);
  expect_damage(6, 7, "another one");
}

TEST_F(SegmentDamage, StaleBatchOfAnEarlierEpoch) {
  fill();
  const IndexEntry here = entry_of(0, 6);
  const bytes::ByteVector data = content(data_path(0));
  bytes::ByteVector stored(data.begin() + static_cast<std::ptrdiff_t>(here.position),
                           data.begin() + static_cast<std::ptrdiff_t>(here.end_position()));
  model::write_batch_prefix(stored.data(), Offset(6), static_cast<std::int32_t>(stored.size() - 12), Epoch(0));
  overwrite(data_path(0), here.position, stored);
  expect_damage(6, 7, "epoch 0 instead of 1");
}

TEST_F(SegmentDamage, IndexEntryOfAnotherSlotSegmentOrLog) {
  fill();
  const bytes::ByteVector index = content(idx_path(0));
  const bytes::ByteView slot4 = bytes::ByteView(index).subspan(index_entry_position(4), kIndexEntrySize);
  overwrite(idx_path(0), index_entry_position(3), slot4);
  expect_damage(6, 7, "index");
  ASSERT_TRUE(decode_index_entry(slot4, kLog, {Offset(0), 0}, 4).has_value());
  EXPECT_FALSE(decode_index_entry(slot4, kLog, {Offset(0), 0}, 3).has_value());
  EXPECT_FALSE(decode_index_entry(slot4, kLog, {Offset(0), 1}, 4).has_value());
  EXPECT_FALSE(decode_index_entry(slot4, kLog, {Offset(20), 0}, 4).has_value());
  EXPECT_FALSE(decode_index_entry(slot4, LogId(0x2B), {Offset(0), 0}, 4).has_value());
}

TEST_F(SegmentDamage, EveryBitOfAnIndexEntryMatters) {
  fill();
  const bytes::ByteVector index = content(idx_path(0));
  bytes::ByteVector slot(index.begin() + static_cast<std::ptrdiff_t>(index_entry_position(4)),
                         index.begin() + static_cast<std::ptrdiff_t>(index_entry_position(5)));
  for (std::size_t bit = 0; bit < slot.size() * 8; ++bit) {
    slot[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    ASSERT_FALSE(decode_index_entry(slot, kLog, {Offset(0), 0}, 4).has_value()) << bit;
    slot[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
}

TEST_F(SegmentDamage, SeveralBadIndexEntries) {
  fill();
  for (const std::uint32_t slot : {4U, 5U, 6U}) flip(idx_path(0), index_entry_position(slot) + 3);
  expect_damage(8, 13, "index");
}

TEST_F(SegmentDamage, BadFirstAndLastIndexEntryOfAClosedSegment) {
  fill();
  flip(idx_path(0), index_entry_position(0));
  EXPECT_EQ(read_all(), all_but(0, 1));
  flip(idx_path(0), index_entry_position(9));
  ASSERT_TRUE(reopen().has_value());
  std::vector<std::int64_t> expected = all_but(0, 1);
  std::erase(expected, 18);
  EXPECT_EQ(read_all(), expected);
  EXPECT_TRUE(recovered_damage_.empty());
}

TEST_F(SegmentDamage, LostEndOfTheIndexOfAClosedSegment) {
  fill();
  resize(idx_path(0), index_entry_position(7));
  ASSERT_TRUE(reopen().has_value());
  expect_damage(14, 19, "end of the index");
}

TEST_F(SegmentDamage, LostDataOfAClosedSegment) {
  fill();
  resize(data_path(0), entry_of(0, 16).position + 10);
  EXPECT_EQ(read_all(), all_but(16, 19));
  EXPECT_EQ(found_damage_.size(), 2U);
}

TEST_F(SegmentDamage, MissingFilesAreReportedAtOpenAndTheRestIsRead) {
  fill();
  ASSERT_TRUE(disk_.remove(idx_path(0)).has_value());
  ASSERT_TRUE(reopen().has_value());
  ASSERT_EQ(recovered_damage_.size(), 1U);
  EXPECT_EQ(recovered_damage_[0].first.value, 0);
  EXPECT_EQ(recovered_damage_[0].last.value, 19);
  EXPECT_TRUE(disk_.exists(data_path(0)));
  EXPECT_EQ(read_all(), all_but(0, 19));
  append_many(1);
  // Everything gone.
  ASSERT_TRUE(disk_.remove_tree(directory_).has_value());
  ASSERT_TRUE(reopen(4).has_value());
  ASSERT_EQ(recovered_damage_.size(), 1U);
  EXPECT_EQ(recovered_damage_[0].first.value, 4);
  EXPECT_EQ(recovered_damage_[0].last.value, 31);
}

TEST_F(SegmentDamage, FileRemovedWhileRunning) {
  fill();
  cache_.forget(idx_path(0));
  ASSERT_TRUE(disk_.remove(idx_path(0)).has_value());
  const auto first = read(4);
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().code, StorageErrc::below_start);
  ASSERT_EQ(found_damage_.size(), 1U);
  EXPECT_EQ(read(4).error().code, StorageErrc::quarantined);
  EXPECT_EQ(read_all(), all_but(0, 19));
}

TEST_F(SegmentDamage, TornIndexTailBehindTheRecordedEndIsCut) {
  fill();
  const bytes::ByteVector index = content(idx_path(20));
  // As a crash leaves it: a half entry, then zeros, then a whole entry of nothing recorded.
  const std::uint64_t end = index.size();
  overwrite(idx_path(20), end, bytes::ByteView(index).last(100));
  bytes::ByteVector stray;
  encode_index_entry(stray, {.base = Offset(40), .last = Offset(45), .position = 9999, .length = 100}, kLog,
                     {Offset(20), 0}, 9);
  overwrite(idx_path(20), index_entry_position(9), stray);
  overwrite(data_path(20), content(data_path(20)).size(), bytes::as_bytes("unrecorded bytes"));
  ASSERT_TRUE(reopen().has_value());
  EXPECT_TRUE(recovered_damage_.empty());
  EXPECT_EQ(set_->end().value, 30);
  EXPECT_EQ(set_->named_end().value, 46);
  EXPECT_EQ(content(idx_path(20)).size(), end);
  EXPECT_EQ(content(data_path(20)).size(), entry_of(20, 28).end_position());
  EXPECT_EQ(read_all(), all_but(100, 100));
}

TEST_F(SegmentDamage, DamagedRecordedEndOfTheIndexIsReportedAndAppendsGoOn) {
  fill();
  flip(idx_path(20), index_entry_position(4) + 9);
  ASSERT_TRUE(reopen().has_value());
  ASSERT_EQ(recovered_damage_.size(), 1U);
  EXPECT_EQ(recovered_damage_[0].first.value, 28);
  EXPECT_EQ(recovered_damage_[0].last.value, 29);
  EXPECT_EQ(read_all(), all_but(28, 29));
  append_many(2, 1 << 20);
  EXPECT_EQ(set_->segments(), 3U);
  ASSERT_TRUE(reopen().has_value());
  std::vector<std::int64_t> expected = all_but(28, 29);
  expected.insert(expected.end(), {30, 32});
  EXPECT_EQ(read_all(), expected);
}

TEST_F(SegmentDamage, DamagedHeaderOfTheLastIndex) {
  fill();
  const Bytes bytes = set_->bytes();
  flip(idx_path(20), 30);
  ASSERT_TRUE(reopen().has_value());
  EXPECT_EQ(read_all(), all_but(100, 100));
  EXPECT_EQ(set_->bytes(), bytes);
  append_many(2, 1 << 20);
  EXPECT_EQ(read(28)->front().base_offset.value, 28);
  EXPECT_EQ(read(30)->front().base_offset.value, 30);
  ASSERT_TRUE(reopen().has_value());
  EXPECT_EQ(read(32)->front().base_offset.value, 32);
}

TEST_F(SegmentDamage, ReadersInAHoleGetOverTheDamageBehindIt) {
  ASSERT_TRUE(append({test_batch(0, 1, "a"), test_batch(10, 1, "b"), test_batch(20, 1, "c")}, 1 << 20).has_value());
  flip(data_path(0), entry_of(0, 10).position + 70);
  for (const std::int64_t from : {5, 3, 7, 1}) {
    const auto failed = read(from);
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, StorageErrc::quarantined);
    EXPECT_EQ(set_->skip_quarantined(Offset(from)).value, 11);
  }
  ASSERT_EQ(found_damage_.size(), 1U);
  EXPECT_EQ(found_damage_[0].first.value, 10);
  EXPECT_EQ(read(0)->size(), 1U);
  EXPECT_EQ(read(11)->front().base_offset.value, 20);
  EXPECT_TRUE(read(1, 1).value_or(std::vector<BatchRef>()).empty());
}

TEST_F(SegmentDamage, DamageBehindTheSegmentsDoesNotCoverWhatIsBetween) {
  fill();
  ASSERT_TRUE(set_->quarantine({kLog, Offset(50), Offset(59), "in the journal"}));
  EXPECT_TRUE(read(30)->empty());
  EXPECT_EQ(set_->skip_quarantined(Offset(30)).value, 30);
  EXPECT_EQ(set_->skip_quarantined(Offset(50)).value, 60);
}

TEST_F(SegmentDamage, NewerVersionIsRefusedAndUntouched) {
  fill();
  bytes::ByteVector header = content(idx_path(20));
  header.resize(kIndexHeaderSize);
  header[11] = kCleanedIndexVersion + 1;
  bytes::store_be(header.data() + kIndexHeaderSize - 4,
                  bytes::crc32c(bytes::ByteView(header).first(kIndexHeaderSize - 4)));
  overwrite(idx_path(20), 0, header);
  const auto before = content(idx_path(20));
  const auto refused = reopen();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, StorageErrc::newer_version);
  EXPECT_EQ(content(idx_path(20)), before);
}

TEST_F(SegmentDamage, TransientReadErrorsAreNotDamage) {
  fill();
  disk_.faults().read_failure = 100'000;
  for (int i = 0; i < 20; ++i) {
    for (Offset at(0); at < set_->end();) {
      const auto batches = read(at.value);
      ASSERT_TRUE(batches.has_value() || batches.error().code == StorageErrc::io);
      if (!batches.has_value() || batches->empty()) break;
      at = batches->back().last_offset + Offset(1);
    }
  }
  EXPECT_TRUE(found_damage_.empty());
}

TEST_F(SegmentDamage, WhatTheDiskNeverReadsIsDamageInTheEnd) {
  fill();
  disk_.faults().read_failure = 1'000'000;
  int refused = 0;
  for (; refused < 1000 && found_damage_.empty(); ++refused) {
    const auto batches = read(0);
    ASSERT_FALSE(batches.has_value());
    EXPECT_EQ(batches.error().code, found_damage_.empty() ? StorageErrc::io : StorageErrc::quarantined);
  }
  EXPECT_EQ(refused, 21);
}

TEST_F(SegmentDamage, TrimmingKeepsDamagedSegmentsAside) {
  fill();
  const std::string damaged = data_path(20);
  overwrite(damaged, kSegmentHeaderSize + 100, bytes::ByteVector(64, 0xEE));
  for (Offset at(0); at < set_->end();) {
    const auto batches = read(at.value);
    if (batches.has_value() && batches->empty()) break;
    at = batches.has_value() ? batches->back().last_offset + Offset(1) : set_->skip_quarantined(at + Offset(1));
  }
  ASSERT_FALSE(set_->quarantined().empty());
  SegmentRemoval removal = set_->trim(set_->end());
  ASSERT_TRUE(removal.execute().has_value());
  set_->finish(std::move(removal));
  for (const std::string& path : disk_.files()) EXPECT_TRUE(path.ends_with(".damaged")) << path;
  EXPECT_TRUE(disk_.exists(damaged + ".damaged"));
  EXPECT_TRUE(reopen().has_value()) << "what was set aside is nobody's";
}

/// Whatever single fault the disk brings over a closed or open segment: what is read is right, and what is missing is
/// reported.
TEST_F(SegmentDamage, RandomFaultsNeverServeWrongBytes) {
  int damaged_runs = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    base::Prng random(seed);
    disk_.remove_tree(directory_).value();
    cache_holder_.reset();
    found_damage_.clear();
    auto own_cache = std::make_unique<FileCache>(disk_, 8);
    set_ = std::make_unique<SegmentSet>(*own_cache, directory_, kLog);
    for (int i = 0; i < 3; ++i) append_many(8, i == 0 ? 1 << 20 : 4000);
    const auto end = set_->end();
    std::vector<std::string> files = disk_.list(directory_).value();
    const std::string path = directory_ + "/" + files[random.below(files.size())];
    const std::uint64_t size = content(path).size();
    switch (random.below(3)) {
      case 0:
        disk_.flip_bit(path, size, random);
        break;
      case 1:
        disk_.misdirect_write(path, size, random);
        break;
      default:
        disk_.zero_sector(path, size, random);
    }
    ASSERT_TRUE(reopen().has_value());
    Offset expected(0);
    for (Offset at(0); at < end;) {
      const auto batches = read(at.value);
      if (!batches.has_value()) {
        ASSERT_EQ(batches.error().code, StorageErrc::quarantined) << batches.error().detail;
        const Offset next = set_->skip_quarantined(at);
        ASSERT_GT(next, at);
        at = next;
        expected = next;
        continue;
      }
      ASSERT_FALSE(batches->empty());
      for (const BatchRef& batch : *batches) {
        ASSERT_EQ(batch.base_offset, expected);
        const BatchRef original =
            test_batch(batch.base_offset.value, 2, "batch " + std::to_string(expected.value), 1000 + expected.value);
        ASSERT_TRUE(bytes::equal(batch.bytes.view.subspan(16), original.bytes.view.subspan(16)));
        expected = batch.last_offset + Offset(1);
      }
      at = expected;
    }
    damaged_runs += found_damage_.empty() && recovered_damage_.empty() ? 0 : 1;
    set_.reset();
  }
  EXPECT_GT(damaged_runs, 100);
}

}  // namespace
}  // namespace millrace::storage

#include <gtest/gtest.h>

#include <algorithm>

#include "bytes/crc32c.h"
#include "storage/journal.h"
#include "storage/journal_scan.h"
#include "storage/round.h"
#include "storage/store_fixture_test.h"

namespace millrace::storage {
namespace {

/// A journal file in memory, as the writer makes it.
class JournalFormatTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSequence = 3;
  JournalFormatTest() { encode_file_header({.shard = 2, .sequence = kSequence}, file_); }

  void add(RoundBuilder& builder, std::uint64_t synced) {
    builder.seal(kSequence, file_.size(), synced);
    std::size_t written = 0;
    for (const bytes::ByteView part : builder.parts()) {
      file_.insert(file_.end(), part.begin(), part.end());
      written += part.size();
    }
    EXPECT_EQ(written % kRoundAlignment, 0u);
    EXPECT_EQ(written, round_up(builder.size()));
  }
  std::size_t add_round(std::uint64_t number, std::size_t batch_size) {
    RoundBuilder builder;
    builder.reset(number);
    builder.add_batch(LogId(1), Offset(10), Epoch(2), Timestamp(77), make_batch(number, 3, batch_size));
    const std::uint8_t bytes[] = {1, 2, 3};
    builder.add_state(EntryType::command, StateId(9), bytes);
    builder.add_log_meta({.log = LogId(1),
                          .start = Offset(1),
                          .end = Offset(13),
                          .next = Offset(20),
                          .flushed = Offset(5),
                          .epochs = {{Epoch(1), Offset(0)}, {Epoch(2), Offset(8)}}});
    builder.add_record({{LogId(1), Offset(13)}}, 1);
    const std::size_t position = file_.size();
    add(builder, number - 1);
    return position;
  }
  std::vector<ScannedRound> scan() {
    std::vector<ScannedRound> rounds;
    JournalScanner scanner(file_, kSequence);
    ScannedRound round;
    while (scanner.next(round)) rounds.push_back(round);
    return rounds;
  }

  bytes::ByteVector file_;
};

TEST_F(JournalFormatTest, ReadsBackWhatWasWritten) {
  for (const std::size_t size : {std::size_t{20}, RoundBuilder::kCopyLimit, std::size_t{50'000}}) {
    SCOPED_TRACE(size);
    file_.resize(kJournalHeaderSize);
    add_round(5, size);
    add_round(6, size);
    const auto rounds = scan();
    ASSERT_EQ(rounds.size(), 2u);
    ASSERT_TRUE(rounds[0].whole);
    ASSERT_TRUE(rounds[1].whole);
    EXPECT_EQ(rounds[1].header.round, 6u);
    EXPECT_EQ(rounds[1].header.synced, 5u);
    ASSERT_EQ(rounds[0].entries.size(), 3u);
    const auto batch = decode_batch_append(rounds[0].entries[0].payload);
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->last, Offset(12));
    EXPECT_EQ(batch->epoch, Epoch(2));
    const bytes::Slab whole = restore_batch(*batch);
    EXPECT_TRUE(model::batch_checksum_matches(whole.view()));
    EXPECT_EQ(tag_of(whole.view()), 5u);
    const auto meta = decode_log_meta(rounds[0].entries[2].payload);
    ASSERT_TRUE(meta);
    EXPECT_EQ(meta->epochs.size(), 2u);
    EXPECT_EQ(meta->next, Offset(20));
    ASSERT_TRUE(rounds[0].record);
    EXPECT_EQ(rounds[0].record->ends[0].end, Offset(13));
  }
}

TEST_F(JournalFormatTest, FileHeaderTellsShardAndSequence) {
  const auto header = decode_file_header(file_);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->shard, 2);
  EXPECT_EQ(header->sequence, kSequence);
  for (std::size_t i = 0; i < 28; ++i) {
    bytes::ByteVector damaged = file_;
    damaged[i] ^= 0x40;
    EXPECT_FALSE(decode_file_header(damaged)) << i;
  }
}

TEST_F(JournalFormatTest, EveryFlippedBitIsNoticedAndTheNextRoundIsFound) {
  for (const std::size_t size : {std::size_t{20}, std::size_t{3000}}) {
    file_.resize(kJournalHeaderSize);
    const std::size_t begin = add_round(5, size);
    const std::size_t end = add_round(6, size);
    std::size_t used = end;
    while (file_[used - 1] == 0) --used;  // padding is not covered
    for (std::size_t i = begin; i < used; i += 7) {
      file_[i] ^= 1;
      const auto rounds = scan();
      ASSERT_FALSE(rounds.empty()) << i;
      EXPECT_TRUE(rounds.back().whole);
      EXPECT_EQ(rounds.back().header.round, 6u);
      EXPECT_TRUE(rounds.size() == 1 || !rounds.front().whole) << i;
      file_[i] ^= 1;
    }
  }
}

TEST_F(JournalFormatTest, RoundWrittenToAWrongPlaceHidesOnlyTheOneItCovers) {
  const std::size_t first = add_round(5, 20);
  const std::size_t second = add_round(6, 20);
  add_round(7, 20);
  const std::size_t last = add_round(9, 20);
  // The first sector of a later round, as if it had been meant for here.
  std::copy_n(file_.begin() + static_cast<std::ptrdiff_t>(last), kRoundAlignment,
              file_.begin() + static_cast<std::ptrdiff_t>(second));
  const auto rounds = scan();
  ASSERT_EQ(rounds.size(), 3u);
  EXPECT_EQ(rounds[0].position, first);
  EXPECT_EQ(rounds[1].header.round, 7u);
  EXPECT_EQ(rounds[2].header.round, 9u);
  EXPECT_TRUE(rounds[2].whole);
}

TEST_F(JournalFormatTest, BytesOfAnotherPlaceNeverVerify) {
  add_round(5, 100);
  const auto entries = scan()[0].entries;
  for (const EntryView& entry : entries) {
    EXPECT_TRUE(verify_entry(entry, entry_seed(kSequence, 5)));
    EXPECT_FALSE(verify_entry(entry, entry_seed(kSequence + 1, 5)));
    EXPECT_FALSE(verify_entry(entry, entry_seed(kSequence, 6)));
  }
  JournalScanner other(file_, kSequence + 1);
  ScannedRound round;
  EXPECT_FALSE(other.next(round));
}

TEST_F(JournalFormatTest, ACutFileEndsInADamagedRound) {
  add_round(5, 100);
  const std::size_t begin = add_round(6, 5000);
  file_.resize(begin + 1024);
  const auto rounds = scan();
  ASSERT_EQ(rounds.size(), 2u);
  EXPECT_TRUE(rounds[0].whole);
  EXPECT_FALSE(rounds[1].whole);
}

TEST(JournalNames, AreReadAsTheyAreWritten) {
  EXPECT_EQ(Journal::file_name(42), "0000000000000042.wal");
  EXPECT_EQ(Journal::parse_file_name("0000000000000042.wal"), 42u);
  EXPECT_EQ(Journal::parse_file_name("0000000000000042.wal.damaged"), 0u);
  EXPECT_EQ(Journal::parse_file_name("000000000000004x.wal"), 0u);
}

}  // namespace
}  // namespace millrace::storage

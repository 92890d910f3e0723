#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "model/envelope.h"
#include "storage/segment_fixture_test.h"

namespace millrace::storage {
namespace {

using Times = std::vector<std::optional<std::int64_t>>;

/// One record for each time to live.
BatchRef expiring_batch(std::int64_t base, const Times& times, std::int64_t appended_at) {
  model::BatchBuilder builder;
  builder.start({.enveloped = true});
  for (const auto& time : times) {
    bytes::ByteVector envelope;
    bytes::ByteVector header;
    model::Envelope content;
    if (time.has_value()) content.time_to_live = Millis(*time);
    model::append_envelope_head(envelope, content);
    model::append_header(header, bytes::as_bytes(model::kEnvelopeKey), true, envelope);
    const bytes::ByteView headers[] = {bytes::ByteView(header)};
    const bytes::ByteView values[] = {bytes::as_bytes("value")};
    builder.add({.timestamp = Timestamp(7),
                 .key = {},
                 .value_parts = values,
                 .header_count = 1,
                 .header_parts = headers,
                 .expires = time.has_value()});
  }
  const bytes::Slab slab = builder.finish();
  return {.base_offset = Offset(base),
          .last_offset = Offset(base + static_cast<std::int64_t>(times.size()) - 1),
          .epoch = Epoch(1),
          .appended_at = Timestamp(appended_at),
          .bytes = {slab, slab.view()}};
}

class SegmentExpiryTest : public SegmentFixture {
 protected:
  /// Batches of one record, appended every 10 ms from 1000 on, in segments of about five.
  void fill(std::int64_t count, std::optional<std::int64_t> time_to_live) {
    for (std::int64_t i = set_->end().value; count > 0; ++i, --count) {
      ASSERT_TRUE(append({expiring_batch(i, {time_to_live}, 1000 + i * 10)}, 600).has_value());
    }
  }
  std::int64_t expired(std::int64_t from, std::int64_t now, std::optional<std::int64_t> of_all = {},
                       std::int64_t until = 1'000'000) {
    std::optional<Millis> most;
    if (of_all.has_value()) most = Millis(*of_all);
    return set_->plan_find_expired({Offset(from), Offset(until), Timestamp(now), most}).execute().value().value;
  }
  std::vector<std::int64_t> segment_bases() {
    std::vector<std::int64_t> bases;
    const auto names = disk_.list(directory_).value();
    for (const std::string& name : names) {
      bool is_index = false;
      const auto parsed = parse_segment_name(name, is_index);
      if (parsed.has_value() && is_index) bases.push_back(parsed->base.value);
    }
    std::ranges::sort(bases);
    return bases;
  }
};

TEST_F(SegmentExpiryTest, TheGreatestOfABatch) {
  const auto of = [](const Times& times) {
    const BatchRef batch = expiring_batch(0, times, 1000);
    return greatest_expiry(batch.bytes.view, batch.appended_at);
  };
  EXPECT_EQ(of({5, 70, 20}), Timestamp(1070));
  EXPECT_EQ(of({0}), Timestamp(1000));
  EXPECT_EQ(of({5, std::nullopt}), kNeverExpires);
  EXPECT_EQ(of({std::nullopt}), kNeverExpires);
  EXPECT_EQ(of({INT64_MAX}), kNeverExpires);
  EXPECT_EQ(greatest_expiry(test_batch(0, 3, "without envelopes").bytes.view, Timestamp(1000)), kNeverExpires);
}

TEST_F(SegmentExpiryTest, AnEntryKeepsWhatFits) {
  const auto stored = [](std::int64_t appended_at, Timestamp expiry) {
    IndexEntry entry{.base = Offset(3), .last = Offset(3), .position = 64, .length = 100};
    entry.appended_at = Timestamp(appended_at);
    entry.greatest_expiry = expiry;
    bytes::ByteVector encoded;
    encode_index_entry(encoded, entry, kLog, {Offset(0), 0}, 1);
    return decode_index_entry(encoded, kLog, {Offset(0), 0}, 1)->greatest_expiry;
  };
  constexpr std::int64_t kMost = std::int64_t{UINT32_MAX} - 1;
  EXPECT_EQ(stored(1000, Timestamp(1000)), Timestamp(1000));
  EXPECT_EQ(stored(1000, Timestamp(1000 + kMost)), Timestamp(1000 + kMost));
  EXPECT_EQ(stored(1000, Timestamp(1001 + kMost)), kNeverExpires);
  EXPECT_EQ(stored(1000, kNeverExpires), kNeverExpires);
  EXPECT_EQ(stored(1000, Timestamp(999)), kNeverExpires);
  EXPECT_EQ(stored(INT64_MAX - 3, Timestamp(INT64_MAX - 1)), kNeverExpires);

  // An entry that knows nothing of it is what was written before there was the field.
  IndexEntry old{.base = Offset(3), .last = Offset(3), .position = 64, .length = 100};
  bytes::ByteVector encoded;
  encode_index_entry(encoded, old, kLog, {Offset(0), 0}, 1);
  EXPECT_TRUE(std::all_of(encoded.begin() + 56, encoded.begin() + 60, [](std::uint8_t byte) { return byte == 0; }));
}

TEST_F(SegmentExpiryTest, FindsHowFarAllIsOver) {
  fill(40, 100);
  ASSERT_GT(set_->segments(), 5U);
  for (int pass = 0; pass < 2; ++pass) {
    for (std::int64_t from = 0; from < 40; from += 3) {
      for (std::int64_t now = 1000; now < 1600; now += 17) {
        const std::int64_t over = std::clamp<std::int64_t>((now - 1100) / 10 + (now >= 1100 ? 1 : 0), 0, 40);
        ASSERT_EQ(expired(from, now), std::max(from, over)) << from << " " << now;
        // The queue's time counts where it is shorter.
        ASSERT_EQ(expired(from, now, 30),
                  std::max(from, std::clamp<std::int64_t>((now - 1030) / 10 + (now >= 1030 ? 1 : 0), 0, 40)));
      }
    }
    EXPECT_EQ(expired(3, 9999, {}, 20), 20);
    ASSERT_TRUE(reopen().has_value());
  }
  // What was open goes on where it was.
  fill(3, 1000);
  EXPECT_EQ(expired(0, 1500), 40);
  EXPECT_EQ(expired(0, 5000), 43);
}

TEST_F(SegmentExpiryTest, ARecordWithoutATimeEndsIt) {
  fill(7, 100);
  fill(1, std::nullopt);
  fill(30, 100);
  EXPECT_EQ(expired(0, 99'999), 7);
  EXPECT_EQ(expired(7, 99'999), 7);
  // The rest of its segment is found record by record, the segments behind it are not.
  const auto bases = segment_bases();
  const auto next = std::ranges::upper_bound(bases, 7);
  ASSERT_NE(next, bases.end());
  EXPECT_EQ(expired(8, 99'999), *next == 8 ? 38 : 8);
  EXPECT_EQ(expired(*next, 99'999), 38);
  // With a time of the queue's it is like the others.
  EXPECT_EQ(expired(0, 99'999, 500), 38);
}

TEST_F(SegmentExpiryTest, AClockThatWentBackHastensNothing) {
  ASSERT_TRUE(append({expiring_batch(0, {100}, 9000)}).has_value());
  fill(10, 100);
  EXPECT_EQ(expired(0, 5000, 50), 0);
  EXPECT_EQ(expired(1, 5000), 1);
  EXPECT_EQ(expired(0, 9100), 11);
}

TEST_F(SegmentExpiryTest, DamageEndsItAndHolesOfRewrittenSegmentsDoNot) {
  fill(40, 100);
  const auto bases = segment_bases();
  ASSERT_GT(bases.size(), 4U);
  auto job = set_->plan_rewrite(Offset(0));
  ASSERT_TRUE(job.has_value() && job->load().has_value());
  ASSERT_TRUE(job->choose([](Offset, Offset) { return false; }));
  ASSERT_TRUE(job->execute().has_value());
  SegmentRemoval removal = set_->finish(std::move(*job));
  ASSERT_TRUE(removal.execute().has_value());
  EXPECT_EQ(expired(0, 99'999), 40);
  // The last entry of a segment is gone: nobody knows what it said.
  const std::uint64_t size = content(idx_path(bases[2])).size();
  resize(idx_path(bases[2]), size - kIndexEntrySize);
  ASSERT_TRUE(reopen().has_value());
  EXPECT_EQ(expired(0, 99'999), bases[3] - 1);
}

}  // namespace
}  // namespace millrace::storage

#include <gtest/gtest.h>

#include "model/batch.h"
#include "model/batch_builder.h"
#include "model/envelope.h"

namespace millrace::model {
namespace {

bytes::Slab make_batch(int records) {
  BatchBuilder builder;
  builder.start({});
  for (int i = 0; i < records; ++i) {
    const std::string text = "value-" + std::to_string(i);
    const bytes::ByteView parts[] = {bytes::as_bytes(text).first(3), bytes::as_bytes(text).subspan(3)};
    bytes::ByteVector headers;
    append_header(headers, bytes::as_bytes("h"), true, bytes::as_bytes("x"));
    const bytes::ByteView header_parts[] = {headers};
    builder.add({.timestamp = base::Timestamp(1000 + i),
                 .has_key = i % 2 == 0,
                 .key = bytes::as_bytes("k"),
                 .value_parts = parts,
                 .header_count = 1,
                 .header_parts = header_parts});
  }
  return builder.finish();
}

TEST(Batch, RoundTrips) {
  const bytes::Slab batch = make_batch(20);
  const auto header = validate_client_batch(batch.view(), base::mib(1));
  ASSERT_TRUE(header.has_value()) << header.error().detail;
  EXPECT_EQ(header->record_count, 20);
  EXPECT_EQ(header->max_timestamp.value, 1019);
  bytes::ByteVector scratch;
  const auto records = records_of(*header, batch.view(), scratch, base::mib(1));
  RecordCursor cursor(*records, header->record_count);
  RecordView record;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(cursor.next(record));
    EXPECT_EQ(bytes::to_string(record.value), "value-" + std::to_string(i));
    EXPECT_EQ(record.has_key, i % 2 == 0);
    EXPECT_EQ(record.offset_delta, i);
    HeaderCursor headers(record);
    HeaderView one;
    ASSERT_TRUE(headers.next(one));
    EXPECT_EQ(bytes::to_string(one.value), "x");
  }
  EXPECT_FALSE(cursor.next(record));
  EXPECT_FALSE(cursor.damaged());
}

TEST(Batch, PrefixIsOutsideTheChecksum) {
  bytes::Slab batch = make_batch(3);
  write_batch_prefix(batch.mutable_data(), Offset(77), static_cast<std::int32_t>(batch.size() - 12), Epoch(5));
  EXPECT_TRUE(batch_checksum_matches(batch.view()));
  EXPECT_EQ(parse_batch_header(batch.view())->base_offset, Offset(77));
}

TEST(Batch, EveryFlippedBitBehindThePrefixIsSeen) {
  const bytes::Slab batch = make_batch(2);
  for (std::size_t i = 17; i < batch.size(); ++i) {
    bytes::ByteVector copy(batch.view().begin(), batch.view().end());
    copy[i] ^= 0x10;
    EXPECT_FALSE(validate_client_batch(copy, base::mib(1)).has_value()) << i;
  }
}

TEST(Batch, EveryTruncationIsRefused) {
  const bytes::Slab batch = make_batch(2);
  for (std::size_t size = 0; size < batch.size(); ++size) {
    EXPECT_FALSE(validate_client_batch(batch.view().first(size), base::mib(1)).has_value()) << size;
  }
}

TEST(Batch, TimestampsThatCannotBeAddedAreRefused) {
  for (const std::int64_t time : {INT64_MAX, INT64_MIN, std::int64_t{1} << 61}) {
    BatchBuilder builder;
    builder.start({});
    BatchBuilder::Record record;
    record.timestamp = base::Timestamp(time);
    builder.add(record);
    const bytes::Slab batch = builder.finish();
    EXPECT_EQ(validate_client_batch(batch.view(), base::mib(1)).error().code, ModelErrc::bad_record) << time;
  }
}

TEST(Batch, EnvelopeBitCannotBeSentByClients) {
  BatchBuilder builder;
  builder.start({.enveloped = true});
  builder.add({});
  const bytes::Slab batch = builder.finish();
  ASSERT_TRUE(parse_batch_header(batch.view())->enveloped());
  EXPECT_EQ(validate_client_batch(batch.view(), base::mib(1)).error().code, ModelErrc::bad_record);
}

TEST(Envelope, RoundTrips) {
  bytes::ByteVector out;
  append_envelope_head(out, {.protocol = Protocol::amqp091,
                             .persistent = false,
                             .priority = 9,
                             .time_to_live = base::Millis(60000),
                             .death_count = 3});
  const auto native = bytes::as_bytes("native");
  out.insert(out.end(), native.begin(), native.end());
  const auto parsed = parse_envelope(out);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->protocol, Protocol::amqp091);
  EXPECT_FALSE(parsed->persistent);
  EXPECT_EQ(parsed->priority, 9);
  EXPECT_EQ(parsed->time_to_live, base::Millis(60000));
  EXPECT_EQ(parsed->death_count, 3U);
  EXPECT_EQ(bytes::to_string(parsed->native), "native");
  EXPECT_TRUE(parsed->hidden.empty());
}

TEST(Envelope, KeepsTheHiddenBlockApart) {
  const auto hidden = bytes::as_bytes("secret");
  bytes::ByteVector out;
  Envelope envelope;
  envelope.protocol = Protocol::amqp091;
  envelope.hidden = hidden;
  append_envelope_head(out, envelope);
  for (const std::string_view part : {"native", "secret"}) out.insert(out.end(), part.begin(), part.end());
  const auto parsed = parse_envelope(out);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(bytes::to_string(parsed->native), "native");
  EXPECT_EQ(bytes::to_string(parsed->hidden), "secret");
  out.resize(out.size() - 9);  // less is left than the hidden block alone takes
  out.resize(out.size() - 4);
  EXPECT_FALSE(parse_envelope(out).has_value());
}

}  // namespace
}  // namespace millrace::model

#include "gateway/kafka/convert.h"

#include <gtest/gtest.h>

#include "model/batch_builder.h"
#include "model/batch_filter.h"

namespace millrace::gateway::kafka {
namespace {

/// As a queue's publisher makes it, at the offsets from 10 on.
broker::BatchRef enveloped_batch(const std::vector<bytes::ByteView>& values) {
  bytes::ByteVector headers;
  const std::uint8_t envelope[] = {1, 0, 0};
  model::append_header(headers, bytes::as_bytes("\x01mr"), true, envelope);
  const bytes::ByteView header_part = headers;
  model::BatchBuilder builder;
  builder.start({.enveloped = true});
  for (const bytes::ByteView& value : values) {
    builder.add({.timestamp = base::Timestamp(1000),
                 .has_key = true,
                 .key = value,
                 .value_parts = {&value, 1},
                 .header_count = 1,
                 .header_parts = {&header_part, 1}});
  }
  broker::BatchRef batch;
  bytes::Slab slab = builder.finish();
  model::write_batch_prefix(slab.mutable_data(), model::Offset(10), static_cast<std::int32_t>(slab.size() - 12),
                            model::Epoch(0));
  batch.base_offset = model::Offset(10);
  batch.last_offset = model::Offset(10 + static_cast<std::int64_t>(values.size()) - 1);
  const bytes::ByteView view = slab.view();
  batch.bytes = {std::move(slab), view};
  return batch;
}

broker::BatchRef compacted(broker::BatchRef batch, const std::vector<bool>& keep) {
  const auto header = model::parse_batch_header(batch.bytes.view);
  bytes::ByteVector scratch;
  const auto records = model::records_of(*header, batch.bytes.view, scratch, base::mib(1));
  bytes::Slab slab =
      bytes::Slab::copy_of(*model::filter_batch(*header, batch.bytes.view, *records, keep, std::nullopt));
  const bytes::ByteView view = slab.view();
  batch.bytes = {std::move(slab), view};
  return batch;
}

TEST(ToClientBatch, EndsWhereTheStoredBatchEnds) {
  const std::vector<bytes::ByteView> values = {bytes::as_bytes("a"), bytes::as_bytes("b"), bytes::as_bytes("c")};
  const std::vector<std::vector<bool>> cases = {
      {true, true, true}, {true, false, false}, {false, true, false}, {false, false, true}};
  for (const std::vector<bool>& keep : cases) {
    const auto made = to_client_batch(compacted(enveloped_batch(values), keep), model::NativeCodecs());
    const auto header = model::parse_batch_header(made.bytes.view);
    ASSERT_TRUE(header.has_value());
    EXPECT_TRUE(model::batch_checksum_matches(made.bytes.view));
    EXPECT_FALSE(header->enveloped());
    EXPECT_EQ(header->last_offset_delta, 2);
    EXPECT_EQ(header->record_count, std::count(keep.begin(), keep.end(), true));
    bytes::ByteVector scratch;
    const auto records = model::records_of(*header, made.bytes.view, scratch, base::mib(1));
    ASSERT_TRUE(records.has_value());
    model::RecordCursor cursor(*records, header->record_count);
    model::RecordView record;
    for (std::size_t i = 0; i < keep.size(); ++i) {
      if (!keep[i]) continue;
      ASSERT_TRUE(cursor.next(record));
      EXPECT_EQ(record.offset_delta, static_cast<std::int32_t>(i));
      EXPECT_EQ(bytes::as_text(record.value), bytes::as_text(values[i]));
      EXPECT_EQ(record.header_count, 0);
    }
  }
}

}  // namespace
}  // namespace millrace::gateway::kafka

#include "broker/batch_records.h"

#include "base/assert.h"
#include "broker/record_reader.h"
#include "model/batch.h"
#include "model/batch_builder.h"
#include "model/envelope.h"

namespace millrace::broker {

namespace {

std::optional<model::Envelope> envelope_of(const model::RecordView& record) {
  model::HeaderCursor headers(record);
  model::HeaderView first;
  if (!headers.next(first)) return std::nullopt;
  auto envelope = model::parse_envelope(first.value);
  if (!envelope.has_value()) return std::nullopt;
  return *envelope;
}

}  // namespace

void read_traits(bytes::ByteView batch, std::vector<RecordTraits>& traits) {
  traits.clear();
  const auto header = model::parse_batch_header(batch);
  if (!header.has_value() || header->control()) return;
  bytes::ByteVector scratch;
  const auto records = model::records_of(*header, batch, scratch, base::Bytes(RecordReader::kMaxPlainBytes));
  if (!records.has_value()) return;
  model::RecordCursor cursor(*records, header->record_count);
  model::RecordView record;
  while (cursor.next(record)) {
    RecordTraits& one = traits.emplace_back();
    one.offset_delta = record.offset_delta;
    one.body_bytes = record.value.size();
    if (!header->enveloped()) continue;
    const auto envelope = envelope_of(record);
    if (!envelope.has_value()) continue;
    one.priority = envelope->priority;
    one.time_to_live = envelope->time_to_live;
  }
}

bytes::Slab keep_records(bytes::ByteView batch, const std::vector<bool>& keep) {
  const auto header = model::parse_batch_header(batch);
  MILLRACE_ASSERT(header.has_value() && header->producer_id < 0);
  MILLRACE_ASSERT(header->compression() == bytes::Compression::none);
  bytes::ByteVector scratch;
  const auto records = model::records_of(*header, batch, scratch, base::Bytes(model::kMaxBatchSize));
  MILLRACE_ASSERT(records.has_value());
  model::BatchBuilder builder;
  builder.start({.enveloped = header->enveloped(), .log_append_time = header->log_append_time()});
  model::RecordCursor cursor(*records, header->record_count);
  model::RecordView record;
  for (std::size_t i = 0; cursor.next(record); ++i) {
    if (i >= keep.size() || !keep[i]) continue;
    const auto envelope = header->enveloped() ? envelope_of(record) : std::nullopt;
    builder.add({.timestamp = base::Timestamp(header->base_timestamp.value + record.timestamp_delta),
                 .has_key = record.has_key,
                 .key = record.key,
                 .has_value = record.has_value,
                 .value_parts = {&record.value, 1},
                 .header_count = record.header_count,
                 .header_parts = {&record.headers, 1},
                 .expires = envelope.has_value() && envelope->time_to_live.has_value()});
  }
  return builder.finish();
}

}  // namespace millrace::broker

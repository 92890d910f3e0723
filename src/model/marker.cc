#include "model/marker.h"

#include "bytes/reader.h"
#include "bytes/writer.h"
#include "model/batch_builder.h"

namespace millrace::model {

namespace {

constexpr std::int16_t kMarkerVersion = 0;
constexpr std::int16_t kAborted = 0;
constexpr std::int16_t kCommitted = 1;

}  // namespace

bytes::Slab make_marker(const Marker& marker, base::Timestamp now) {
  bytes::ByteVector key;
  bytes::Writer key_out(key);
  key_out.i16(kMarkerVersion);
  key_out.i16(marker.commit ? kCommitted : kAborted);
  bytes::ByteVector value;
  bytes::Writer value_out(value);
  value_out.i16(kMarkerVersion);
  value_out.i32(marker.decider_epoch);
  const bytes::ByteView value_view(value);
  BatchBuilder builder;
  builder.start({.producer_id = marker.producer_id,
                 .producer_epoch = marker.producer_epoch,
                 .base_sequence = -1,
                 .transactional = true,
                 .control = true});
  BatchBuilder::Record record;
  record.timestamp = now;
  record.has_key = true;
  record.key = key;
  record.value_parts = {&value_view, 1};
  builder.add(record);
  return builder.finish();
}

std::optional<Marker> read_marker(bytes::ByteView batch) {
  const auto header = parse_batch_header(batch);
  if (!header.has_value() || !header->control() || header->compression() != bytes::Compression::none) {
    return std::nullopt;
  }
  bytes::ByteVector scratch;
  const auto records = records_of(*header, batch, scratch, base::Bytes(kMaxBatchSize));
  if (!records.has_value()) return std::nullopt;
  RecordCursor cursor(*records, header->record_count);
  RecordView record;
  if (!cursor.next(record) || !record.has_key || !record.has_value) return std::nullopt;
  bytes::Reader key(record.key);
  bytes::Reader value(record.value);
  if (key.i16() < kMarkerVersion) return std::nullopt;
  const std::int16_t type = key.i16();
  if (value.i16() < kMarkerVersion || (type != kAborted && type != kCommitted)) return std::nullopt;
  const Marker marker{header->producer_id, header->producer_epoch, type == kCommitted, value.i32()};
  if (!key.ok() || !value.ok()) return std::nullopt;
  return marker;
}

}  // namespace millrace::model

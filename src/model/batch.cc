#include "model/batch.h"

#include "base/assert.h"
#include "bytes/crc32c.h"
#include "bytes/endian.h"
#include "bytes/reader.h"

namespace millrace::model {

using base::fail;
using bytes::load_be;

namespace {

constexpr std::size_t kCrcStart = 21;
// A record takes at least: length, attributes, two deltas, two lengths, header count.
constexpr std::size_t kMinRecordSize = 7;

}  // namespace

Result<BatchHeader> parse_batch_header(bytes::ByteView input) {
  if (input.size() < kBatchHeaderSize) return fail(ModelErrc::truncated, "batch header is cut short");
  const std::uint8_t* p = input.data();
  BatchHeader header;
  header.base_offset = Offset(load_be<std::int64_t>(p));
  header.length = load_be<std::int32_t>(p + 8);
  header.leader_epoch = Epoch(load_be<std::int32_t>(p + 12));
  if (p[16] != 2) return fail(ModelErrc::bad_magic, "record batch magic is not 2");
  header.crc = load_be<std::uint32_t>(p + 17);
  header.attributes = load_be<std::uint16_t>(p + 21);
  header.last_offset_delta = load_be<std::int32_t>(p + 23);
  header.base_timestamp = base::Timestamp(load_be<std::int64_t>(p + 27));
  header.max_timestamp = base::Timestamp(load_be<std::int64_t>(p + 35));
  header.producer_id = load_be<std::int64_t>(p + 43);
  header.producer_epoch = load_be<std::int16_t>(p + 51);
  header.base_sequence = load_be<std::int32_t>(p + 53);
  header.record_count = load_be<std::int32_t>(p + 57);
  if (header.length < static_cast<std::int32_t>(kBatchHeaderSize - 12)) {
    return fail(ModelErrc::bad_length, "batch length is shorter than a header");
  }
  if (header.total_size() > kMaxBatchSize) return fail(ModelErrc::bad_length, "batch is longer than 128 MiB");
  if (header.total_size() > input.size()) return fail(ModelErrc::truncated, "batch is cut short");
  if (header.last_offset_delta < 0 || header.record_count < 0) {
    return fail(ModelErrc::bad_length, "negative record count or offset delta");
  }
  if (header.base_offset.value > INT64_MAX - header.last_offset_delta) {
    return fail(ModelErrc::bad_length, "offsets overflow");
  }
  return header;
}

bool batch_checksum_matches(bytes::ByteView batch) {
  if (batch.size() < kBatchHeaderSize) return false;
  return load_be<std::uint32_t>(batch.data() + 17) == bytes::crc32c(batch.subspan(kCrcStart));
}

bool is_expiring_batch(bytes::ByteView batch) {
  MILLRACE_ASSERT(batch.size() >= kBatchHeaderSize);
  return (load_be<std::uint16_t>(batch.data() + kCrcStart) & BatchHeader::kExpiring) != 0;
}

void set_append_time(std::span<std::uint8_t> batch, base::Timestamp time) {
  MILLRACE_ASSERT(batch.size() >= kBatchHeaderSize);
  constexpr std::size_t kAttributes = 21;
  constexpr std::size_t kMaxTimestamp = 35;
  constexpr std::uint16_t kAppendTime = 0x8;
  const auto attributes = load_be<std::uint16_t>(batch.data() + kAttributes);
  bytes::store_be<std::uint16_t>(batch.data() + kAttributes, attributes | kAppendTime);
  bytes::store_be<std::int64_t>(batch.data() + kMaxTimestamp, time.value);
  bytes::store_be<std::uint32_t>(batch.data() + 17, bytes::crc32c(bytes::ByteView(batch).subspan(kCrcStart)));
}

void write_batch_prefix(std::uint8_t* to, Offset base_offset, std::int32_t length, Epoch leader_epoch) {
  bytes::store_be<std::int64_t>(to, base_offset.value);
  bytes::store_be<std::int32_t>(to + 8, length);
  bytes::store_be<std::int32_t>(to + 12, leader_epoch.value);
}

RecordCursor::RecordCursor(bytes::ByteView records, std::int32_t count) : rest_(records), left_(count) {}

bool RecordCursor::next(RecordView& record) {
  if (left_ <= 0 || damaged_) return false;
  bytes::Reader outer(rest_);
  const std::int64_t length = outer.varint();
  if (!outer.ok() || length < 0) {
    damaged_ = true;
    return false;
  }
  const bytes::ByteView body = outer.view(static_cast<std::uint64_t>(length));
  bytes::Reader in(body);
  in.u8();  // attributes, unused
  record.timestamp_delta = in.varint();
  const std::int64_t offset_delta = in.varint();
  const std::int64_t key_length = in.varint();
  record.has_key = key_length >= 0;
  record.key = record.has_key ? in.view(static_cast<std::uint64_t>(key_length)) : bytes::ByteView{};
  const std::int64_t value_length = in.varint();
  record.has_value = value_length >= 0;
  record.value = record.has_value ? in.view(static_cast<std::uint64_t>(value_length)) : bytes::ByteView{};
  const std::int64_t headers = in.varint();
  record.headers = in.rest();
  // Each header takes at least two bytes.
  const bool plausible = headers >= 0 && headers <= static_cast<std::int64_t>(record.headers.size() / 2) + 1;
  if (!outer.ok() || !in.ok() || !plausible || offset_delta < 0 || offset_delta > INT32_MAX) {
    damaged_ = true;
    return false;
  }
  record.offset_delta = static_cast<std::int32_t>(offset_delta);
  record.header_count = static_cast<std::int32_t>(headers);
  rest_ = outer.rest();
  --left_;
  return true;
}

bool HeaderCursor::next(HeaderView& header) {
  if (left_ <= 0 || damaged_) return false;
  bytes::Reader in(rest_);
  const std::int64_t key_length = in.varint();
  if (key_length < 0) in.fail();
  header.key = in.view(static_cast<std::uint64_t>(key_length));
  const std::int64_t value_length = in.varint();
  header.has_value = value_length >= 0;
  header.value = header.has_value ? in.view(static_cast<std::uint64_t>(value_length)) : bytes::ByteView{};
  if (!in.ok()) {
    damaged_ = true;
    return false;
  }
  rest_ = in.rest();
  --left_;
  return true;
}

Result<bytes::ByteView> records_of(const BatchHeader& header, bytes::ByteView batch, bytes::ByteVector& scratch,
                                   base::Bytes limit) {
  const bytes::ByteView stored = batch.subspan(kBatchHeaderSize, header.total_size() - kBatchHeaderSize);
  if (header.compression() == bytes::Compression::none) return stored;
  auto plain = bytes::decompress(header.compression(), stored, limit);
  if (!plain.has_value()) {
    switch (plain.error().code) {
      case bytes::CompressionErrc::unknown_codec:
        return fail(ModelErrc::unsupported_codec, plain.error().detail);
      case bytes::CompressionErrc::too_large:
        return fail(ModelErrc::too_large, plain.error().detail);
      case bytes::CompressionErrc::damaged:
        break;
    }
    return fail(ModelErrc::bad_record, plain.error().detail);
  }
  scratch = std::move(*plain);
  return bytes::ByteView(scratch);
}

namespace {

Result<void> check_records(const BatchHeader& header, bytes::ByteView records) {
  if (!is_near(header.base_timestamp.value) || !is_near(header.max_timestamp.value)) {
    return fail(ModelErrc::bad_record, "a timestamp out of all proportion");
  }
  if (static_cast<std::size_t>(header.record_count) > records.size() / kMinRecordSize + 1) {
    return fail(ModelErrc::bad_length, "record count exceeds the batch's bytes");
  }
  RecordCursor cursor(records, header.record_count);
  RecordView record;
  std::int32_t expected = 0;
  while (cursor.next(record)) {
    if (record.offset_delta != expected++) return fail(ModelErrc::bad_record, "record offsets are not consecutive");
    if (!is_near(record.timestamp_delta)) return fail(ModelErrc::bad_record, "a timestamp out of all proportion");
    HeaderCursor headers(record);
    HeaderView one;
    while (headers.next(one)) {
    }
    if (headers.damaged() || !headers.rest().empty()) return fail(ModelErrc::bad_record, "damaged record headers");
  }
  if (cursor.damaged() || expected != header.record_count) return fail(ModelErrc::bad_record, "damaged record");
  return {};
}

}  // namespace

Result<BatchHeader> validate_client_batch(bytes::ByteView batch, base::Bytes decompressed_limit) {
  auto header = parse_batch_header(batch);
  if (!header.has_value()) return header;
  if (header->total_size() != batch.size()) return fail(ModelErrc::bad_length, "bytes follow the batch");
  if (!batch_checksum_matches(batch)) return fail(ModelErrc::bad_checksum, "batch checksum does not match");
  if ((header->attributes & ~BatchHeader::kClientAttributes) != 0 || header->control()) {
    return fail(ModelErrc::bad_record, "attribute bits that a client may not set");
  }
  if (header->record_count == 0 || header->record_count != header->last_offset_delta + 1) {
    return fail(ModelErrc::bad_length, "record count does not match the last offset delta");
  }
  bytes::ByteVector scratch;
  const auto records = records_of(*header, batch, scratch, decompressed_limit);
  if (!records.has_value()) return std::unexpected(records.error());
  if (auto checked = check_records(*header, *records); !checked.has_value()) return std::unexpected(checked.error());
  return header;
}

}  // namespace millrace::model

#include "gateway/kafka/convert.h"

#include <fmt/core.h>

#include <span>

#include "base/assert.h"
#include "bytes/crc32c.h"
#include "bytes/endian.h"
#include "model/batch.h"
#include "model/batch_builder.h"
#include "wire/kafka/legacy_message_set.h"

namespace millrace::gateway::kafka {

namespace wire = ::millrace::wire::kafka;

namespace {

// Where the fields lie: model/batch.h.
constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kChecksumAt = 17;
constexpr std::size_t kAttributesAt = 21;
constexpr std::size_t kLastDeltaAt = 23;

void renew_checksum(std::span<std::uint8_t> batch) {
  bytes::store_be<std::uint32_t>(batch.data() + kChecksumAt, bytes::crc32c(batch.subspan(kAttributesAt)));
}

}  // namespace

wire::ErrorCode convert_legacy(bytes::ByteView records, base::Bytes limit, bytes::Slab& batch) {
  const auto set = wire::decode_legacy_message_set(records, {.max_decompressed = limit});
  if (!set.has_value()) {
    return set.error().code == wire::LegacyErrc::too_large           ? wire::ErrorCode::message_too_large
           : set.error().code == wire::LegacyErrc::unsupported_codec ? wire::ErrorCode::unsupported_compression_type
                                                                     : wire::ErrorCode::corrupt_message;
  }
  if (set->messages.empty()) return wire::ErrorCode::invalid_record;
  model::BatchBuilder builder;
  builder.start({});
  for (const wire::LegacyMessage& message : set->messages) {
    if (!model::is_near(message.timestamp)) return wire::ErrorCode::invalid_timestamp;
    model::BatchBuilder::Record record;
    record.timestamp = base::Timestamp(message.timestamp);
    record.has_key = message.key.has_value();
    if (record.has_key) record.key = *message.key;
    record.has_value = message.value.has_value();
    const bytes::ByteView value = message.value.value_or(bytes::ByteView{});
    record.value_parts = {&value, 1};
    builder.add(record);
  }
  batch = builder.finish();
  return wire::ErrorCode::none;
}

bytes::Slab recompress(bytes::ByteView batch, bytes::Compression codec) {
  const auto header = model::parse_batch_header(batch);
  MILLRACE_ASSERT(header.has_value());
  bytes::ByteVector scratch;
  const auto records = model::records_of(*header, batch, scratch, base::Bytes(model::kMaxBatchSize));
  MILLRACE_ASSERT(records.has_value(), "the batch was checked");
  bytes::ByteVector compressed;
  bytes::ByteView stored = *records;
  if (codec != bytes::Compression::none) {
    auto made = bytes::compress(codec, *records);
    if (!made.has_value()) return bytes::Slab::copy_of(batch);
    compressed = std::move(*made);
    stored = compressed;
  }
  bytes::ByteVector out(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(model::kBatchHeaderSize));
  out.insert(out.end(), stored.begin(), stored.end());
  const auto attributes = static_cast<std::uint16_t>((header->attributes & ~0x7) | static_cast<std::uint16_t>(codec));
  bytes::store_be<std::int32_t>(out.data() + kLengthAt, static_cast<std::int32_t>(out.size() - 12));
  bytes::store_be<std::uint16_t>(out.data() + kAttributesAt, attributes);
  renew_checksum(out);
  return bytes::Slab::copy_of(out);
}

namespace {

/// Header values are bytes to Kafka; what is typed elsewhere becomes its text.
std::string text_of(const model::Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(double d) const { return fmt::format("{}", d); }
    std::string operator()(const std::string& s) const { return s; }
    std::string operator()(const bytes::ByteVector& b) const { return bytes::to_string(b); }
    std::string operator()(base::Timestamp t) const { return std::to_string(t.value); }
    std::string operator()(const model::ValueList& list) const {
      std::string out = "[";
      for (const auto& element : list) out += (out.size() > 1 ? "," : "") + text_of(element);
      return out + "]";
    }
    std::string operator()(const model::ValueTable& table) const {
      std::string out = "{";
      for (const auto& entry : table) out += (out.size() > 1 ? "," : "") + entry.name + "=" + text_of(entry.value);
      return out + "}";
    }
  };
  return std::visit(Visitor{}, value.data);
}

class HeaderWriter {
 public:
  explicit HeaderWriter(bytes::ByteVector& out) : out_(out) {}
  void add(std::string_view name, const std::string& value) {
    model::append_header(out_, bytes::as_bytes(name), true, bytes::as_bytes(value));
    ++count_;
  }
  void add(std::string_view name, const std::optional<std::string>& value) {
    if (value.has_value()) add(name, *value);
  }
  std::int32_t count() const { return count_; }

 private:
  bytes::ByteVector& out_;
  std::int32_t count_ = 0;
};

std::int32_t write_properties(const model::Properties& properties, bytes::ByteVector& out) {
  HeaderWriter headers(out);
  headers.add("content-type", properties.content_type);
  headers.add("content-encoding", properties.content_encoding);
  headers.add("correlation-id", properties.correlation_id);
  headers.add("reply-to", properties.reply_to);
  headers.add("message-id", properties.message_id);
  headers.add("type", properties.type);
  headers.add("user-id", properties.user_id);
  headers.add("app-id", properties.app_id);
  if (properties.priority.has_value()) headers.add("priority", std::to_string(*properties.priority));
  if (!properties.exchange.empty()) headers.add("exchange", properties.exchange);
  if (!properties.routing_key.empty()) headers.add("routing-key", properties.routing_key);
  for (const auto& header : properties.headers) headers.add(header.name, text_of(header.value));
  return headers.count();
}

/// False when the record's envelope does not parse: it is then passed on with no headers.
void add_record(model::BatchBuilder& builder, const model::BatchHeader& header, const model::RecordView& record,
                const model::NativeCodecs& codecs) {
  bytes::ByteVector headers;
  std::int32_t count = 0;
  model::HeaderCursor cursor(record);
  model::HeaderView first;
  if (cursor.next(first) && first.has_value) {
    if (const auto envelope = model::parse_envelope(first.value); envelope.has_value()) {
      if (const auto* codec = codecs.find(envelope->protocol)) {
        count = write_properties(codec->to_properties(envelope->native), headers);
      }
    }
  }
  const bytes::ByteView header_parts[] = {headers, cursor.rest()};
  builder.add({.timestamp = base::Timestamp(header.base_timestamp.value + record.timestamp_delta),
               .has_key = record.has_key,
               .key = record.key,
               .has_value = record.has_value,
               .value_parts = {&record.value, 1},
               .header_count = count + cursor.left(),
               .header_parts = header_parts,
               .offset_delta = record.offset_delta});
}

}  // namespace

broker::BatchRef to_client_batch(const broker::BatchRef& stored, const model::NativeCodecs& codecs) {
  const auto header = model::parse_batch_header(stored.bytes.view);
  MILLRACE_ASSERT(header.has_value(), "the store returned a damaged batch");
  if (!header->enveloped()) return stored;
  bytes::ByteVector scratch;
  const auto records = model::records_of(*header, stored.bytes.view, scratch, base::Bytes(model::kMaxBatchSize));
  model::BatchBuilder builder;
  builder.start({});
  if (records.has_value()) {
    model::RecordCursor cursor(*records, header->record_count);
    model::RecordView record;
    while (cursor.next(record)) add_record(builder, *header, record, codecs);
  }
  MILLRACE_ASSERT(!builder.empty(), "an enveloped batch without records");
  broker::BatchRef made = stored;
  bytes::Slab slab = builder.finish();
  // Compaction may have taken the last records: readers go on behind where the stored batch ends all the same.
  std::uint8_t* const last_delta = slab.mutable_data() + kLastDeltaAt;
  if (bytes::load_be<std::int32_t>(last_delta) != header->last_offset_delta) {
    bytes::store_be<std::int32_t>(last_delta, header->last_offset_delta);
    renew_checksum({slab.mutable_data(), slab.size()});
  }
  const bytes::ByteView view = slab.view();
  made.bytes = {std::move(slab), view};
  return made;
}

}  // namespace millrace::gateway::kafka

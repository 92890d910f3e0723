#include "gateway/amqp091/foreign.h"

#include "gateway/amqp091/native_block.h"
#include "gateway/amqp091/native_codec.h"
#include "gateway/amqp091/stream_arguments.h"
#include "wire/amqp091/arguments.h"

namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

namespace {

/// Well-formed UTF-8 without surrogates and overlong forms.
bool is_utf8(bytes::ByteView text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::uint8_t lead = text[i++];
    if (lead < 0x80) continue;
    const unsigned more = lead >= 0xF0 ? 3U : lead >= 0xE0 ? 2U : 1U;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - i < more) return false;
    const std::uint8_t second = text[i];
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return false;
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return false;
    for (unsigned n = 0; n < more; ++n, ++i) {
      if ((text[i] & 0xC0) != 0x80) return false;
    }
  }
  return true;
}

wire::FieldValue text_or_bytes(bytes::ByteView value) {
  if (is_utf8(value)) return {bytes::as_text(value)};
  return {wire::FieldBytes{bytes::ByteVector(value.begin(), value.end())}};
}

/// A property is a short string: what does not fit is left out rather than cut.
void set_text(const std::optional<std::string>& from, std::optional<std::string_view>& to) {
  if (from.has_value() && from->size() <= wire::kMaxShortstr) to = *from;
}

void add_record_headers(const broker::Delivery& delivery, wire::FieldTable& headers) {
  model::HeaderCursor cursor(delivery.record);
  model::HeaderView header;
  while (cursor.next(header)) {
    const std::string_view name = bytes::as_text(header.key);
    if (name.size() > wire::kMaxShortstr) continue;
    headers.add(name, header.has_value ? text_or_bytes(header.value) : wire::FieldValue{wire::FieldNothing{}});
  }
  if (delivery.record.has_key) headers.set(kRecordKeyHeader, text_or_bytes(delivery.record.key));
}

}  // namespace

OutgoingMessage Presenter::present(const broker::Delivery& delivery, std::string_view queue_name) {
  if (delivery.envelope.protocol == model::Protocol::amqp091) {
    if (const auto block = NativeBlock::parse(delivery.envelope.native)) {
      return {block->exchange, block->routing_key, block->properties, delivery.record.value};
    }
  }
  return present_foreign(delivery, queue_name);
}

OutgoingMessage Presenter::present(const broker::Delivery& delivery, std::string_view queue_name, QueueType type) {
  OutgoingMessage message = present(delivery, queue_name);
  if (type == QueueType::stream) {
    with_header_.clear();
    wire::append_with_header_entry(with_header_, message.properties, kStreamOffsetHeader, delivery.offset.value);
    message.properties = with_header_;
  }
  if (type != QueueType::quorum || delivery.returns == 0) return message;
  with_header_.clear();
  wire::append_with_header_entry(with_header_, message.properties, kAcquiredCountHeader, delivery.returns);
  message.properties = with_header_;
  if (delivery.failures == 0) return message;
  with_second_header_.clear();
  wire::append_with_header_entry(with_second_header_, message.properties, kDeliveryCountHeader, delivery.failures);
  message.properties = with_second_header_;
  return message;
}

OutgoingMessage Presenter::present_foreign(const broker::Delivery& delivery, std::string_view queue_name) {
  model::Properties source;
  const model::NativeCodec* codec = codecs_.find(delivery.envelope.protocol);
  if (codec != nullptr) source = codec->to_properties(delivery.envelope.native);

  wire::FieldTable headers = to_field_table(source.headers);
  add_record_headers(delivery, headers);
  const bytes::ByteVector header_content = headers.content();
  wire::BasicProperties out;
  if (!headers.empty()) out.headers = wire::FieldTableView::trusted(header_content);
  set_text(source.content_type, out.content_type);
  set_text(source.content_encoding, out.content_encoding);
  set_text(source.correlation_id, out.correlation_id);
  set_text(source.reply_to, out.reply_to);
  set_text(source.message_id, out.message_id);
  set_text(source.type, out.type);
  set_text(source.user_id, out.user_id);
  set_text(source.app_id, out.app_id);
  out.delivery_mode = delivery.envelope.persistent ? wire::kDeliveryModePersistent : wire::kDeliveryModeTransient;
  out.priority = delivery.envelope.priority;
  std::string expiration;
  if (source.time_to_live.has_value()) {
    expiration = std::to_string(source.time_to_live->value);
    out.expiration = expiration;
  }
  const base::Timestamp time = source.timestamp.value_or(delivery.timestamp);
  if (time.value >= 0) out.timestamp = static_cast<std::uint64_t>(time.value) / 1000;
  properties_.clear();
  bytes::Writer writer(properties_);
  out.encode(writer);

  exchange_ = source.exchange.size() <= wire::kMaxShortstr ? source.exchange : "";
  const bool has_key = !source.routing_key.empty() && source.routing_key.size() <= wire::kMaxShortstr;
  routing_key_ = has_key ? source.routing_key : std::string(queue_name);
  return {exchange_, routing_key_, properties_, delivery.record.value};
}

}  // namespace millrace::gateway::amqp091

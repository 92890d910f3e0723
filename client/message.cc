#include "millrace/client/message.h"

#include "wire/amqp091/properties.h"

namespace millrace::client {

namespace wire = millrace::wire::amqp091;

namespace {

using OwnedText = std::optional<std::string>;
using TextView = std::optional<std::string_view>;

/// The text properties of both forms, pair by pair.
template <class Owned, class View, class Visit>
void texts(Owned& owned, View& view, Visit visit) {
  visit(owned.content_type, view.content_type);
  visit(owned.content_encoding, view.content_encoding);
  visit(owned.correlation_id, view.correlation_id);
  visit(owned.reply_to, view.reply_to);
  visit(owned.expiration, view.expiration);
  visit(owned.message_id, view.message_id);
  visit(owned.type, view.type);
  visit(owned.user_id, view.user_id);
  visit(owned.app_id, view.app_id);
}

}  // namespace

std::string Error::to_string() const {
  return reply_code == 0 ? detail : std::to_string(reply_code) + " " + detail;
}

Result<void> encode_properties(const Properties& properties, bytes::ByteVector& out) {
  wire::BasicProperties view;
  bool fits = true;
  texts(properties, view, [&](const OwnedText& from, TextView& to) {
    if (!from.has_value()) return;
    fits = fits && from->size() <= wire::kMaxShortstr;
    to = *from;
  });
  if (!fits) return fail(Errc::bad_argument, "a property is longer than 255 bytes");
  bytes::ByteVector headers;
  if (!properties.headers.empty()) {
    headers = properties.headers.content();
    view.headers = wire::FieldTableView::trusted(headers);
  }
  if (properties.persistent) view.delivery_mode = wire::kDeliveryModePersistent;
  view.priority = properties.priority;
  view.timestamp = properties.timestamp;
  bytes::Writer writer(out);
  view.encode(writer);
  return {};
}

Result<Properties> decode_properties(bytes::ByteView block) {
  const auto view = wire::BasicProperties::decode(block);
  if (!view.has_value()) return fail(Errc::protocol_error, std::string(view.error().detail));
  Properties properties;
  texts(properties, *view, [](OwnedText& to, const TextView& from) {
    if (from.has_value()) to = std::string(*from);
  });
  if (view->headers.has_value()) properties.headers = Table::decode(*view->headers);
  properties.persistent = view->persistent();
  properties.priority = view->priority;
  properties.timestamp = view->timestamp;
  return properties;
}

}  // namespace millrace::client

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bytes/view.h"
#include "millrace/client/error.h"
#include "wire/amqp091/field_table.h"

namespace millrace::client {

/// Arguments and headers: typed entries, built as `Table{{"x-max-length", std::int32_t{10}}}`.
using Table = wire::amqp091::FieldTable;

/// Properties of a message (AMQP 0-9-1, 1.8.1), owned. Texts are at most 255 bytes.
struct Properties {
  std::optional<std::string> content_type{};
  std::optional<std::string> content_encoding{};
  Table headers{};
  /// Written as delivery mode 2; without it no delivery mode is written.
  bool persistent = false;
  std::optional<std::uint8_t> priority{};
  std::optional<std::string> correlation_id{};
  std::optional<std::string> reply_to{};
  /// Milliseconds in decimal digits.
  std::optional<std::string> expiration{};
  std::optional<std::string> message_id{};
  /// Seconds since 1970-01-01T00:00:00Z.
  std::optional<std::uint64_t> timestamp{};
  std::optional<std::string> type{};
  std::optional<std::string> user_id{};
  std::optional<std::string> app_id{};
};

/// A message as it came from the server.
struct Message {
  std::string exchange{};
  std::string routing_key{};
  Properties properties{};
  std::string body{};
};

/// A message to be settled with `delivery_tag`, from a consumer or from get().
struct Delivery {
  std::string consumer_tag{};
  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
  Message message{};
};

/// A mandatory message that no queue took.
struct Returned {
  std::uint16_t reply_code = 0;
  std::string reply_text{};
  Message message{};
};

/// Property block on the wire, and back. Encoding fails on texts over 255 bytes.
Result<void> encode_properties(const Properties& properties, bytes::ByteVector& out);
Result<Properties> decode_properties(bytes::ByteView block);

}  // namespace millrace::client

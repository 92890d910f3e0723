#pragma once

#include <optional>
#include <string_view>

#include "bytes/writer.h"
#include "wire/amqp091/field_table_view.h"

namespace millrace::wire::amqp091 {

inline constexpr std::uint8_t kDeliveryModeTransient = 1;
inline constexpr std::uint8_t kDeliveryModePersistent = 2;

/// The property block of a message without any properties: no flags.
inline constexpr std::uint8_t kEmptyPropertyBlock[] = {0, 0};

/// Properties of a message of class basic, in the order of their flags (AMQP 0-9-1, 4.2.6.1). Texts and headers are
/// views into the block they were decoded from, or whatever the writer points them to.
struct BasicProperties {
  std::optional<std::string_view> content_type{};
  std::optional<std::string_view> content_encoding{};
  std::optional<FieldTableView> headers{};
  std::optional<std::uint8_t> delivery_mode{};
  std::optional<std::uint8_t> priority{};
  std::optional<std::string_view> correlation_id{};
  std::optional<std::string_view> reply_to{};
  /// A number of milliseconds in decimal digits; not checked here.
  std::optional<std::string_view> expiration{};
  std::optional<std::string_view> message_id{};
  /// Seconds since 1970-01-01T00:00:00Z.
  std::optional<std::uint64_t> timestamp{};
  std::optional<std::string_view> type{};
  std::optional<std::string_view> user_id{};
  std::optional<std::string_view> app_id{};
  std::optional<std::string_view> cluster_id{};

  bool persistent() const { return delivery_mode == kDeliveryModePersistent; }

  /// Validates and reads a property block: the flags and the properties they announce, and nothing after them.
  static Decoded<BasicProperties> decode(bytes::ByteView block);
  /// Appends the property block.
  void encode(bytes::Writer& out) const;

  friend bool operator==(const BasicProperties&, const BasicProperties&) = default;
};

/// Appends `block`, a valid property block, with one more header of type int64; a header of that name is replaced.
void append_with_header_entry(bytes::ByteVector& out, bytes::ByteView block, std::string_view name, std::int64_t value);

/// The payload of a header frame. The block is only delimited here: BasicProperties::decode() validates it, after which
/// it can be kept and sent on byte for byte.
struct ContentHeader {
  std::uint16_t class_id = 0;
  std::uint64_t body_size = 0;
  bytes::ByteView property_block;

  static Decoded<ContentHeader> decode(bytes::ByteView payload) {
    bytes::Reader in(payload);
    ContentHeader header;
    header.class_id = in.u16();
    const std::uint16_t weight = in.u16();
    header.body_size = in.u64();
    header.property_block = in.rest();
    if (!in.ok() || in.remaining() < sizeof(std::uint16_t)) return wire_fail(WireErrc::truncated, "cut content header");
    if (weight != 0) return wire_fail(WireErrc::bad_content_header, "content header with a weight");
    return header;
  }
};

}  // namespace millrace::wire::amqp091

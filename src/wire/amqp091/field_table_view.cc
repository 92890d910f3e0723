#include "wire/amqp091/field_table_view.h"

#include <bit>

namespace millrace::wire::amqp091 {

namespace {

using bytes::ByteView;
using bytes::Reader;

/// Sizes of the fixed types; text, byte arrays, arrays and tables carry a length of 32 bits instead.
constexpr std::size_t kLengthPrefixed = SIZE_MAX;
constexpr std::size_t kUnknownTag = SIZE_MAX - 1;

constexpr std::size_t payload_size(FieldTag tag) {
  switch (tag) {
    case FieldTag::nothing:
      return 0;
    case FieldTag::boolean:
    case FieldTag::int8:
    case FieldTag::uint8:
      return 1;
    case FieldTag::int16:
    case FieldTag::uint16:
      return 2;
    case FieldTag::int32:
    case FieldTag::uint32:
    case FieldTag::float32:
      return 4;
    case FieldTag::decimal:
      return 5;
    case FieldTag::int64:
    case FieldTag::int64_alias:
    case FieldTag::float64:
    case FieldTag::timestamp:
      return 8;
    case FieldTag::text:
    case FieldTag::byte_array:
    case FieldTag::array:
    case FieldTag::table:
      return kLengthPrefixed;
  }
  return kUnknownTag;
}

constexpr WireError kBadField{WireErrc::bad_field_table, "malformed field table"};
constexpr WireError kTooDeep{WireErrc::nesting_too_deep, "field table nested too deeply"};

std::optional<WireError> validate(ByteView content, bool named, unsigned depth) {
  if (depth > kMaxFieldNesting) return kTooDeep;
  Reader in(content);
  while (!in.at_end()) {
    if (named) in.skip(in.u8());
    const FieldRef value = read_field(in);
    if (!in.ok()) return kBadField;
    if (value.tag == FieldTag::table || value.tag == FieldTag::array) {
      if (const auto error = validate(value.payload, value.tag == FieldTag::table, depth + 1)) return error;
    }
  }
  return std::nullopt;
}

}  // namespace

FieldRef read_field(Reader& in) {
  const auto tag = static_cast<FieldTag>(in.u8());
  std::size_t size = payload_size(tag);
  if (size == kLengthPrefixed) size = in.u32();
  if (size == kUnknownTag || !in.ok()) {
    in.fail();
    return {};
  }
  return {tag, in.view(size)};
}

std::optional<bool> FieldRef::as_bool() const {
  if (tag != FieldTag::boolean) return std::nullopt;
  return Reader(payload).u8() != 0;
}

std::optional<std::int64_t> FieldRef::as_int() const {
  Reader in(payload);
  switch (tag) {
    case FieldTag::int8:
      return in.i8();
    case FieldTag::uint8:
      return in.u8();
    case FieldTag::int16:
      return in.i16();
    case FieldTag::uint16:
      return in.u16();
    case FieldTag::int32:
      return in.i32();
    case FieldTag::uint32:
      return in.u32();
    case FieldTag::int64:
    case FieldTag::int64_alias:
      return in.i64();
    default:
      return std::nullopt;
  }
}

std::optional<double> FieldRef::as_double() const {
  Reader in(payload);
  if (tag == FieldTag::float32) return static_cast<double>(std::bit_cast<float>(in.u32()));
  if (tag == FieldTag::float64) return std::bit_cast<double>(in.u64());
  return std::nullopt;
}

std::optional<Decimal> FieldRef::as_decimal() const {
  if (tag != FieldTag::decimal) return std::nullopt;
  Reader in(payload);
  const std::uint8_t scale = in.u8();
  return Decimal{scale, in.u32()};
}

std::optional<std::string_view> FieldRef::as_text() const {
  if (tag != FieldTag::text) return std::nullopt;
  return bytes::as_text(payload);
}

std::optional<ByteView> FieldRef::as_byte_array() const {
  if (tag != FieldTag::byte_array) return std::nullopt;
  return payload;
}

std::optional<std::uint64_t> FieldRef::as_timestamp() const {
  if (tag != FieldTag::timestamp) return std::nullopt;
  return Reader(payload).u64();
}

std::optional<FieldTableView> FieldRef::as_table() const {
  if (tag != FieldTag::table) return std::nullopt;
  return FieldTableView::trusted(payload);
}

std::optional<FieldArrayView> FieldRef::as_array() const {
  if (tag != FieldTag::array) return std::nullopt;
  return FieldArrayView(payload);
}

Decoded<FieldTableView> FieldTableView::parse(ByteView content) {
  if (const auto error = validate(content, true, 1)) return std::unexpected(*error);
  return FieldTableView(content);
}

std::optional<FieldRef> FieldTableView::find(std::string_view name) const {
  for (const FieldEntry& entry : *this) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

std::size_t FieldTableView::count() const {
  std::size_t count = 0;
  for (auto it = begin(); it != end(); ++it) ++count;
  return count;
}

}  // namespace millrace::wire::amqp091

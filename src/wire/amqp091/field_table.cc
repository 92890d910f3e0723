#include "wire/amqp091/field_table.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace millrace::wire::amqp091 {

namespace {

using bytes::ByteView;
using bytes::Reader;
using bytes::Writer;

/// Writes what `fill` writes, behind its length in 32 bits.
template <class Fill>
void with_length(Writer& out, Fill fill) {
  const std::size_t at = out.size();
  out.u32(0);
  fill();
  const std::size_t length = out.size() - at - sizeof(std::uint32_t);
  MILLRACE_ASSERT(length <= std::numeric_limits<std::uint32_t>::max());
  out.patch_be(at, static_cast<std::uint32_t>(length));
}

void put_tag(Writer& out, FieldTag tag) {
  out.u8(static_cast<std::uint8_t>(tag));
}

void put_blob(Writer& out, FieldTag tag, ByteView blob) {
  put_tag(out, tag);
  with_length(out, [&] { out.raw(blob); });
}

template <std::integral T>
void put_number(Writer& out, FieldTag tag, T value) {
  put_tag(out, tag);
  out.be(value);
}

void put_entries(Writer& out, const FieldTable& table) {
  for (const auto& [name, value] : table.entries()) {
    out.u8(static_cast<std::uint8_t>(name.size()));
    out.text(name);
    value.encode(out);
  }
}

/// Writes type octet and value of each alternative.
struct ValueEncoder {
  Writer& out;

  void operator()(FieldNothing) const { put_tag(out, FieldTag::nothing); }
  void operator()(bool v) const { put_number(out, FieldTag::boolean, static_cast<std::uint8_t>(v ? 1 : 0)); }
  void operator()(std::int8_t v) const { put_number(out, FieldTag::int8, v); }
  void operator()(std::uint8_t v) const { put_number(out, FieldTag::uint8, v); }
  void operator()(std::int16_t v) const { put_number(out, FieldTag::int16, v); }
  void operator()(std::uint16_t v) const { put_number(out, FieldTag::uint16, v); }
  void operator()(std::int32_t v) const { put_number(out, FieldTag::int32, v); }
  void operator()(std::uint32_t v) const { put_number(out, FieldTag::uint32, v); }
  void operator()(std::int64_t v) const { put_number(out, FieldTag::int64, v); }
  void operator()(float v) const { put_number(out, FieldTag::float32, std::bit_cast<std::uint32_t>(v)); }
  void operator()(double v) const { put_number(out, FieldTag::float64, std::bit_cast<std::uint64_t>(v)); }
  void operator()(const Decimal& v) const {
    put_number(out, FieldTag::decimal, v.scale);
    out.u32(v.unscaled);
  }
  void operator()(const std::string& v) const { put_blob(out, FieldTag::text, bytes::as_bytes(v)); }
  void operator()(const FieldBytes& v) const { put_blob(out, FieldTag::byte_array, v.value); }
  void operator()(FieldTimestamp v) const { put_number(out, FieldTag::timestamp, v.seconds); }
  void operator()(const FieldArray& v) const {
    put_tag(out, FieldTag::array);
    with_length(out, [&] {
      for (const FieldValue& element : v) element.encode(out);
    });
  }
  void operator()(const FieldTable& v) const {
    put_tag(out, FieldTag::table);
    v.encode(out);
  }
};

FieldValue decode_array(const FieldRef& ref) {
  FieldArray array;
  for (const FieldRef& element : FieldArrayView(ref.payload)) array.push_back(FieldValue::decode(element));
  return array;
}

}  // namespace

FieldTable::FieldTable(std::initializer_list<Entry> entries) {
  entries_.reserve(entries.size());
  for (const Entry& entry : entries) add(entry.first, entry.second);
}

FieldTable FieldTable::decode(FieldTableView view) {
  FieldTable table;
  for (const FieldEntry& entry : view) table.add(entry.name, FieldValue::decode(entry.value));
  return table;
}

FieldTable& FieldTable::add(std::string_view name, FieldValue value) {
  MILLRACE_ASSERT(name.size() <= kMaxShortstr, "field name of {} bytes", name.size());
  entries_.emplace_back(std::string(name), std::move(value));
  return *this;
}

FieldTable& FieldTable::set(std::string_view name, FieldValue value) {
  if (FieldValue* existing = find(name)) {
    *existing = std::move(value);
    return *this;
  }
  return add(name, std::move(value));
}

bool FieldTable::erase(std::string_view name) {
  return std::erase_if(entries_, [&](const Entry& entry) { return entry.first == name; }) != 0;
}

const FieldValue* FieldTable::find(std::string_view name) const {
  const auto it = std::ranges::find(entries_, name, &Entry::first);
  return it == entries_.end() ? nullptr : &it->second;
}

FieldValue* FieldTable::find(std::string_view name) {
  const auto it = std::ranges::find(entries_, name, &Entry::first);
  return it == entries_.end() ? nullptr : &it->second;
}

bool FieldTable::empty() const {
  return entries_.empty();
}
std::size_t FieldTable::size() const {
  return entries_.size();
}

void FieldTable::encode(Writer& out) const {
  with_length(out, [&] { put_entries(out, *this); });
}

bytes::ByteVector FieldTable::content() const {
  bytes::ByteVector result;
  Writer out(result);
  put_entries(out, *this);
  return result;
}

bool operator==(const FieldTable& a, const FieldTable& b) {
  return a.entries_ == b.entries_;
}

FieldValue FieldValue::decode(const FieldRef& ref) {
  Reader in(ref.payload);
  switch (ref.tag) {
    case FieldTag::nothing:
      return FieldNothing{};
    case FieldTag::boolean:
      return in.u8() != 0;
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
    case FieldTag::float32:
      return std::bit_cast<float>(in.u32());
    case FieldTag::float64:
      return std::bit_cast<double>(in.u64());
    case FieldTag::decimal:
      return *ref.as_decimal();
    case FieldTag::text:
      return bytes::as_text(ref.payload);
    case FieldTag::byte_array:
      return FieldBytes{{ref.payload.begin(), ref.payload.end()}};
    case FieldTag::timestamp:
      return FieldTimestamp{in.u64()};
    case FieldTag::array:
      return decode_array(ref);
    case FieldTag::table:
      return FieldTable::decode(FieldTableView::trusted(ref.payload));
  }
  return FieldNothing{};
}

void FieldValue::encode(Writer& out) const {
  std::visit(ValueEncoder{out}, value_);
}

std::optional<std::int64_t> FieldValue::as_int() const {
  return std::visit(
      [](const auto& v) -> std::optional<std::int64_t> {
        using T = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::integral<T> && !std::same_as<T, bool>) {
          return static_cast<std::int64_t>(v);
        } else {
          return std::nullopt;
        }
      },
      value_);
}

}  // namespace millrace::wire::amqp091

#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/assert.h"
#include "bytes/reader.h"
#include "bytes/writer.h"
#include "wire/amqp091/field_table_view.h"

// How single arguments of methods and properties are read and written (AMQP 0-9-1, 4.2.5). Writing goes through a plain
// pointer into room that the caller sized with the *_size() functions; those assert the limits of the types.
namespace millrace::wire::amqp091 {

inline std::string_view read_shortstr(bytes::Reader& in) {
  return in.text(in.u8());
}
inline std::string_view read_longstr(bytes::Reader& in) {
  return in.text(in.u32());
}

inline constexpr WireError kNoTableError{WireErrc::truncated, "arguments end too early"};

/// Reads a length and a table. Failing over the content it fails `in` and says why in `error`.
inline FieldTableView read_table(bytes::Reader& in, WireError& error) {
  const std::uint32_t size = in.u32();
  if (size == 0) return {};
  const bytes::ByteView content = in.view(size);
  const auto table = FieldTableView::parse(content);
  if (table.has_value()) return *table;
  error = table.error();
  in.fail();
  return {};
}

/// True when the arguments were read without failing and nothing is left.
inline bool all_read(const bytes::Reader& in) {
  return in.ok() && in.at_end();
}

/// Why all_read() is false.
inline WireError arguments_error(const bytes::Reader& in, WireError when_failed = kNoTableError) {
  if (!in.ok()) return when_failed;
  return {WireErrc::trailing_bytes, "bytes after the last argument"};
}

inline std::size_t shortstr_size(std::string_view text) {
  MILLRACE_ASSERT(text.size() <= kMaxShortstr, "short string of {} bytes", text.size());
  return 1 + text.size();
}

/// A text for people, cut to what a short string holds, never inside a UTF-8 sequence.
inline std::string_view cut_prose(std::string_view text) {
  if (text.size() <= kMaxShortstr) return text;
  std::size_t size = kMaxShortstr;
  while (size > 0 && (static_cast<std::uint8_t>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}
inline std::size_t prose_size(std::string_view text) {
  return 1 + cut_prose(text).size();
}

inline std::size_t longstr_size(std::string_view text) {
  MILLRACE_ASSERT(text.size() <= std::numeric_limits<std::uint32_t>::max());
  return sizeof(std::uint32_t) + text.size();
}
inline std::size_t table_size(FieldTableView table) {
  return longstr_size(bytes::as_text(table.content()));
}

template <std::integral T>
std::uint8_t* put_int(std::uint8_t* to, T value) {
  bytes::store_be(to, value);
  return to + sizeof(T);
}
inline std::uint8_t* put_raw(std::uint8_t* to, std::string_view text) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}
inline std::uint8_t* put_shortstr(std::uint8_t* to, std::string_view text) {
  return put_raw(put_int(to, static_cast<std::uint8_t>(text.size())), text);
}
inline std::uint8_t* put_prose(std::uint8_t* to, std::string_view text) {
  return put_shortstr(to, cut_prose(text));
}
inline std::uint8_t* put_longstr(std::uint8_t* to, std::string_view text) {
  return put_raw(put_int(to, static_cast<std::uint32_t>(text.size())), text);
}
inline std::uint8_t* put_table(std::uint8_t* to, FieldTableView table) {
  return put_longstr(to, bytes::as_text(table.content()));
}

/// Consecutive bits share an octet, the first in the lowest place.
template <std::same_as<bool>... Bits>
std::uint8_t* put_bits(std::uint8_t* to, Bits... bits) {
  static_assert(sizeof...(bits) <= 8);
  unsigned octet = 0;
  unsigned place = 0;
  ((octet |= (bits ? 1U : 0U) << place++), ...);
  return put_int(to, static_cast<std::uint8_t>(octet));
}

}  // namespace millrace::wire::amqp091

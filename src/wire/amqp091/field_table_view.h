#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "bytes/reader.h"
#include "wire/amqp091/error.h"

namespace millrace::wire::amqp091 {

/// Type octets of field values. This is the dialect that RabbitMQ and its clients speak, which differs from
/// AMQP 0-9-1, 4.2.1, in several letters.
enum class FieldTag : std::uint8_t {
  boolean = 't',
  int8 = 'b',
  uint8 = 'B',
  int16 = 's',
  uint16 = 'u',
  int32 = 'I',
  uint32 = 'i',
  int64 = 'l',
  int64_alias = 'L',  // read as int64, never written
  float32 = 'f',
  float64 = 'd',
  decimal = 'D',
  text = 'S',
  byte_array = 'x',
  array = 'A',
  timestamp = 'T',
  table = 'F',
  nothing = 'V',
};

/// How deep tables and arrays may nest, the outermost counted as 1.
inline constexpr unsigned kMaxFieldNesting = 64;

/// `scale` digits of `unscaled` stand after the decimal point.
struct Decimal {
  std::uint8_t scale = 0;
  std::uint32_t unscaled = 0;
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

class FieldTableView;
class FieldArrayView;

/// One field value inside received bytes. Accessors answer nothing when the value has another type.
struct FieldRef {
  FieldTag tag = FieldTag::nothing;
  /// The value's octets without the type octet and without the length of the types that carry one.
  bytes::ByteView payload;

  bool is_nothing() const { return tag == FieldTag::nothing; }
  std::optional<bool> as_bool() const;
  /// Any of the integer types; signed and unsigned ones all fit.
  std::optional<std::int64_t> as_int() const;
  std::optional<double> as_double() const;
  std::optional<Decimal> as_decimal() const;
  /// Long strings only; byte arrays are asked for with as_byte_array().
  std::optional<std::string_view> as_text() const;
  std::optional<bytes::ByteView> as_byte_array() const;
  /// Seconds since 1970-01-01T00:00:00Z.
  std::optional<std::uint64_t> as_timestamp() const;
  std::optional<FieldTableView> as_table() const;
  std::optional<FieldArrayView> as_array() const;
};

struct FieldEntry {
  std::string_view name;
  FieldRef value;
};

/// Reads one type octet and value without looking into nested ones; fails `in` at an unknown type or a bad length.
FieldRef read_field(bytes::Reader& in);

/// Walks the entries of a table, or the values of an array.
template <class Entry>
class FieldIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Entry;
  using difference_type = std::ptrdiff_t;
  using pointer = const Entry*;
  using reference = const Entry&;

  FieldIterator() = default;
  explicit FieldIterator(bytes::ByteView bytes) : rest_(bytes), done_(false) { step(); }

  const Entry& operator*() const { return entry_; }
  const Entry* operator->() const { return &entry_; }
  FieldIterator& operator++() {
    step();
    return *this;
  }
  void operator++(int) { step(); }
  friend bool operator==(const FieldIterator& it, std::default_sentinel_t) { return it.done_; }

 private:
  void step() {
    if (rest_.at_end()) {
      done_ = true;
      return;
    }
    if constexpr (std::is_same_v<Entry, FieldEntry>) {
      entry_.name = rest_.text(rest_.u8());
      entry_.value = read_field(rest_);
    } else {
      entry_ = read_field(rest_);
    }
    done_ = !rest_.ok();
  }

  bytes::Reader rest_;
  Entry entry_{};
  bool done_ = true;
};

/// A validated field table inside bytes that somebody else owns: nothing is copied and nothing allocated.
///
/// Names may occur more than once, as RabbitMQ allows; the first one counts for find(). Two views are equal when their
/// bytes are.
class FieldTableView {
 public:
  FieldTableView() = default;

  /// Validates the entries in `content` (without the length that stands before a table), nested ones included.
  static Decoded<FieldTableView> parse(bytes::ByteView content);
  /// For content known to be valid, such as what FieldTable::content() returns.
  static FieldTableView trusted(bytes::ByteView content) { return FieldTableView(content); }

  bool empty() const { return content_.empty(); }
  bytes::ByteView content() const { return content_; }
  FieldIterator<FieldEntry> begin() const { return FieldIterator<FieldEntry>(content_); }
  std::default_sentinel_t end() const { return std::default_sentinel; }
  std::optional<FieldRef> find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }
  std::size_t count() const;

  friend bool operator==(FieldTableView a, FieldTableView b) { return bytes::equal(a.content_, b.content_); }

 private:
  explicit FieldTableView(bytes::ByteView content) : content_(content) {}
  bytes::ByteView content_;
};

/// The values of an array inside a validated table.
class FieldArrayView {
 public:
  FieldArrayView() = default;
  explicit FieldArrayView(bytes::ByteView content) : content_(content) {}

  bool empty() const { return content_.empty(); }
  bytes::ByteView content() const { return content_; }
  FieldIterator<FieldRef> begin() const { return FieldIterator<FieldRef>(content_); }
  std::default_sentinel_t end() const { return std::default_sentinel; }

 private:
  bytes::ByteView content_;
};

}  // namespace millrace::wire::amqp091

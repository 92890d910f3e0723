#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bytes/writer.h"
#include "wire/amqp091/field_table_view.h"

namespace millrace::wire::amqp091 {

class FieldValue;

/// The type V, a value that is present and empty.
struct FieldNothing {
  friend bool operator==(FieldNothing, FieldNothing) = default;
};
/// Seconds since 1970-01-01T00:00:00Z.
struct FieldTimestamp {
  std::uint64_t seconds = 0;
  friend bool operator==(FieldTimestamp, FieldTimestamp) = default;
};
/// The type x, apart from text.
struct FieldBytes {
  bytes::ByteVector value;
  friend bool operator==(const FieldBytes&, const FieldBytes&) = default;
};

using FieldArray = std::vector<FieldValue>;

/// An owned field table: entries in wire order, for building tables and for keeping them beyond their frame.
///
/// decode(view).content() gives back the same bytes, but for two spellings that RabbitMQ unifies too: the type L
/// becomes l, and a true other than 1 becomes 1. An owned value takes up to fifty times its wire size (type V), so
/// decode only what a frame limit has bounded.
class FieldTable {
 public:
  using Entry = std::pair<std::string, FieldValue>;

  FieldTable() = default;
  FieldTable(std::initializer_list<Entry> entries);

  static FieldTable decode(FieldTableView view);

  /// Appends an entry; a name is at most 255 bytes. Does not look for an earlier one of the same name.
  FieldTable& add(std::string_view name, FieldValue value);
  /// Replaces the first entry of this name, or appends one.
  FieldTable& set(std::string_view name, FieldValue value);
  /// Removes all entries of this name; true when there were any.
  bool erase(std::string_view name);
  const FieldValue* find(std::string_view name) const;
  FieldValue* find(std::string_view name);

  bool empty() const;
  std::size_t size() const;
  const std::vector<Entry>& entries() const { return entries_; }

  /// Writes length and content, as tables stand in methods and headers.
  void encode(bytes::Writer& out) const;
  /// The content alone, for FieldTableView::trusted().
  bytes::ByteVector content() const;

  friend bool operator==(const FieldTable& a, const FieldTable& b);

 private:
  std::vector<Entry> entries_;
};

using FieldVariant = std::variant<FieldNothing, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t,
                                  std::int32_t, std::uint32_t, std::int64_t, float, double, Decimal, std::string,
                                  FieldBytes, FieldTimestamp, FieldArray, FieldTable>;

template <class T, class Variant>
inline constexpr bool kIsAlternative = false;
template <class T, class... Ts>
inline constexpr bool kIsAlternative<T, std::variant<Ts...>> = (std::is_same_v<T, Ts> || ...);

/// Exactly one of the types that a field can hold; there are no implicit conversions between numbers.
template <class T>
concept FieldAlternative = kIsAlternative<std::remove_cvref_t<T>, FieldVariant>;

/// One owned value of any type that a field can have. The alternative's C++ type decides the type on the wire.
class FieldValue {
 public:
  FieldValue() = default;
  FieldValue(std::string_view text) : value_(std::in_place_type<std::string>, text) {}
  FieldValue(const char* text) : value_(std::in_place_type<std::string>, text) {}
  template <FieldAlternative T>
  FieldValue(T&& value) : value_(std::in_place_type<std::remove_cvref_t<T>>, std::forward<T>(value)) {}

  static FieldValue decode(const FieldRef& ref);
  void encode(bytes::Writer& out) const;

  const FieldVariant& variant() const { return value_; }
  /// The value when it is exactly a T, else null.
  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&value_);
  }
  template <class T>
  T* get_if() {
    return std::get_if<T>(&value_);
  }
  /// Any of the integer types.
  std::optional<std::int64_t> as_int() const;

  friend bool operator==(const FieldValue& a, const FieldValue& b) = default;

 private:
  FieldVariant value_;
};

}  // namespace millrace::wire::amqp091

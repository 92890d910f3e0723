#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/view.h"

namespace millrace::model {

// The comparable form of a header's value: two values are equal for header matching exactly when their bytes are.
// Numbers are equal by value, whatever their type (an integral double is an integer, a time its number); texts and
// byte strings are equal by their bytes. What a list or a table holds is equal by type and value.

void append_comparable(bytes::ByteVector& out, bool value);
void append_comparable(bytes::ByteVector& out, std::int64_t value);
void append_comparable(bytes::ByteVector& out, double value);
void append_comparable(bytes::ByteVector& out, bytes::ByteView text);
void append_comparable_nothing(bytes::ByteVector& out);
/// For anything else: `kind` tells it apart from every other form; at least kFirstForeignKind.
void append_comparable_foreign(bytes::ByteVector& out, std::uint8_t kind, bytes::ByteView content);
constexpr std::uint8_t kFirstForeignKind = 16;

/// One condition of a binding.
struct HeaderTerm {
  std::string name;
  /// Any value will do.
  bool present = false;
  /// In comparable form; empty when `present`.
  bytes::ByteVector value;
  friend bool operator==(const HeaderTerm&, const HeaderTerm&) = default;
};

/// What a binding asks of a message's headers: all of its terms, or any of them. Without terms, `all` fits every
/// message and `any` none.
struct HeaderMatch {
  bool any = false;
  std::vector<HeaderTerm> terms;
  friend bool operator==(const HeaderMatch&, const HeaderMatch&) = default;
};

/// The headers of one message in comparable form. Kept and reused: filling it again costs no allocation.
class HeaderList {
 public:
  struct Header {
    std::string_view name;
    bytes::ByteView value;
  };

  void clear();
  /// The value is whatever is appended to the vector returned, up to the next call. `name` must outlive the list's use.
  bytes::ByteVector& add(std::string_view name);
  std::size_t size() const { return entries_.size(); }
  Header operator[](std::size_t index) const;
  /// One of this name; the first when it is there several times.
  bool find(std::string_view name, bytes::ByteView& value) const;

 private:
  struct Entry {
    std::string_view name;
    std::size_t begin;
  };
  // More headers than this are found by a sorted index.
  static constexpr std::size_t kSearched = 16;

  std::vector<Entry> entries_;
  bytes::ByteVector values_;
  mutable std::vector<std::uint32_t> by_name_;  // made by the first find() that needs it
};

}  // namespace millrace::model

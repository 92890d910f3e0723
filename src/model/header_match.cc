#include "model/header_match.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/assert.h"
#include "bytes/writer.h"

namespace millrace::model {

namespace {

enum class Kind : std::uint8_t { nothing = 1, boolean = 2, integer = 3, fraction = 4, text = 5 };

void put_kind(bytes::ByteVector& out, Kind kind) {
  out.push_back(static_cast<std::uint8_t>(kind));
}

}  // namespace

void append_comparable(bytes::ByteVector& out, bool value) {
  put_kind(out, Kind::boolean);
  out.push_back(value ? 1 : 0);
}

void append_comparable(bytes::ByteVector& out, std::int64_t value) {
  put_kind(out, Kind::integer);
  bytes::Writer(out).i64(value);
}

void append_comparable(bytes::ByteVector& out, double value) {
  constexpr double kEnd = 9223372036854775808.0;  // 2^63
  if (value >= -kEnd && value < kEnd && std::trunc(value) == value) {
    return append_comparable(out, static_cast<std::int64_t>(value));
  }
  put_kind(out, Kind::fraction);
  bytes::Writer(out).u64(std::bit_cast<std::uint64_t>(value));
}

void append_comparable(bytes::ByteVector& out, bytes::ByteView text) {
  put_kind(out, Kind::text);
  bytes::Writer(out).raw(text);
}

void append_comparable_nothing(bytes::ByteVector& out) {
  put_kind(out, Kind::nothing);
}

void append_comparable_foreign(bytes::ByteVector& out, std::uint8_t kind, bytes::ByteView content) {
  MILLRACE_ASSERT(kind >= kFirstForeignKind);
  out.push_back(kind);
  bytes::Writer(out).raw(content);
}

void HeaderList::clear() {
  entries_.clear();
  values_.clear();
  by_name_.clear();
}

bytes::ByteVector& HeaderList::add(std::string_view name) {
  entries_.push_back({name, values_.size()});
  return values_;
}

HeaderList::Header HeaderList::operator[](std::size_t index) const {
  const std::size_t end = index + 1 < entries_.size() ? entries_[index + 1].begin : values_.size();
  const Entry& entry = entries_[index];
  return {entry.name, bytes::ByteView(values_).subspan(entry.begin, end - entry.begin)};
}

bool HeaderList::find(std::string_view name, bytes::ByteView& value) const {
  if (entries_.size() <= kSearched) {
    const auto it = std::ranges::find(entries_, name, &Entry::name);
    if (it == entries_.end()) return false;
    value = (*this)[static_cast<std::size_t>(it - entries_.begin())].value;
    return true;
  }
  const auto name_at = [this](std::uint32_t index) { return entries_[index].name; };
  if (by_name_.size() != entries_.size()) {
    by_name_.resize(entries_.size());
    std::iota(by_name_.begin(), by_name_.end(), 0U);
    std::ranges::sort(by_name_, {}, [&](std::uint32_t index) { return std::pair(name_at(index), index); });
  }
  const auto it = std::ranges::lower_bound(by_name_, name, {}, name_at);
  if (it == by_name_.end() || name_at(*it) != name) return false;
  value = (*this)[*it].value;
  return true;
}

}  // namespace millrace::model

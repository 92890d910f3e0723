#pragma once

#include <cstdint>
#include <string_view>

#include "bytes/endian.h"
#include "bytes/varint.h"
#include "bytes/view.h"

namespace millrace::bytes {

/// Reads values out of a byte view without ever reading past its end.
///
/// A read past the end fails the reader: it returns a zero or empty value, and ok() stays false from then on; so a
/// decoder reads a whole structure and asks ok() once. Views returned point into the input; nothing is copied.
class Reader {
 public:
  Reader() = default;
  explicit Reader(ByteView input) : at_(input.data()), end_(input.data() + input.size()) {}

  bool ok() const { return ok_; }
  void fail() {
    ok_ = false;
    at_ = end_;
  }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  bool at_end() const { return at_ == end_; }
  /// What has not been read yet.
  ByteView rest() const { return {at_, remaining()}; }

  template <std::integral T>
  T be() {
    if (remaining() < sizeof(T)) [[unlikely]] {
      fail();
      return T{};
    }
    const T value = load_be<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  std::uint8_t u8() { return be<std::uint8_t>(); }
  std::int8_t i8() { return be<std::int8_t>(); }
  std::uint16_t u16() { return be<std::uint16_t>(); }
  std::int16_t i16() { return be<std::int16_t>(); }
  std::uint32_t u32() { return be<std::uint32_t>(); }
  std::int32_t i32() { return be<std::int32_t>(); }
  std::uint64_t u64() { return be<std::uint64_t>(); }
  std::int64_t i64() { return be<std::int64_t>(); }

  /// Unsigned varint of at most 64 bits; a longer one fails.
  std::uint64_t uvarint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) break;
      const std::uint8_t byte = *at_++;
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail();
    return 0;
  }
  std::int64_t varint() { return unzigzag(uvarint()); }

  /// The next `count` bytes; fails when fewer remain.
  ByteView view(std::uint64_t count) {
    if (remaining() < count) [[unlikely]] {
      fail();
      return {};
    }
    const ByteView result(at_, static_cast<std::size_t>(count));
    at_ += count;
    return result;
  }
  std::string_view text(std::uint64_t count) { return as_text(view(count)); }
  void skip(std::uint64_t count) { (void)view(count); }

 private:
  const std::uint8_t* at_ = nullptr;
  const std::uint8_t* end_ = nullptr;
  bool ok_ = true;
};

}  // namespace millrace::bytes

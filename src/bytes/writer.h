#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/assert.h"
#include "bytes/endian.h"
#include "bytes/varint.h"
#include "bytes/view.h"

namespace millrace::bytes {

/// Appends values to a byte vector that the caller owns (and may reuse, to save allocations).
class Writer {
 public:
  explicit Writer(ByteVector& out) : out_(out) {}

  std::size_t size() const { return out_.size(); }
  ByteVector& out() { return out_; }

  template <std::integral T>
  void be(T value) {
    store_be<T>(grow(sizeof(T)), value);
  }
  void u8(std::uint8_t v) { out_.push_back(v); }
  void i8(std::int8_t v) { out_.push_back(static_cast<std::uint8_t>(v)); }
  void u16(std::uint16_t v) { be(v); }
  void i16(std::int16_t v) { be(v); }
  void u32(std::uint32_t v) { be(v); }
  void i32(std::int32_t v) { be(v); }
  void u64(std::uint64_t v) { be(v); }
  void i64(std::int64_t v) { be(v); }
  void uvarint(std::uint64_t v) {
    std::uint8_t buffer[kMaxVarintSize];
    raw({buffer, static_cast<std::size_t>(put_uvarint(buffer, v) - buffer)});
  }
  void varint(std::int64_t v) { uvarint(zigzag(v)); }
  void raw(ByteView view) {
    if (!view.empty()) std::memcpy(grow(view.size()), view.data(), view.size());
  }
  void text(std::string_view view) { raw(as_bytes(view)); }

  /// Overwrites an integer written before, for lengths known only afterwards.
  template <std::integral T>
  void patch_be(std::size_t position, T value) {
    MILLRACE_ASSERT(position + sizeof(T) <= out_.size());
    store_be<T>(out_.data() + position, value);
  }
  /// Adds `count` uninitialised-by-meaning bytes and returns where they begin; valid until the next write.
  std::uint8_t* grow(std::size_t count) {
    const std::size_t before = out_.size();
    out_.resize(before + count);
    return out_.data() + before;
  }

 private:
  ByteVector& out_;
};

}  // namespace millrace::bytes

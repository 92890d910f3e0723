#include "wire/kafka/primitives.h"

#include <algorithm>
#include <limits>

namespace millrace::wire::kafka {

Uuid Decoder::uuid() {
  Uuid result;
  const bytes::ByteView view = in_.view(result.value.size());
  std::copy(view.begin(), view.end(), result.value.begin());
  return result;
}

std::uint32_t Decoder::uvarint32() {
  const std::uint64_t value = in_.uvarint();
  if (value > std::numeric_limits<std::uint32_t>::max()) {
    in_.fail();
    return 0;
  }
  return static_cast<std::uint32_t>(value);
}

// The length of a value that can be null: -1, or 0 in the compact form, which is one more than the length.
namespace {
constexpr std::int64_t kNull = -1;
}

std::optional<Text> Decoder::nullable_text() {
  const std::int64_t length = flexible_ ? std::int64_t{uvarint32()} - 1 : std::int64_t{in_.i16()};
  if (length == kNull) return std::nullopt;
  if (length < 0 || length > std::int64_t{kMaxStringLength}) {
    in_.fail();
    return Text{};
  }
  return Text(in_.text(static_cast<std::uint64_t>(length)));
}

std::optional<bytes::ByteView> Decoder::nullable_blob() {
  const std::int64_t length = flexible_ ? std::int64_t{uvarint32()} - 1 : std::int64_t{in_.i32()};
  if (length == kNull) return std::nullopt;
  if (length < 0) {
    in_.fail();
    return bytes::ByteView{};
  }
  return in_.view(static_cast<std::uint64_t>(length));
}

std::optional<std::size_t> Decoder::array_count(std::size_t min_wire_size, std::size_t memory_size) {
  const std::int64_t count = flexible_ ? std::int64_t{uvarint32()} - 1 : std::int64_t{in_.i32()};
  if (!in_.ok()) return 0;
  if (count == kNull) return std::nullopt;
  const auto elements = static_cast<std::uint64_t>(count);
  if (count < 0 || elements > in_.remaining() / min_wire_size || elements > array_budget_ / memory_size) {
    in_.fail();
    return 0;
  }
  array_budget_ -= elements * memory_size;
  return elements;
}

void Encoder::text(Text value) {
  MILLRACE_ASSERT(value.size() <= kMaxStringLength, "a string of {} bytes cannot be sent", value.size());
  if (flexible_) {
    out_.uvarint(value.size() + 1);
  } else {
    out_.i16(static_cast<std::int16_t>(value.size()));
  }
  out_.text(value);
}

void Encoder::nullable_text(const std::optional<Text>& value) {
  if (value) {
    text(*value);
  } else if (flexible_) {
    out_.u8(0);
  } else {
    out_.i16(-1);
  }
}

void Encoder::byte_length(std::size_t value) {
  MILLRACE_ASSERT(value < std::size_t{std::numeric_limits<std::int32_t>::max()});
  if (flexible_) {
    out_.uvarint(value + 1);
  } else {
    out_.i32(static_cast<std::int32_t>(value));
  }
}

void Encoder::count(std::size_t value) {
  byte_length(value);
}

void Encoder::null() {
  if (flexible_) {
    out_.u8(0);
  } else {
    out_.i32(-1);
  }
}

void Encoder::blob(bytes::ByteView value) {
  byte_length(value.size());
  out_.raw(value);
}

void Encoder::nullable_blob(const std::optional<bytes::ByteView>& value) {
  if (value) {
    blob(*value);
  } else {
    null();
  }
}

void Encoder::records(const Records& value) {
  byte_length(value.size());
  if (!value.is_detached()) return out_.raw(value.view());
  MILLRACE_ASSERT(splices_ != nullptr, "detached records need somewhere to tell their place");
  splices_->push_back({out_.size(), static_cast<std::uint32_t>(value.size()), value.token()});
}

void Encoder::nullable_records(const std::optional<Records>& value) {
  if (value) {
    records(*value);
  } else {
    null();
  }
}

void Encoder::insert_size_before(std::size_t begin) {
  const std::size_t size = out_.size() - begin;
  const std::size_t size_at = out_.size();
  out_.uvarint(size);
  auto& output = out_.out();
  std::rotate(output.begin() + static_cast<std::ptrdiff_t>(begin),
              output.begin() + static_cast<std::ptrdiff_t>(size_at), output.end());
}

}  // namespace millrace::wire::kafka

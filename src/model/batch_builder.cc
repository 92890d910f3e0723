#include "model/batch_builder.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "bytes/crc32c.h"
#include "bytes/endian.h"
#include "bytes/varint.h"

namespace millrace::model {

using bytes::put_uvarint;
using bytes::put_varint;
using bytes::store_be;

namespace {

constexpr std::size_t kFirstCapacity = 1024;

std::size_t total(std::span<const bytes::ByteView> parts) {
  std::size_t size = 0;
  for (const auto& part : parts) size += part.size();
  return size;
}

std::uint8_t* put(std::uint8_t* to, std::span<const bytes::ByteView> parts) {
  for (const auto& part : parts) {
    if (part.empty()) continue;
    std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  return to;
}

}  // namespace

void BatchBuilder::start(const Options& options) {
  MILLRACE_ASSERT(empty());
  options_ = options;
  used_ = 0;
  last_delta_ = -1;
  expiring_ = false;
}

std::uint8_t* BatchBuilder::reserve(std::size_t size) {
  if (used_ + size > slab_.size()) {
    const std::size_t capacity = std::max({kFirstCapacity, 2 * slab_.size(), used_ + size});
    bytes::Slab larger = bytes::Slab::allocate(capacity);
    if (used_ > 0) std::memcpy(larger.mutable_data(), slab_.data(), used_);
    slab_ = std::move(larger);
  }
  return slab_.mutable_data() + used_;
}

void BatchBuilder::add(const Record& record) {
  if (count_ == 0) {
    reserve(kBatchHeaderSize);
    used_ = kBatchHeaderSize;
    base_timestamp_ = record.timestamp;
    max_timestamp_ = record.timestamp;
  }
  max_timestamp_ = std::max(max_timestamp_, record.timestamp);
  const std::int32_t delta = record.offset_delta < 0 ? last_delta_ + 1 : record.offset_delta;
  MILLRACE_ASSERT(delta > last_delta_);
  last_delta_ = delta;
  expiring_ = expiring_ || record.expires;

  const std::int64_t key_length = record.has_key ? static_cast<std::int64_t>(record.key.size()) : -1;
  const std::size_t value_size = total(record.value_parts);
  const std::int64_t value_length = record.has_value ? static_cast<std::int64_t>(value_size) : -1;
  const std::size_t headers_size = total(record.header_parts);
  const std::int64_t timestamp_delta = record.timestamp.value - base_timestamp_.value;
  const std::size_t body = 1 + bytes::varint_size(timestamp_delta) + bytes::varint_size(delta) +
                           bytes::varint_size(key_length) + (record.has_key ? record.key.size() : 0) +
                           bytes::varint_size(value_length) + (record.has_value ? value_size : 0) +
                           bytes::varint_size(record.header_count) + headers_size;
  std::uint8_t* const begin = reserve(body + bytes::kMaxVarintSize);
  std::uint8_t* to = put_varint(begin, static_cast<std::int64_t>(body));
  *to++ = 0;
  to = put_varint(to, timestamp_delta);
  to = put_varint(to, delta);
  to = put_varint(to, key_length);
  if (record.has_key) to = put(to, {&record.key, 1});
  to = put_varint(to, value_length);
  if (record.has_value) to = put(to, record.value_parts);
  to = put_varint(to, record.header_count);
  to = put(to, record.header_parts);
  used_ += static_cast<std::size_t>(to - begin);
  ++count_;
}

bytes::Slab BatchBuilder::finish() {
  MILLRACE_ASSERT(!empty());
  std::uint8_t* p = slab_.mutable_data();
  const auto length = static_cast<std::int32_t>(used_ - 12);
  write_batch_prefix(p, Offset(0), length, Epoch(0));
  p[16] = 2;
  std::uint16_t attributes = 0;
  if (options_.log_append_time) attributes |= 0x8;
  if (options_.transactional) attributes |= 0x10;
  if (options_.control) attributes |= 0x20;
  if (options_.enveloped) attributes |= BatchHeader::kEnveloped;
  if (expiring_) attributes |= BatchHeader::kExpiring;
  store_be<std::uint16_t>(p + 21, attributes);
  store_be<std::int32_t>(p + 23, last_delta_);
  store_be<std::int64_t>(p + 27, base_timestamp_.value);
  store_be<std::int64_t>(p + 35, max_timestamp_.value);
  store_be<std::int64_t>(p + 43, options_.producer_id);
  store_be<std::int16_t>(p + 51, options_.producer_epoch);
  store_be<std::int32_t>(p + 53, options_.base_sequence);
  store_be<std::int32_t>(p + 57, count_);
  store_be<std::uint32_t>(p + 17, bytes::crc32c({p + 21, used_ - 21}));
  // The buffer is usually larger than the batch: give long-lived small batches their exact size.
  bytes::Slab sealed;
  if (slab_.size() > used_)
    sealed = bytes::Slab::copy_of({p, used_});
  else
    sealed = std::exchange(slab_, bytes::Slab());
  count_ = 0;
  used_ = 0;
  last_delta_ = -1;
  return sealed;
}

void append_header(bytes::ByteVector& out, bytes::ByteView key, bool has_value, bytes::ByteView value) {
  std::uint8_t buffer[bytes::kMaxVarintSize];
  const auto put_number = [&](std::int64_t n) { out.insert(out.end(), buffer, put_varint(buffer, n)); };
  put_number(static_cast<std::int64_t>(key.size()));
  out.insert(out.end(), key.begin(), key.end());
  put_number(has_value ? static_cast<std::int64_t>(value.size()) : -1);
  if (has_value) out.insert(out.end(), value.begin(), value.end());
}

}  // namespace millrace::model

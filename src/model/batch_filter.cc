#include "model/batch_filter.h"

#include <algorithm>

#include "base/assert.h"
#include "bytes/crc32c.h"
#include "bytes/reader.h"
#include "bytes/writer.h"

namespace millrace::model {

namespace {

constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kAttributesAt = 21;
constexpr std::size_t kBaseTimestampAt = 27;
constexpr std::size_t kMaxTimestampAt = 35;
constexpr std::size_t kCountAt = 57;

/// Copies the records that stay, with their times counted from another base.
class RecordFilter {
 public:
  RecordFilter(std::int64_t old_base, std::int64_t new_base, bytes::ByteVector& out)
      : old_base_(old_base), new_base_(new_base), writer_(out) {}

  /// False when the record is damaged.
  bool next(bytes::Reader& in, bool keep) {
    const std::int64_t length = in.varint();
    if (!in.ok() || length < 0) return false;
    bytes::Reader record(in.view(static_cast<std::uint64_t>(length)));
    const std::uint8_t attributes = record.u8();
    // Clients choose times freely: these sums may wrap.
    const auto time =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(old_base_) + static_cast<std::uint64_t>(record.varint()));
    const bytes::ByteView rest = record.rest();
    if (!in.ok() || !record.ok()) return false;
    if (!keep) return true;
    max_time_ = count_ == 0 ? time : std::max(max_time_, time);
    ++count_;
    const auto delta =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(new_base_));
    writer_.varint(static_cast<std::int64_t>(1 + bytes::varint_size(delta) + rest.size()));
    writer_.u8(attributes);
    writer_.varint(delta);
    writer_.raw(rest);
    return true;
  }
  std::int32_t count() const { return count_; }
  std::int64_t max_time() const { return max_time_; }

 private:
  std::int64_t old_base_;
  std::int64_t new_base_;
  bytes::Writer writer_;
  std::int32_t count_ = 0;
  std::int64_t max_time_ = -1;
};

}  // namespace

Result<bytes::ByteVector> filter_batch(const BatchHeader& header, bytes::ByteView batch, bytes::ByteView records,
                                       const std::vector<bool>& keep, std::optional<base::Timestamp> delete_horizon) {
  const base::Timestamp new_base = delete_horizon.value_or(header.base_timestamp);
  bytes::ByteVector kept;
  RecordFilter filter(header.base_timestamp.value, new_base.value, kept);
  bytes::Reader in(records);
  for (const bool one : keep) {
    if (!filter.next(in, one)) return base::fail(ModelErrc::bad_record, "damaged record");
  }
  MILLRACE_ASSERT(filter.count() > 0, "nothing stays of the batch");
  if (header.compression() != bytes::Compression::none) {
    auto compressed = bytes::compress(header.compression(), kept);
    if (!compressed.has_value()) return base::fail(ModelErrc::bad_record, compressed.error().detail);
    kept = std::move(*compressed);
  }
  bytes::ByteVector made(batch.begin(), batch.begin() + kBatchHeaderSize);
  bytes::Writer out(made);
  out.raw(kept);
  if (made.size() > kMaxBatchSize) return base::fail(ModelErrc::too_large, "the batch would grow");
  const std::uint16_t horizon = delete_horizon.has_value() ? BatchHeader::kDeleteHorizon : 0;
  out.patch_be<std::int32_t>(kLengthAt, static_cast<std::int32_t>(made.size() - 12));
  out.patch_be<std::uint16_t>(kAttributesAt, header.attributes | horizon);
  out.patch_be<std::int64_t>(kBaseTimestampAt, new_base.value);
  if (!header.log_append_time()) out.patch_be<std::int64_t>(kMaxTimestampAt, filter.max_time());
  out.patch_be<std::int32_t>(kCountAt, filter.count());
  out.patch_be<std::uint32_t>(kCrcAt, bytes::crc32c(bytes::ByteView(made).subspan(kAttributesAt)));
  return made;
}

}  // namespace millrace::model

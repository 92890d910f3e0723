#include "base/assert.h"
#include "model/batch.h"
#include "model/batch_filter.h"
#include "model/envelope.h"

namespace {

using namespace millrace;

/// Every second record stays: what is made of the rest is a whole batch.
void filter(const model::BatchHeader& header, bytes::ByteView batch, bytes::ByteView records, std::size_t count) {
  if (count == 0) return;
  std::vector<bool> keep(count);
  for (std::size_t i = 0; i < count; i += 2) keep[i] = true;
  const auto made = model::filter_batch(header, batch, records, keep, base::Timestamp(5));
  if (!made.has_value()) return;
  const auto again = model::parse_batch_header(*made);
  MILLRACE_ASSERT(again.has_value() && again->total_size() == made->size());
  MILLRACE_ASSERT(model::batch_checksum_matches(*made) && again->has_delete_horizon());
  MILLRACE_ASSERT(again->record_count == static_cast<std::int32_t>((count + 1) / 2));
}

}  // namespace

// Any bytes are refused or walked to the end without reading outside them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes::ByteView input(data, size);
  (void)model::validate_client_batch(input, base::kib(256));
  (void)model::parse_envelope(input);
  if (const auto header = model::parse_batch_header(input); header.has_value()) {
    bytes::ByteVector scratch;
    const auto records = model::records_of(*header, input.first(header->total_size()), scratch, base::kib(256));
    if (records.has_value()) {
      model::RecordCursor cursor(*records, header->record_count);
      model::RecordView record;
      std::size_t count = 0;
      while (cursor.next(record)) {
        ++count;
        model::HeaderCursor headers(record);
        model::HeaderView one;
        while (headers.next(one)) {
        }
      }
      filter(*header, input, *records, count);
    }
  }
  return 0;
}

#include "model/batch.h"
#include "model/envelope.h"

// Any bytes are refused or walked to the end without reading outside them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  const bytes::ByteView input(data, size);
  (void)model::validate_client_batch(input, base::kib(256));
  (void)model::parse_envelope(input);
  if (const auto header = model::parse_batch_header(input); header.has_value()) {
    bytes::ByteVector scratch;
    const auto records = model::records_of(*header, input.first(header->total_size()), scratch, base::kib(256));
    if (records.has_value()) {
      model::RecordCursor cursor(*records, header->record_count);
      model::RecordView record;
      while (cursor.next(record)) {
        model::HeaderCursor headers(record);
        model::HeaderView one;
        while (headers.next(one)) {
        }
      }
    }
  }
  return 0;
}

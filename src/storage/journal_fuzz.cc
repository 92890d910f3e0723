// Any bytes may stand in a journal file: scanning and decoding them must neither crash nor read beyond their end.

#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "storage/journal_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::storage;
  const millrace::bytes::ByteView input(data, size);
  (void)decode_file_header(input);
  JournalScanner scanner(input, 1);
  ScannedRound round;
  while (scanner.next(round)) {
    for (const EntryView& entry : round.entries) {
      if (const auto batch = decode_batch_append(entry.payload)) (void)restore_batch(*batch);
    }
  }
  // Checksums keep a fuzzer out of the decoders of payloads: they get the input as it is.
  if (const auto batch = decode_batch_append(input)) (void)restore_batch(*batch);
  if (const auto meta = decode_log_meta(input)) {
    millrace::bytes::ByteVector again;
    encode_log_meta(*meta, again);
    MILLRACE_ASSERT(meta->epochs.empty() || again.size() <= size, "re-encoding grew");
  }
  (void)decode_log_flushed(input);
  (void)decode_log_unflushed(input);
  (void)decode_state_entry(input);
  (void)decode_state_dropped(input);
  (void)decode_log_trim(input);
  (void)decode_log_deleted(input);
  (void)decode_recovery_mark(input);
  (void)decode_round_record(input);
  return 0;
}

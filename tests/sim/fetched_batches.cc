#include "fetched_batches.h"

#include <algorithm>
#include <set>
#include <vector>

#include "model/batch.h"
#include "model/marker.h"

namespace millrace::simtest {

void take_batches(Oracle& oracle, bytes::ByteView fetched, std::span<const AbortedFrom> aborted, std::int64_t& next,
                  const std::function<void(std::int64_t offset, bytes::ByteView value)>& take) {
  std::vector<AbortedFrom> to_come(aborted.begin(), aborted.end());
  std::ranges::sort(to_come, std::ranges::greater(), &AbortedFrom::first);
  std::set<std::int64_t> hidden;
  while (fetched.size() >= model::kBatchHeaderSize) {
    const auto header = model::parse_batch_header(fetched);
    if (!header.has_value()) break;  // the last one may be cut
    const bytes::ByteView batch = fetched.first(header->total_size());
    fetched = fetched.subspan(batch.size());
    if (!model::batch_checksum_matches(batch)) return oracle.fail("a fetched batch has a wrong checksum");
    while (!to_come.empty() && to_come.back().first <= header->last_offset().value) {
      hidden.insert(to_come.back().producer);
      to_come.pop_back();
    }
    if (header->control()) {
      if (const auto marker = model::read_marker(batch); marker.has_value()) hidden.erase(marker->producer_id);
    } else if (!header->transactional() || !hidden.contains(header->producer_id)) {
      model::RecordCursor cursor(batch.subspan(model::kBatchHeaderSize), header->record_count);
      model::RecordView record;
      while (cursor.next(record)) {
        const std::int64_t offset = header->base_offset.value + record.offset_delta;
        if (offset >= next) take(offset, record.value);
      }
      if (cursor.damaged()) return oracle.fail("a fetched batch is damaged");
    }
    next = std::max(next, header->last_offset().value + 1);
  }
}

}  // namespace millrace::simtest

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "broker/types.h"
#include "bytes/slab.h"
#include "bytes/view.h"

namespace millrace::broker {

/// What some queues must know of a record when it comes in.
struct RecordTraits {
  std::int32_t offset_delta = 0;
  std::uint64_t body_bytes = 0;
  std::optional<std::uint8_t> priority;
  std::optional<Millis> time_to_live;
};

/// Fills `traits` with the records of a batch, in order. What cannot be read has none.
void read_traits(bytes::ByteView batch, std::vector<RecordTraits>& traits);

/// A batch with those records of `batch` whose `keep` is true, at least one. `batch` is one that a publisher built:
/// without a producer's sequence, not compressed.
bytes::Slab keep_records(bytes::ByteView batch, const std::vector<bool>& keep);

}  // namespace millrace::broker

#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "bytes/view.h"
#include "oracle.h"

namespace millrace::simtest {

/// A transaction of `producer` that was aborted, with records from `first` on.
struct AbortedFrom {
  std::int64_t producer;
  std::int64_t first;
};

/// Goes through what a fetch brought, from the offset `next` on, as clients do: without markers and without what was
/// aborted. `next` becomes the offset to go on with.
void take_batches(Oracle& oracle, bytes::ByteView fetched, std::span<const AbortedFrom> aborted, std::int64_t& next,
                  const std::function<void(std::int64_t offset, bytes::ByteView value)>& take);

}  // namespace millrace::simtest

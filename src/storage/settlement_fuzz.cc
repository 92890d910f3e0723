#include "storage/settlement.h"

#include "base/assert.h"

// Any bytes are refused, or give a state that survives being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  const auto first = storage::Settlement::decode(bytes::ByteView(data, size));
  if (!first.has_value()) return 0;
  bytes::ByteVector encoded;
  first->encode(encoded);
  const auto second = storage::Settlement::decode(encoded);
  MILLRACE_ASSERT(second.has_value() && *first == *second);
  MILLRACE_ASSERT(first->any_unsettled(first->floor(), first->floor()));
  return 0;
}

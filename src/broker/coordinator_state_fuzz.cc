#include "base/assert.h"
#include "broker/coordinator_state.h"

// Any bytes are refused, or give a state that survives being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  broker::CoordinatorState first;
  if (!first.load_snapshot(bytes::ByteView(data, size))) return 0;
  bytes::ByteVector saved;
  first.save_snapshot(saved);
  broker::CoordinatorState second;
  MILLRACE_ASSERT(second.load_snapshot(saved));
  bytes::ByteVector again;
  second.save_snapshot(again);
  MILLRACE_ASSERT(saved == again);
  const auto records = second.records();
  for (const auto& [name, record] : records) (void)second.remove(name);
  MILLRACE_ASSERT(second.records().empty() && second.deadlines().empty());
  return 0;
}

#include "base/assert.h"
#include "broker/move_state.h"

// Any bytes, as a snapshot or as a command, are refused, or give a state that survives being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  const bytes::ByteView input(data, size);
  for (const bool snapshot : {true, false}) {
    broker::MoveState first;
    if (!(snapshot ? first.load_snapshot(input) : first.apply(input))) continue;
    bytes::ByteVector saved;
    first.save_snapshot(saved);
    broker::MoveState second;
    MILLRACE_ASSERT(second.load_snapshot(saved));
    bytes::ByteVector again;
    second.save_snapshot(again);
    MILLRACE_ASSERT(saved == again);
    for (const auto& entry : first.entries()) second.remove_source(entry.first);
    MILLRACE_ASSERT(second.entries().empty());
  }
  return 0;
}

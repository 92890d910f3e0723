#include "base/assert.h"
#include "broker/group_state.h"

// Any bytes are refused, or give a state that survives being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  broker::GroupState first;
  if (!first.load_snapshot(bytes::ByteView(data, size))) return 0;
  bytes::ByteVector saved;
  first.save_snapshot(saved);
  broker::GroupState second;
  MILLRACE_ASSERT(second.load_snapshot(saved));
  bytes::ByteVector again;
  second.save_snapshot(again);
  MILLRACE_ASSERT(saved == again);
  for (const model::ObjectId topic : second.topics()) (void)second.forget_topic(topic);
  MILLRACE_ASSERT(second.topics().empty());
  return 0;
}

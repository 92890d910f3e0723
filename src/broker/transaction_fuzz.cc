// Input: a snapshot of the state of transactions. What can be read must be written the same way twice.
#include "base/assert.h"
#include "broker/transaction_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  broker::TransactionState state;
  if (!state.load_snapshot(bytes::ByteView(data, size))) return 0;
  bytes::ByteVector saved;
  state.save_snapshot(saved);
  broker::TransactionState again;
  MILLRACE_ASSERT(again.load_snapshot(saved), "a saved state cannot be loaded");
  bytes::ByteVector second;
  again.save_snapshot(second);
  MILLRACE_ASSERT(second == saved, "a state changes when it is saved and loaded");
  return 0;
}

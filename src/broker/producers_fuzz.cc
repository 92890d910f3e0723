#include "base/assert.h"
#include "broker/producers.h"

// Any bytes are refused, or give a state that survives being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  broker::Producers first;
  if (!first.load_snapshot(bytes::ByteView(data, size))) return 0;
  bytes::ByteVector saved;
  first.save_snapshot(saved);
  broker::Producers second;
  MILLRACE_ASSERT(second.load_snapshot(saved));
  bytes::ByteVector again;
  second.save_snapshot(again);
  MILLRACE_ASSERT(saved == again);
  for (const model::LogId log : second.logs()) {
    for (const auto& range : second.aborted(log, model::Offset(0), model::Offset(INT64_MAX))) {
      (void)second.is_aborted(log, range.producer, range.first);
    }
    (void)second.undecided_from(log, model::Offset(0));
    second.forget_log(log);
  }
  MILLRACE_ASSERT(second.logs().empty());
  return 0;
}

// Input: a message set of magic 0 or 1.
#include "wire/kafka/legacy_message_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  const wire::kafka::LegacyLimits limits{.max_decompressed = base::kib(256), .max_messages = 10'000};
  const auto set = wire::kafka::decode_legacy_message_set(bytes::ByteView(data, size), limits);
  if (!set) return 0;
  // Touches every byte that is handed out, so that the sanitizers see a view that leads outside.
  std::uint64_t sum = 0;
  for (const auto& message : set->messages) {
    for (const auto& view : {message.key, message.value}) {
      for (const std::uint8_t byte : view.value_or(bytes::ByteView{})) sum += byte;
    }
  }
  [[maybe_unused]] const volatile std::uint64_t kept = sum;
  return 0;
}

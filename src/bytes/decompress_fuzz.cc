// First byte: the codec. The rest must decompress within the limit or fail; what it yields must survive a round trip.
#include <cstdlib>

#include "bytes/compression.h"

namespace {

constexpr millrace::base::Bytes kLimit = millrace::base::kib(256);

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::bytes;
  if (size == 0) return 0;
  const auto codec = static_cast<Compression>(data[0] % 6);
  const auto output = decompress(codec, ByteView(data, size).subspan(1), kLimit);
  if (!output.has_value()) return 0;
  if (output->size() > kLimit.value) std::abort();
  const auto packed = compress(codec, *output);
  if (!packed.has_value()) std::abort();
  const auto again = decompress(codec, *packed, kLimit);
  if (!again.has_value() || *again != *output) std::abort();
  return 0;
}

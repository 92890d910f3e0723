// A target with a planted bug. The runner demands that it is found: a harness that cannot see a failure proves nothing.
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

/// Reads one byte past the end when the input is "MQ" and a length byte that is a lie, as a careless decoder would.
int careless_decode(const std::vector<std::uint8_t>& input) {
  if (input.size() < 3 || input[0] != 'M' || input[1] != 'Q') return 0;
  const std::size_t claimed = input[2];
  int sum = 0;
  for (std::size_t i = 0; i < claimed; ++i) sum += *(input.data() + 3 + i);
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The copy's capacity is its size, so that the sanitizer sees the first byte that is too much.
  const std::vector<std::uint8_t> input(data, data + size);
  return careless_decode(input) < 0 ? -1 : 0;
}

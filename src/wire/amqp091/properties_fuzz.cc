// A property block that decodes must encode to itself.
#include <cstdlib>

#include "wire/amqp091/properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  using namespace millrace::wire::amqp091;
  const bytes::ByteView block(data, size);
  const auto properties = BasicProperties::decode(block);
  if (!properties.has_value()) return 0;
  bytes::ByteVector encoded;
  bytes::Writer writer(encoded);
  properties->encode(writer);
  if (!bytes::equal(encoded, block)) std::abort();
  return 0;
}

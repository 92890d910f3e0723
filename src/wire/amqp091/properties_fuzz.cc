// A property block that decodes must encode to itself, and can take one more header.
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
  bytes::ByteVector more;
  append_with_header_entry(more, block, "x-more", 7);
  const auto again = BasicProperties::decode(more);
  if (!again.has_value() || again->headers->find("x-more")->as_int() != 7) std::abort();
  return 0;
}

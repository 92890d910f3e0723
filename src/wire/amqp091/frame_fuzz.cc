// The input is a stream of frames from a peer. Every method that decodes must encode to as many bytes and mean the same
// when read again; every property block that decodes must encode to itself.
#include <cstdlib>

#include "wire/amqp091/frame.h"
#include "wire/amqp091/generated/visit_method.h"
#include "wire/amqp091/methods.h"
#include "wire/amqp091/properties.h"

namespace {

using namespace millrace;
using namespace millrace::wire::amqp091;

void check(bool condition) {
  if (!condition) std::abort();
}

template <class M>
void check_method(bytes::Reader in) {
  const std::size_t size = in.remaining();
  const auto method = M::decode(in);
  if (!method.has_value()) return;
  bytes::ByteVector encoded;
  bytes::Writer writer(encoded);
  method->encode(writer);
  check(encoded.size() == size);
  bytes::Reader again(encoded);
  const auto second = M::decode(again);
  check(second.has_value() && *second == *method);
}

void check_header(bytes::ByteView payload) {
  const auto header = ContentHeader::decode(payload);
  if (!header.has_value()) return;
  const auto properties = BasicProperties::decode(header->property_block);
  if (!properties.has_value()) return;
  bytes::ByteVector encoded;
  bytes::Writer writer(encoded);
  properties->encode(writer);
  check(bytes::equal(encoded, header->property_block));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bytes::ByteView rest(data, size);
  (void)parse_protocol_header(rest);
  for (;;) {
    const FrameParse parsed = parse_frame(rest, kFrameMinSize);
    if (parsed.status == FrameStatus::malformed) return 0;
    if (parsed.status == FrameStatus::need_more) {
      check(parsed.needed > rest.size() && parsed.needed <= kFrameMinSize);
      return 0;
    }
    check(parsed.frame.size == parsed.frame.payload.size() + kFrameOverhead && parsed.frame.size <= rest.size());
    if (parsed.frame.type == FrameType::method) {
      bytes::Reader in(parsed.frame.payload);
      const Method method = read_method(in);
      if (in.ok()) visit_method(method, [&in]<class M>(std::type_identity<M>) { check_method<M>(in); });
    } else if (parsed.frame.type == FrameType::header) {
      check_header(parsed.frame.payload);
    }
    rest = rest.subspan(parsed.frame.size);
  }
}

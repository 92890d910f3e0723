#include "gateway/amqp091/native_block.h"

#include "wire/amqp091/arguments.h"

namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

std::optional<NativeBlock> NativeBlock::parse(bytes::ByteView block) {
  bytes::Reader in(block);
  NativeBlock result;
  result.exchange = wire::read_shortstr(in);
  result.routing_key = wire::read_shortstr(in);
  result.properties = in.rest();
  if (!in.ok() || result.properties.size() < sizeof(std::uint16_t)) return std::nullopt;
  return result;
}

void NativeBlock::append_to(bytes::ByteVector& out) const {
  bytes::Writer writer(out);
  std::uint8_t* to = writer.grow(wire::shortstr_size(exchange) + wire::shortstr_size(routing_key));
  to = wire::put_shortstr(to, exchange);
  wire::put_shortstr(to, routing_key);
  writer.raw(properties);
}

}  // namespace millrace::gateway::amqp091

#pragma once

#include "wire/amqp091/generated/access.h"
#include "wire/amqp091/generated/basic.h"
#include "wire/amqp091/generated/channel.h"
#include "wire/amqp091/generated/confirm.h"
#include "wire/amqp091/generated/connection.h"
#include "wire/amqp091/generated/exchange.h"
#include "wire/amqp091/generated/queue.h"
#include "wire/amqp091/generated/tx.h"

// The methods of AMQP 0-9-1 with RabbitMQ's extensions, a struct for each, for both directions. Their common members:
//
//   kMethod, kClassId, kMethodId, kName ("basic.publish"), kSynchronous, kHasContent
//   static Decoded<Struct> decode(bytes::Reader&)  reads the arguments, which must fill the rest of the input. Texts
//   and
//                                                  tables are views into it. Tables are validated. Allocates nothing.
//   size_t encoded_size(), uint8_t* put(uint8_t*)  size of the arguments, and writing them into that much room
//   void encode(bytes::Writer&)                    appends the arguments
//   static void fields(self, visit)                visit(name, field) for each argument in wire order
//
// Writing asserts that short strings have at most 255 bytes; reply_text and reason are cut instead.
namespace millrace::wire::amqp091 {

/// Reads the class and method ids that begin a method frame's payload; the reader then stands at the arguments.
/// A cut payload fails `in`. The value need not be one of the enumerators: switch with a default.
inline Method read_method(bytes::Reader& in) {
  return static_cast<Method>(in.u32());
}

constexpr std::uint16_t class_id_of(Method method) {
  return static_cast<std::uint16_t>(static_cast<std::uint32_t>(method) >> 16);
}
constexpr std::uint16_t method_id_of(Method method) {
  return static_cast<std::uint16_t>(static_cast<std::uint32_t>(method) & 0xFFFF);
}

/// Such as "basic.publish"; empty for no method of the protocol.
std::string_view name_of(Method method);

}  // namespace millrace::wire::amqp091
